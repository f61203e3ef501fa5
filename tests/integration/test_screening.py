"""A site's rules: each phase, their order, and what becomes of posts and edits."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from comments.models import Author, Event, HeldFor, Post, Site, SiteRules, Thread
from comments.moderation.services import approve_post
from comments.posting import services, single_statement
from comments.screening.phases import PHASES
from comments.screening.pipeline import screen
from comments.screening.rules import Rules, arranged
from comments.screening.settings import Settings
from comments.screening.submission import Kind, Outcome, Submission, Verdict
from tests.cast import API, Person, page_of

pytestmark = pytest.mark.django_db

LONG = "This sentence is long enough to be nobody else's by accident."

SetRules = Callable[..., SiteRules]

# Those that say it by themselves; `proof` has the sender answer.
ALONE: Final = [name for name in PHASES if name != "proof"]


@pytest.fixture
def set_rules(limited_site: Site) -> SetRules:
    """`set_rules("words", "links", max_links=1)`: these phases are on, in this order."""

    def set_(*phases: str, **fields: Any) -> SiteRules:
        stored = [{"phase": name, "is_on": True} for name in phases]
        rules, _ = SiteRules.objects.update_or_create(
            site=limited_site, defaults={"phases": stored, **fields}
        )
        return rules

    return set_


@pytest.fixture
def writer(limited_site: Site) -> Person:
    return Person("alice", page_of(limited_site))


@pytest.fixture
def other(limited_site: Site) -> Person:
    return Person("bob", page_of(limited_site))


@pytest.fixture
def submitted(limited_site: Site) -> Callable[..., Submission]:
    def make(**but: Any) -> Submission:
        author = but.pop("author", Author(site=limited_site, name="alice"))
        told: dict[str, Any] = {
            "kind": Kind.POST,
            "site": limited_site,
            "thread_key": "a" * 26,
            "page_url": "https://blog.example.org/",
            "author": author,
            "name": "alice",
            "email": "",
            "body": "Hello.",
            "now": timezone.now(),
        }
        return Submission(**(told | but))

    return make


def run(phase: str, submission: Submission, **fields: Any) -> Verdict:
    """One phase alone."""
    return PHASES[phase].run(submission, Settings(SiteRules(**fields)))


def reasons(post_id: int) -> list[tuple[str, str, str]]:
    return list(HeldFor.objects.filter(post=post_id).order_by("pk").values_list("phase", "outcome", "reason"))


# Phases


@pytest.mark.parametrize(("trap", "outcome"), [("", "pass"), ("https://x.example", "spam")])
def test_trap(submitted: Callable[..., Submission], trap: str, outcome: str) -> None:
    assert run("trap", submitted(trap=trap)).outcome == outcome


@pytest.mark.parametrize(
    ("seconds", "outcome"), [(None, "pass"), (0.5, "hold"), (-7.0, "hold"), (3.0, "pass")]
)
def test_timing(submitted: Callable[..., Submission], seconds: float | None, outcome: str) -> None:
    verdict = run("timing", submitted(seconds_open=seconds), min_seconds=3)

    assert verdict.outcome == outcome
    assert outcome == "pass" or verdict.reason.startswith(f"Written in {max(0, seconds or 0):.1f} s")


@pytest.mark.parametrize(
    ("sender", "reason"),
    [
        ({"email": "Mallory@spam.example"}, "The e-mail address is blocked (line 2)"),
        ({"author": Author(email="a@b.example")}, "The e-mail address is blocked (line 1)"),
        ({"address": "192.0.2.99"}, "The network address is blocked (line 2)"),
        ({"address": "2001:db8::1"}, "The network address is blocked (line 1)"),
        ({"email": "c@b.example", "address": "192.0.3.1"}, ""),
    ],
)
def test_blocked(submitted: Callable[..., Submission], sender: dict[str, Any], reason: str) -> None:
    verdict = run(
        "blocked",
        submitted(**sender),
        blocked_emails="a@b.example\n*@spam.example",
        blocked_addresses="2001:db8::/32\n192.0.2.0/24",
    )

    assert (verdict.outcome, verdict.reason) == ("reject" if reason else "pass", reason)


@pytest.mark.parametrize(
    ("told", "outcome", "reason"),
    [
        ({"body": "A **Cas**ino!"}, "hold", "Contains “casino” (held words, line 2)"),
        ({"body": "[x](https://casino.example)"}, "hold", "Contains “casino” (held words, line 2)"),
        ({"name": "Casino Royale"}, "hold", "Contains “casino” (held words, line 2)"),
        ({"body": "a slur and a casino"}, "reject", "Contains “slur” (refused words, line 1)"),
        ({"body": "buy cheap-pills"}, "hold", "An expression finds “cheap-pill” (held words, line 3)"),
        ({"body": "Nothing of it."}, "pass", ""),
    ],
)
def test_words(submitted: Callable[..., Submission], told: dict[str, str], outcome: str, reason: str) -> None:
    verdict = run("words", submitted(**told), rejected_words="slur", held_words="word\nCasino\n/cheap.?pill/")

    assert (verdict.outcome, verdict.reason) == (outcome, reason)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("https://a.example [b](https://b.example)", ""),
        ("https://a.example www.b.com <c@d.example>", "Has 3 links (at most 2 show at once)"),
        ("`https://a.example https://b.example https://c.example`", ""),
    ],
)
def test_links(submitted: Callable[..., Submission], body: str, reason: str) -> None:
    assert run("links", submitted(body=body), max_links=2).reason == reason


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ({"address": "192.0.2.1"}, {"address": "192.0.2.1"}, "from the same address"),
        ({"address": "2001:db8::1"}, {"address": "2001:db8::2"}, "from the same address"),
        ({"address": "192.0.2.1"}, {"address": "192.0.2.2"}, ""),
        ({"body": LONG}, {"body": LONG.upper() + "\u200b"}, "on this site"),
        ({"body": LONG}, {"body": LONG + " Or not."}, ""),
        ({"body": LONG}, {"body": LONG, "kind": Kind.EDIT}, ""),  # undoes an edit
        ({"body": LONG}, {"body": LONG, "kind": Kind.EDIT, "name": "bob"}, "on this site"),
    ],
)
def test_repeats(
    submitted: Callable[..., Submission], first: dict[str, Any], second: dict[str, Any], reason: str
) -> None:
    assert run("repeats", submitted(**first)).outcome == "pass"

    verdict = run("repeats", submitted(**second))

    assert verdict.reason == (f"The same text came {reason} within 60 minutes" if reason else "")


def test_repeats_of_one_author(submitted: Callable[..., Submission], limited_site: Site) -> None:
    alice = Author.objects.create(site=limited_site, name="alice")

    first, second = (run("repeats", submitted(author=alice, thread_key=key * 26)) for key in "ab")

    assert (first.outcome, second.outcome) == ("pass", "hold")
    assert "by the same author" in second.reason


@pytest.mark.usefixtures("no_redis")
def test_without_redis_nothing_is_a_repeat(submitted: Callable[..., Submission]) -> None:
    assert {run("repeats", submitted(body=LONG)).outcome for _ in range(3)} == {Outcome.PASS}


def test_first_posts(set_rules: SetRules, writer: Person, other: Person) -> None:
    set_rules("first_posts", first_posts=2)
    first, second = writer.posted("One."), writer.posted("Two.")
    held = [Post.objects.get(pk=pk).status for pk in (first, second)]
    for post_id in (first, second):
        approve_post(Post.objects.get(pk=post_id), now=timezone.now())

    third = writer.post("Three.").data

    assert held == ["pending", "pending"]
    assert third["status"] == "published"
    assert reasons(second) == [("first_posts", "hold", "A new author, with no approved comment so far")]
    assert other.post("Mine.").data["status"] == "pending"


def test_a_site_that_approves_first_says_so_to_its_moderators(limited_site: Site, writer: Person) -> None:
    limited_site.moderation = Site.Moderation.PRE
    limited_site.save()

    post_id = writer.posted()

    assert reasons(post_id) == [("mode", "hold", "The site shows nothing before a moderator has approved it")]


# All of them


def test_a_held_post_is_nobodys_but_its_authors(set_rules: SetRules, writer: Person, other: Person) -> None:
    set_rules("words", "links", held_words="casino", max_links=0)

    answer = writer.post("A casino: https://casino.example")

    assert (answer.status, answer.data["status"]) == (201, "pending")
    assert other.look(answer.data["id"]).code == "unknown_post"
    assert other.snapshot().data["posts"] == []
    assert not Event.objects.exists()
    assert [(phase, outcome) for phase, outcome, _ in reasons(answer.data["id"])] == [
        ("words", "hold"),
        ("links", "hold"),
    ]


def test_a_rejected_post_leaves_nothing_and_is_told_nothing(set_rules: SetRules, writer: Person) -> None:
    set_rules("links", "words", rejected_words="casino", max_links=0)

    answer = writer.post("A casino: https://casino.example")

    assert (answer.status, answer.code) == (403, "not_accepted")
    assert "casino" not in str(answer.data)
    assert not Post.objects.exists()
    assert not Author.objects.exists()
    assert not HeldFor.objects.exists()


def test_the_order_decides_and_the_first_that_rejects_ends_it(
    submitted: Callable[..., Submission], set_rules: SetRules
) -> None:
    submission = submitted(body="slur https://a.example", trap="filled")
    fields = {"rejected_words": "slur", "max_links": 0}

    last = screen(submission, Rules(set_rules("trap", "links", "words", **fields)))
    first = screen(submission, Rules(set_rules("words", "trap", "links", **fields)))

    assert (last.outcome, [each.phase for each in last.verdicts]) == ("reject", ["trap", "links", "words"])
    assert (first.outcome, [each.phase for each in first.verdicts]) == ("reject", ["words"])


def test_the_gravest_outcome_counts_and_every_reason_is_kept(
    submitted: Callable[..., Submission], set_rules: SetRules
) -> None:
    rules = Rules(set_rules("trap", "links", max_links=0))

    screening = screen(submitted(body="https://a.example", trap="filled"), rules)

    assert screening.outcome == Outcome.SPAM
    assert [each.outcome for each in screening.verdicts] == [Outcome.SPAM, Outcome.HOLD]


def test_a_phase_that_is_off_says_nothing(set_rules: SetRules, writer: Person) -> None:
    rules = set_rules("words", rejected_words="casino")
    rules.phases = [{"phase": "words", "is_on": False}]
    rules.save()

    assert writer.post("A casino.").data["status"] == "published"


def test_a_phase_that_fails_holds(
    set_rules: SetRules, writer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_rules("words", held_words="casino")
    monkeypatch.setattr("comments.screening.phases.words.searched", lambda _: 1 / 0)

    post_id = writer.posted("Nothing wrong.")

    assert reasons(post_id) == [("words", "hold", "“Words” failed; the log has the reason")]


def test_which_kinds_go_through_which_phases() -> None:
    def of(kind: Kind) -> set[str]:
        return {name for name, phase in PHASES.items() if kind in phase.kinds}

    assert of(Kind.POST) == set(PHASES)
    assert of(Kind.POST) - of(Kind.EDIT) == {"trap", "timing", "first_posts", "proof"}
    assert {"blocked", "words", "links"} <= of(Kind.IMPORT)
    assert not of(Kind.IMPORT) & {"trap", "timing", "first_posts", "repeats", "mode"}


@pytest.mark.parametrize(
    "nonsense",
    [
        None,
        7,
        "words",
        {"phase": "words"},
        [None, 1, "words", [], {}, {"phase": None}, {"phase": ["words"]}, {"phase": "gone", "is_on": True}],
        [{"phase": "words", "is_on": "yes"}, {"phase": "words", "is_on": True}],
    ],
)
def test_phases_that_are_nonsense_are_off(nonsense: object, limited_site: Site, writer: Person) -> None:
    SiteRules.objects.create(site=limited_site, phases=[], rejected_words="casino")
    if nonsense is None:  # JSON's null, which the column cannot hold as NULL
        SiteRules.objects.update(phases={"none": None})
    else:
        SiteRules.objects.update(phases=nonsense)

    assert writer.post("A casino.").data["status"] == "published"


def test_phases_are_arranged_once_each() -> None:
    stored = [
        {"phase": "links", "is_on": True},
        {"phase": "links", "is_on": False},
        {"phase": "mode", "is_on": False},
    ]

    order = arranged(stored)

    assert order[:3] == [("links", True), ("mode", True), ("trap", False)]
    assert {name for name, _ in order} == set(PHASES)
    assert len(order) == len(PHASES)


def test_lists_that_nobody_validated_are_used_as_far_as_they_go(set_rules: SetRules, writer: Person) -> None:
    set_rules(
        "words",
        "blocked",
        held_words="/(/\n" + "x" * 10_000 + "\n/(a+)+$/\ncasino",
        blocked_emails="nonsense",
        blocked_addresses="300.0.0.0/99",
    )

    assert writer.post("b" * 9_000).data["status"] == "published"
    assert writer.post("A casino.").data["status"] == "pending"


# Authors and threads


def trust(person: Person, trust: Author.Trust) -> None:
    """The author of the person's posts so far."""
    Author.objects.filter(name=person.name).update(trust=trust)


def test_a_trusted_author_is_refused_but_never_held(
    set_rules: SetRules, writer: Person, limited_site: Site
) -> None:
    set_rules("words", held_words="casino", rejected_words="slur")
    writer.posted("Hello.")
    trust(writer, Author.Trust.TRUSTED)
    limited_site.moderation = Site.Moderation.PRE
    limited_site.save()

    assert writer.post("A casino.").data["status"] == "published"
    assert writer.post("A slur.").code == "not_accepted"


def test_a_watched_author_is_always_held(writer: Person) -> None:
    post_id = writer.posted("Hello.")
    trust(writer, Author.Trust.WATCHED)

    held = writer.posted("Hello again.")

    assert reasons(held) == [("author", "hold", "The moderators watch this author")]
    assert writer.edit(post_id, "Hello, all.").data["status"] == "pending"


@pytest.mark.parametrize(
    ("of_site", "of_thread", "status", "reason"),
    [
        ("post", "pre", "pending", "The thread shows nothing before a moderator has approved it"),
        ("pre", "post", "published", ""),
        ("pre", "", "pending", "The site shows nothing before a moderator has approved it"),
    ],
)
def test_a_threads_mode_counts_in_place_of_its_sites(
    limited_site: Site, writer: Person, of_site: str, of_thread: str, status: str, reason: str
) -> None:
    first = writer.posted("The first makes the thread.")
    Site.objects.filter(pk=limited_site.pk).update(moderation=of_site)
    Thread.objects.update(moderation=of_thread)

    second = writer.post("The second.").data
    edited = writer.edit(first, "The first, mended.").data

    assert (second["status"], edited["status"]) == (status, status)
    assert [told for _, _, told in reasons(second["id"])] == ([reason] if reason else [])
    assert [told for _, _, told in reasons(first)] == ([reason] if reason else [])


def test_a_threads_mode_lifts_no_other_reason(set_rules: SetRules, writer: Person) -> None:
    set_rules("words", held_words="casino")
    writer.posted("The first makes the thread.")
    Thread.objects.update(moderation="post")

    assert writer.post("A casino.").data["status"] == "pending"


def test_spam_is_kept_apart_and_looks_held_to_its_author(set_rules: SetRules, writer: Person) -> None:
    set_rules("trap")

    answer = writer.post("Buy!", website="https://cheap.example")

    post = Post.objects.get(pk=answer.data["id"])
    assert (answer.data["status"], post.status, post.is_listed) == ("pending", "spam", False)
    assert reasons(post.pk) == [("trap", "spam", "Filled in a field that people do not see")]


def test_a_shadow_banned_author_is_not_told_by_what_is_held(set_rules: SetRules, writer: Person) -> None:
    set_rules("words", held_words="casino", rejected_words="slur")
    post_id = writer.posted("Hello.")
    Author.objects.update(is_shadow_banned=True)

    answer = writer.post("A casino.")

    assert answer.data["status"] == "published"
    assert Post.objects.get(pk=answer.data["id"]).status == Post.Status.SHADOWED
    assert not HeldFor.objects.exists()
    assert writer.post("A slur.").code == "not_accepted"
    assert writer.edit(post_id, "Hello, all.").status == 200


# What it costs


def test_a_site_without_rules_costs_no_query(
    limited_site: Site, writer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comments.screening.rules.REMEMBER_SECONDS", 3600.0)
    writer.posted("The first makes the thread.")

    with CaptureQueriesContext(
        connection,
    ) as queries:
        writer.posted("The second is a usual one.")

    assert not [query for query in queries if "siterules" in query["sql"]]


def test_an_unlimited_site_has_no_rules(site: Site, alice: Person) -> None:
    SiteRules.objects.create(site=site, phases=[{"phase": "words", "is_on": True}], rejected_words="casino")

    with CaptureQueriesContext(connection) as queries:
        assert alice.post("A casino.").data["status"] == "published"

    assert not [query for query in queries if "siterules" in query["sql"]]


def test_lists_are_read_again_only_when_the_rules_changed(set_rules: SetRules, writer: Person) -> None:
    rules = set_rules("words", held_words="casino")
    writer.posted("One.")

    with CaptureQueriesContext(connection) as unchanged:
        writer.posted("Two.")
    rules.held_words = "poker"
    rules.save()
    held = writer.post("A poker game.").data["status"]

    assert not [query for query in unchanged if "held_words" in query["sql"]]
    assert held == "pending"


def test_rules_that_are_taken_away_are_gone(set_rules: SetRules, writer: Person) -> None:
    set_rules("words", held_words="casino").delete()

    assert writer.post("A casino.").data["status"] == "published"


def test_a_post_that_passes_takes_the_short_way(
    set_rules: SetRules, writer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_rules(*ALONE, first_posts=1)
    first = writer.posted("The first is held.")
    approve_post(Post.objects.get(pk=first), now=timezone.now())
    asked: list[str] = []
    add = single_statement.add_at_once

    def noted(post: Post, *arguments: Any) -> bool:
        asked.append(post.body)
        return add(post, *arguments)

    monkeypatch.setattr(services, "add_at_once", noted)

    assert writer.post("The second passes.").data["status"] == "published"
    assert asked == ["The second passes."]


# Edits


def test_an_edit_that_passes_stays_public(set_rules: SetRules, writer: Person) -> None:
    set_rules("trap", "timing", "words", "repeats", "first_posts", held_words="casino")
    SiteRules.objects.update(phases=[{"phase": "words", "is_on": True}])
    post_id = writer.posted("Hello.")
    set_rules("trap", "timing", "words", "repeats", "first_posts", held_words="casino")

    assert writer.edit(post_id, "Hello again.").data["status"] == "published"


def test_an_edit_that_is_held_takes_the_post_out_of_view(
    set_rules: SetRules, writer: Person, other: Person
) -> None:
    set_rules("words", held_words="casino")
    post_id = writer.posted("Hello.")
    before = other.snapshot().data

    answer = writer.edit(post_id, "A casino.")

    (event,) = other.events(after=before["seq"]).data["events"]
    snapshot = other.snapshot().data
    assert (answer.status, answer.data["status"], answer.data["body"]) == (200, "pending", "A casino.")
    assert "A casino." in answer.data["html"]
    assert (event["type"], event["posts"], event["post"]["status"]) == ("post.hidden", 0, "hidden")
    assert snapshot["posts"] == [event["post"]]  # an old snapshot and its events are a fresh snapshot
    assert "casino" not in str(snapshot)
    assert "casino" not in str(other.look(post_id).data)
    assert writer.look(post_id).data["body"] == "A casino."
    assert reasons(post_id) == [("words", "hold", "Contains “casino” (held words, line 1)")]


def test_nobody_votes_on_flags_or_answers_what_was_taken_out(
    set_rules: SetRules, writer: Person, other: Person
) -> None:
    set_rules("words", held_words="casino")
    post_id = writer.posted("Hello.")
    writer.edit(post_id, "A casino.")

    for answer in (other.vote(post_id, 1), other.flag(post_id), other.post(parent=post_id)):
        assert (answer.status, answer.code) == (409, "post_deleted")


def test_a_held_edit_is_approved_with_its_new_text(
    set_rules: SetRules, writer: Person, other: Person
) -> None:
    set_rules("words", held_words="casino")
    post_id = writer.posted("Hello.")
    writer.edit(post_id, "A casino.")

    approve_post(Post.objects.get(pk=post_id), now=timezone.now())

    (post,) = other.snapshot().data["posts"]
    assert (post["status"], post["html"]) == ("published", "<p>A casino.</p>")
    assert other.snapshot().data["thread"]["posts"] == 1


def test_a_held_edit_may_be_deleted_and_readers_see_that(
    set_rules: SetRules, writer: Person, other: Person
) -> None:
    set_rules("words", held_words="casino")
    post_id = writer.posted("Hello.")
    writer.edit(post_id, "A casino.")
    seq = other.head().data["seq"]

    assert writer.delete(post_id).status == 204

    (event,) = other.events(after=seq).data["events"]
    assert (event["type"], event["posts"], event["post"]["status"]) == ("post.deleted", 0, "deleted")
    assert other.snapshot().data["posts"] == [event["post"]]


def test_a_rejected_edit_changes_nothing(set_rules: SetRules, writer: Person, other: Person) -> None:
    set_rules("words", rejected_words="casino")
    post_id = writer.posted("Hello.")
    before = other.snapshot().data

    answer = writer.edit(post_id, "A casino.")

    assert (answer.status, answer.code) == (403, "not_accepted")
    assert other.snapshot().data == before
    assert writer.look(post_id).data["body"] == "Hello."


def test_a_held_post_stays_held_when_it_is_edited(set_rules: SetRules, writer: Person) -> None:
    set_rules("words", held_words="casino\npoker")
    post_id = writer.posted("A casino.")

    clean = writer.edit(post_id, "Nothing of it.").data["status"]
    again = writer.edit(post_id, "A poker game.").data["status"]

    assert (clean, again) == ("pending", "pending")
    assert [reason for _, _, reason in reasons(post_id)] == [
        "Contains “casino” (held words, line 1)",
        "Contains “poker” (held words, line 2)",
    ]
    assert not Event.objects.exists()


def test_a_moderators_edit_is_not_screened(set_rules: SetRules, writer: Person, morgan: Person) -> None:
    set_rules("words", rejected_words="casino")
    post_id = writer.posted("Hello.")

    answer = morgan.send("PATCH", f"{API}posts/{post_id}/", {"body": "No casino here."})

    assert (answer.status, answer.data["status"]) == (200, "published")


def test_on_a_site_that_approves_first_an_edit_waits_too(
    limited_site: Site, writer: Person, other: Person
) -> None:
    post_id = writer.posted("Hello.")
    limited_site.moderation = Site.Moderation.PRE
    limited_site.save()

    assert writer.edit(post_id, "Something new.").data["status"] == "pending"
    assert other.snapshot().data["posts"][0]["status"] == "hidden"


def test_a_strangers_edit_is_refused_before_it_is_screened(
    set_rules: SetRules, writer: Person, other: Person
) -> None:
    set_rules("words", rejected_words="casino")
    post_id = writer.posted("Hello.")
    other.posted("A token.")

    assert other.edit(post_id, "A casino.").code == "not_author"


# Repeats, end to end


def test_who_tries_again_what_was_not_stored_repeats_nothing(
    set_rules: SetRules, writer: Person, other: Person
) -> None:
    set_rules("repeats")
    parent = writer.posted("First.")
    elsewhere = page_of(Site.objects.get(key=writer.page.site), "second")

    refused = other.post(LONG, parent=parent, page=elsewhere)  # ParentElsewhere
    retried = other.post(LONG)
    repeated = writer.post(LONG)

    assert refused.code in {"parent_elsewhere", "unknown_parent"}
    assert (retried.data["status"], repeated.data["status"]) == ("published", "pending")


def test_repeats_are_forgotten_in_time(set_rules: SetRules, writer: Person, redis_client: Any) -> None:
    set_rules("repeats", repeats_minutes=5)
    writer.posted(LONG)

    lives = [redis_client.ttl(key) for key in redis_client.scan_iter("kibitz:said:*")]

    assert lives
    assert all(0 < seconds <= timedelta(minutes=5).total_seconds() for seconds in lives)


# A hundred thousand words


def test_all_phases_with_a_hundred_thousand_words_are_quick(
    set_rules: SetRules, submitted: Callable[..., Submission]
) -> None:
    words = "\n".join(f"word{number:x}" for number in range(100_000))
    rules = Rules(set_rules(*ALONE, rejected_words=words, held_words=words.replace("word", "term")))
    author = Author.objects.create(site=rules.settings.fields.site, name="alice")
    bodies = [
        f"{number}: " + "This is what people write, and rather more of it. " * 10 for number in range(20)
    ]
    screen(submitted(), rules)  # compiles

    took = []
    for body in bodies:
        began = timezone.now()
        screen(submitted(author=author, body=body, address="192.0.2.1"), rules)
        took.append((timezone.now() - began).total_seconds())

    assert min(took) < 0.01
