"""Posts are checked by services on the network in the background: once, whoever dies, hangs or lies."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from functools import partial

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from comments.events.waking import LOOK_SECONDS
from comments.models import Check, HeldFor, Post, Site, SiteRules
from comments.moderation import checking
from comments.moderation.checking import Checker, carry_out, take
from comments.moderation.services import approve_post, hide_post
from comments.screening.submission import Outcome, Verdict
from comments.sites.services import create_site
from tests import servers, services
from tests.cast import ORIGIN, Page, Person, page_of
from tests.conftest import WaitUntil
from tests.services import Service

LATER = timedelta(minutes=10)


@pytest.fixture(autouse=True)
def near(monkeypatch: pytest.MonkeyPatch) -> None:
    """Services on this machine may be asked, and have little time."""
    monkeypatch.setenv("KIBITZ_EXTERNAL_MAY_BE_PRIVATE", "1")
    monkeypatch.setattr("comments.screening.external.check.__kwdefaults__", {"timeout_seconds": 0.5})


@pytest.fixture
def service() -> Iterator[Service]:
    with services.service(services.says("pass")) as found:
        yield found


def checked_site(key: str, url: str, *others: str) -> Site:
    """A site whose posts go to the service at `url`."""
    site = create_site(key, origins=[ORIGIN])
    Site.objects.filter(pk=site.pk).update(max_posts_per_minute=0)
    names = ["external", *others]
    SiteRules.objects.create(
        site=site, external_url=url, phases=[{"phase": name, "is_on": True} for name in names]
    )
    return site


@pytest.fixture
def page(db: None, service: Service) -> Page:
    return page_of(checked_site("checked", service.url))


def check_now(at: Callable[[], datetime] = timezone.now) -> int:
    """Carries out what is due, here; how much that was."""
    taken = take(at(), room=100)
    for check in taken:
        carry_out(check, now=at)
    return len(taken)


def status_of(post_id: int) -> str:
    return Post.objects.get(pk=post_id).status


def is_public(post_id: int) -> bool:
    return status_of(post_id) == "published"


def reasons_of(post_id: int) -> list[tuple[str, str]]:
    return list(HeldFor.objects.filter(post=post_id).values_list("phase", "reason"))


def _running() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("check-")]


@contextmanager
def checkers(count: int = 1) -> Iterator[None]:
    stopping = threading.Event()
    threads = [threading.Thread(target=Checker().run, args=[stopping]) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join(10)
            assert not thread.is_alive()
        servers.wait_until(lambda: not _running(), message="the end of the checks")


def test_a_post_waits_unseen_and_is_public_when_the_service_passes_it(
    alice: Person, bob: Person, service: Service
) -> None:
    answer = alice.post("Hello.")

    assert (answer.status, answer.data["status"]) == (201, "pending")
    assert bob.snapshot().data["posts"] == []
    assert service.asked == []  # nothing on the network while somebody waits
    assert check_now() == 1
    [shown] = bob.snapshot().data["posts"]
    assert (shown["id"], shown["status"]) == (answer.data["id"], "published")
    assert [event["type"] for event in bob.events(after=0).data["events"]] == ["post.approved"]
    assert not Check.objects.exists()
    assert reasons_of(answer.data["id"]) == []
    assert service.asked[0].json["submission"]["post"] == answer.data["id"]
    assert service.asked[0].json["submission"]["address"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("outcome", "status"),
    [(Outcome.HOLD, "pending"), (Outcome.SPAM, "spam"), (Outcome.REJECT, "hidden")],
)
def test_what_the_service_says_is_done_and_its_reason_kept(
    alice: Person, bob: Person, service: Service, outcome: Outcome, status: str
) -> None:
    service.behaviour = services.says(outcome.value, "Pills.")
    post_id = alice.posted("Buy pills.")

    check_now()

    assert status_of(post_id) == status
    [(phase, reason)] = reasons_of(post_id)
    assert phase == "external"
    assert "Pills." in reason
    assert not Check.objects.exists()
    assert bob.snapshot().data["posts"] == []


@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        (services.answers("<html>"), "answered no JSON"),
        (services.answers('{"outcome": "fine"}'), 'answered no "outcome"'),
        (services.answers("", "302 Found", Location="/"), "a redirect (302)"),
        (services.floods(b"HTTP/1.1 200 OK\r\n\r\n"), "answered more than 64 KiB"),
    ],
    ids=["no json", "no outcome", "redirect", "10 MB"],
)
def test_a_service_that_lies_holds_and_is_named(
    alice: Person, service: Service, behaviour: services.Behaviour, fault: str
) -> None:
    service.behaviour = behaviour
    post_id = alice.posted("Hello.")

    check_now()

    assert status_of(post_id) == "pending"
    [(_, reason)] = reasons_of(post_id)
    assert fault in reason
    assert not Check.objects.exists()  # a moderator's now


@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        (services.hangs, "did not answer within 0.5 s"),
        (services.drips(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + b" " * 99), "did not answer"),
        (services.answers("", "500 Oops"), "answered 500"),
    ],
    ids=["hangs", "drips", "500"],
)
def test_a_service_out_of_order_is_asked_again_and_then_holds(
    alice: Person, service: Service, behaviour: services.Behaviour, fault: str
) -> None:
    service.behaviour = behaviour
    post_id = alice.posted("Hello.")

    check_now()

    assert status_of(post_id) == "pending"
    assert fault in reasons_of(post_id)[0][1]
    assert check_now() == 0  # not at once
    check_now(lambda: timezone.now() + LATER)
    assert Check.objects.exists()
    check_now(lambda: timezone.now() + 2 * LATER)
    assert not Check.objects.exists()
    assert len(service.asked) == 3
    assert len(reasons_of(post_id)) == 1


def test_a_service_that_recovers_has_the_post_shown_after_all(alice: Person, service: Service) -> None:
    service.behaviour = services.answers("", "503 Away")
    post_id = alice.posted("Hello.")
    check_now()
    service.behaviour = services.says("pass")

    check_now(lambda: timezone.now() + LATER)

    assert status_of(post_id) == "published"


def test_what_another_phase_holds_is_not_sent_anywhere(alice: Person, service: Service, db: None) -> None:
    SiteRules.objects.update(
        phases=[{"phase": name, "is_on": True} for name in ("links", "external")], max_links=0
    )
    post_id = alice.posted("See https://a.example/")

    assert check_now() == 0
    assert status_of(post_id) == "pending"


def test_a_phase_without_an_address_is_off(alice: Person, db: None) -> None:
    SiteRules.objects.update(external_url="")

    assert alice.post("Hello.").data["status"] == "published"


def test_akismet_is_asked_where_its_key_is_set(
    alice: Person, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIBITZ_AKISMET_URL", service.url)
    SiteRules.objects.update(phases=[{"phase": "akismet", "is_on": True}], akismet_key="abc")
    service.behaviour = services.answers("true")
    post_id = alice.posted("Buy pills.")

    check_now()

    assert [phase for phase, _ in reasons_of(post_id)] == ["akismet"]
    assert service.asked[0].line.startswith("POST /check/comment-check")


@pytest.mark.parametrize("decide", [approve_post, hide_post])
def test_a_moderator_who_decides_meanwhile_is_not_overruled(
    alice: Person, service: Service, decide: Callable[..., bool]
) -> None:
    service.behaviour = services.says("hold")
    post_id = alice.posted("Hello.")
    [check] = take(timezone.now(), room=1)
    decide(Post.objects.get(pk=post_id), now=timezone.now())
    decided = status_of(post_id)

    carry_out(check)

    assert status_of(post_id) == decided
    assert not Check.objects.exists()


def test_one_who_decides_while_the_service_thinks_is_not_overruled(alice: Person, service: Service) -> None:
    post_id = alice.posted("Hello.")
    [check] = take(timezone.now(), room=1)
    said = checking.Said(Verdict(Outcome.PASS, ""))
    hide_post(Post.objects.get(pk=post_id), now=timezone.now())

    assert not checking.settle(check, "Hello.", said, now=timezone.now())
    assert status_of(post_id) == "hidden"


def test_an_edit_while_the_service_thinks_is_checked_by_itself(alice: Person, service: Service) -> None:
    post_id = alice.posted("Hello.")
    [check] = take(timezone.now(), room=1)
    said = checking.Said(Verdict(Outcome.PASS, ""))
    assert alice.edit(post_id, "Buy pills.").status == 200

    assert not checking.settle(check, "Hello.", said, now=timezone.now())

    assert status_of(post_id) == "pending"
    service.behaviour = services.says("spam", "Pills.")
    check_now()
    assert service.asked[-1].json["submission"]["body"] == "Buy pills."
    assert "Pills." in reasons_of(post_id)[0][1]


def test_an_edit_that_another_phase_holds_is_not_shown_by_the_service(
    alice: Person, service: Service
) -> None:
    SiteRules.objects.update(
        phases=[{"phase": name, "is_on": True} for name in ("links", "external")], max_links=0
    )
    post_id = alice.posted("Hello.")
    alice.edit(post_id, "See https://a.example/")

    check_now()

    assert status_of(post_id) == "pending"


def test_a_public_post_that_is_edited_stays_until_the_service_objects(
    alice: Person, bob: Person, service: Service
) -> None:
    post_id = alice.posted("Hello.")
    check_now()

    alice.edit(post_id, "Hello, all.")
    assert bob.snapshot().data["posts"][0]["html"] == "<p>Hello, all.</p>"
    check_now()
    assert status_of(post_id) == "published"
    service.behaviour = services.says("hold", "Pills.")
    alice.edit(post_id, "Buy pills.")
    check_now()

    assert status_of(post_id) == "pending"
    assert "pills" not in str(bob.snapshot().data)
    assert service.asked[-1].json["submission"]["kind"] == "edit"


def test_an_edit_is_withdrawn_while_the_service_is_away_and_comes_back(
    alice: Person, service: Service
) -> None:
    post_id = alice.posted("Hello.")
    check_now()
    service.behaviour = services.answers("", "500 Oops")
    alice.edit(post_id, "Hello, all.")

    check_now()
    assert status_of(post_id) == "pending"
    service.behaviour = services.says("pass")
    check_now(lambda: timezone.now() + LATER)

    assert status_of(post_id) == "published"


def test_a_post_that_its_author_deletes_is_not_sent(alice: Person, service: Service) -> None:
    post_id = alice.posted("Hello.")
    alice.delete(post_id)

    check_now()

    assert service.asked == []
    assert not Check.objects.exists()


def test_what_a_dead_worker_took_is_taken_again(alice: Person, service: Service) -> None:
    post_id = alice.posted("Hello.")
    [taken] = take(timezone.now(), room=1)  # and then it dies

    assert take(timezone.now(), room=1) == []
    late = timezone.now() + checking.LEASE + timedelta(seconds=1)
    [again] = take(late, room=1)
    carry_out(again)
    carry_out(taken)  # it was only slow

    assert status_of(post_id) == "published"
    assert len(service.asked) == 1


def test_the_same_draft_sent_twice_is_checked_once(alice: Person, service: Service) -> None:
    key = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
    first = alice.post("Hello.", idempotency_key=key)
    again = alice.post("Hello.", idempotency_key=key)

    assert first.data["id"] == again.data["id"]
    assert check_now() == 1


def test_no_site_takes_all_the_room(db: None, service: Service) -> None:
    pages = [page_of(checked_site(key, service.url)) for key in ("busy", "quiet")]
    busy, quiet = (Person("alice", page) for page in pages)
    for number in range(checking.AT_ONCE_OF_SITE + 2):
        busy.posted(f"Number {number}.")
    quiet.posted("Hello.")

    taken = take(timezone.now(), room=checking.AT_ONCE)

    assert sorted(Site.objects.get(pk=check.site_id).key for check in taken) == ["busy"] * 4 + ["quiet"]


@pytest.fixture
def shared_site(shared_database: None, service: Service) -> Site:
    return checked_site("shared", service.url)


def test_a_worker_is_woken_by_the_post(shared_site: Site, service: Service, wait_until: WaitUntil) -> None:
    alice = Person("alice", page_of(shared_site))
    with checkers():
        post_id = alice.posted("First.")
        wait_until(lambda: status_of(post_id) == "published", message="the first post's check")
        times = []
        for number in range(5):
            post_id = alice.posted(f"Number {number}.")
            began = time.monotonic()
            wait_until(partial(is_public, post_id), message="the check")
            times.append(time.monotonic() - began)

    assert min(times) < LOOK_SECONDS / 4, times  # by itself it would look every two seconds


def test_without_redis_a_worker_looks_by_itself(
    shared_site: Site, no_redis: None, wait_until: WaitUntil
) -> None:
    alice = Person("alice", page_of(shared_site))
    with checkers():
        post_id = alice.posted("Hello.")

        wait_until(lambda: status_of(post_id) == "published", message="the check")


def test_two_workers_check_each_post_once(shared_site: Site, service: Service, wait_until: WaitUntil) -> None:
    alice = Person("alice", page_of(shared_site))
    Site.objects.update(is_unlimited=False)
    ids = [alice.posted(f"Number {number}.") for number in range(9)]

    with checkers(2):
        wait_until(
            lambda: Post.objects.filter(pk__in=ids, status="published").count() == len(ids),
            seconds=20,
            message="all checks",
        )

    assert sorted(asked.json["submission"]["post"] for asked in service.asked) == ids


def test_a_service_that_hangs_holds_up_nobody_elses_posts(
    shared_site: Site, service: Service, wait_until: WaitUntil, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comments.screening.external.check.__kwdefaults__", {"timeout_seconds": 20})
    with ExitStack() as stack:
        hanging = stack.enter_context(services.service(services.hangs))
        slow = Person("mallory", page_of(checked_site("slow", hanging.url)))
        alice = Person("alice", page_of(shared_site))
        stack.enter_context(checkers())
        for number in range(checking.AT_ONCE_OF_SITE + 3):
            slow.posted(f"Number {number}.")
        wait_until(lambda: len(hanging.asked) == checking.AT_ONCE_OF_SITE, message="a service that hangs")

        post_id = alice.posted("Hello.")

        wait_until(lambda: status_of(post_id) == "published", seconds=5, message="the other site's check")
        assert len(hanging.asked) == checking.AT_ONCE_OF_SITE
        hanging.end()  # or the checks would outlive the database


def test_the_queue_shows_a_moderator_what_waits(alice: Person, page: Page) -> None:
    post_id = alice.posted("Hello.")
    morgan = Person("morgan", page)
    morgan.client.force_login(get_user_model().objects.create_superuser("morgan"))

    assert morgan.look(post_id).data["status"] == "pending"


def test_a_sweeper_that_is_killed_loses_nothing(
    shared_site: Site,
    service: Service,
    sweep_process: Callable[[], "subprocess.Popen[bytes]"],
    wait_until: WaitUntil,
) -> None:
    service.behaviour = services.hangs
    post_id = Person("alice", page_of(shared_site)).posted("Hello.")
    first = sweep_process()
    wait_until(lambda: service.asked, seconds=20, message="the first sweeper's question")

    first.kill()
    first.wait()
    assert Check.objects.get().tries == 1
    service.behaviour = services.says("pass")
    Check.objects.update(next_try=timezone.now())  # the lease is over
    second = sweep_process()

    wait_until(lambda: is_public(post_id), seconds=20, message="the second sweeper's check")
    assert len(service.asked) == 2
    second.terminate()
    assert second.wait(10) == 0
