"""Proof of work: a challenge of one site, solved once, within ten minutes."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import altcha
import pytest
from django.utils import timezone

from comments.models import Post, Site, SiteRules
from comments.screening import proof
from comments.sites.services import create_site
from tests.cast import API, ORIGIN, Answer, Page, Person, page_of

SITE = Site(pk=1, key="blog")


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less to compute than for readers."""
    monkeypatch.setattr(proof, "ITERATIONS", 2)


def solved(challenge: dict[str, Any]) -> str:
    """What a client makes of it."""
    parsed = altcha.Challenge.from_dict(challenge)
    solution = altcha.solve_challenge(parsed)
    assert solution is not None
    return altcha.Payload(parsed, solution).to_base64()


def changed(solution: str, change: Callable[[dict[str, Any]], object]) -> str:
    payload = json.loads(b64decode(solution))
    change(payload)
    return b64encode(json.dumps(payload).encode()).decode()


@pytest.fixture
def strict_page(limited_site: Site) -> Page:
    """A page of a site that wants a proof from whoever looks suspicious."""
    SiteRules.objects.create(
        site=limited_site,
        max_links=0,
        phases=[{"phase": name, "is_on": True} for name in ("links", "repeats", "proof")],
    )
    return page_of(limited_site)


@pytest.fixture
def carol(strict_page: Page) -> Person:
    """Writes there."""
    return Person("carol", strict_page)


def post_with(person: Person, solution: str, body: str = "Hello.", **more: Any) -> Answer:
    told = person.page.comment(body=body, name=person.name, **more)
    return person.send("POST", person.page.path + "posts/", told, {"X-Kibitz-Proof": solution})


def solved_for(person: Person) -> str:
    return solved(person.get(f"{API}sites/{person.page.site}/challenge/").data)


@pytest.mark.one_database
def test_a_solved_challenge_is_a_proof_and_only_once() -> None:
    solution = solved(proof.make_challenge(SITE, now=timezone.now()))

    assert proof.is_proof(solution, SITE)
    assert not proof.is_proof(solution, SITE)


@pytest.mark.one_database
def test_without_redis_a_proof_passes(no_redis: None) -> None:
    solution = solved(proof.make_challenge(SITE, now=timezone.now()))

    assert proof.is_proof(solution, SITE)
    assert not proof.is_busy(SITE, "203.0.113.7")


@pytest.mark.one_database
def test_a_proof_of_another_site_is_none() -> None:
    solution = solved(proof.make_challenge(SITE, now=timezone.now()))

    assert not proof.is_proof(solution, Site(pk=2, key="other"))
    assert proof.is_proof(solution, SITE)


@pytest.mark.one_database
def test_a_challenge_expires() -> None:
    late = timezone.now() - timedelta(seconds=proof.EXPIRES_SECONDS + 1)

    assert not proof.is_proof(solved(proof.make_challenge(SITE, now=late)), SITE)


@pytest.mark.one_database
@pytest.mark.parametrize(
    "change",
    [
        lambda payload: payload["solution"].update(derivedKey="00" * 32),
        lambda payload: payload["solution"].update(derivedKey=5),
        lambda payload: payload["challenge"]["parameters"].update(cost=1),
        lambda payload: payload["challenge"]["parameters"].update(keyPrefix=""),
        lambda payload: payload["challenge"]["parameters"].update(expiresAt=99_999_999_999),
        lambda payload: payload["challenge"]["parameters"].update(expiresAt="x"),
        lambda payload: payload["challenge"]["parameters"].update(data={"site": "other"}),
        lambda payload: payload["challenge"]["parameters"].pop("keySignature"),
        lambda payload: payload["challenge"]["parameters"].update(cost=10**9),
        lambda payload: payload["challenge"].update(signature=None),
        lambda payload: payload["challenge"].update(signature="ü"),
        lambda payload: payload["challenge"].update(parameters=[]),
        lambda payload: payload.update(challenge="x"),
        lambda payload: payload.update(solution=None),
        lambda payload: payload.clear(),
    ],
)
def test_what_was_changed_is_no_proof(change: Callable[[dict[str, Any]], object]) -> None:
    solution = solved(proof.make_challenge(SITE, now=timezone.now()))

    assert not proof.is_proof(changed(solution, change), SITE)
    assert proof.is_proof(solution, SITE)


@pytest.mark.one_database
@pytest.mark.parametrize(
    "given",
    [
        "",
        "x",
        "ü",
        "bnVsbA==",
        "W10=",
        "eyJjaGFsbGVuZ2UiOjF9",
        "\x00",
        "A" * 100_000,
        "NaN",
        "W1tbW1tbW1tb" * 100,
    ],
)
def test_nonsense_is_no_proof(given: str) -> None:
    assert not proof.is_proof(given, SITE)


@pytest.mark.one_database
def test_an_address_that_posts_often_is_busy_and_others_are_not() -> None:
    found = [proof.is_busy(SITE, "203.0.113.7") for _ in range(proof.BUSY_POSTS + 2)]

    assert found == [False] * proof.BUSY_POSTS + [True] * 2
    assert not proof.is_busy(SITE, "203.0.113.8")
    assert not proof.is_busy(Site(pk=2, key="other"), "203.0.113.7")


def test_a_browser_gets_a_challenge_that_nobody_keeps(alice: Person, site: Site) -> None:
    first = alice.get(f"{API}sites/{site.key}/challenge/")
    second = alice.get(f"{API}sites/{site.key}/challenge/")

    assert first.status == 200
    assert first.headers["Cache-Control"] == "no-store"
    assert first.data["signature"] != second.data["signature"]
    assert first.data["parameters"]["data"] == {"site": site.key}
    assert proof.is_proof(solved(first.data), site)


@pytest.mark.parametrize("key", ["nobody", "%00", "a" * 70])
def test_a_challenge_of_no_site_is_a_404(alice: Person, key: str) -> None:
    assert alice.get(f"{API}sites/{key}/challenge/").status == 404


def test_challenges_have_a_rate(alice: Person, site: Site) -> None:
    answers = [alice.get(f"{API}sites/{site.key}/challenge/") for _ in range(31)]

    assert [answer.status for answer in answers] == [200] * 30 + [429]
    assert answers[-1].code == "throttled"


def test_what_the_form_says_of_itself_changes_no_post(alice: Person, page: Page) -> None:
    key = "3fa85f64-5717-4562-b3fc-2c963f66afa6"

    first = alice.post("Mine.", idempotency_key=key, website="", seconds_open=2)
    again = alice.post("Mine.", idempotency_key=key, website="x", seconds_open=9)

    assert (first.status, again.status) == (201, 200)
    assert first.data["id"] == again.data["id"]


@pytest.mark.parametrize("told", [-1, "3", 1.5, True, [], 2**70])
def test_a_time_that_is_none_is_refused(alice: Person, told: object) -> None:
    assert alice.post("Mine.", seconds_open=told).code == "invalid"


def test_another_sites_challenge_proves_nothing(alice: Person, site: Site) -> None:
    other = create_site("other", origins=[ORIGIN])
    solution = solved(alice.get(f"{API}sites/{site.key}/challenge/").data)

    assert not proof.is_proof(solution, other)


def test_who_looks_like_anybody_else_needs_no_proof(carol: Person) -> None:
    assert carol.post("Hello.", seconds_open=9).status == 201
    assert carol.post("Hello, API.").status == 201


@pytest.mark.parametrize("told", [{"seconds_open": 0}, {"body": "See https://a.example/"}])
def test_what_looks_suspicious_needs_a_proof_and_is_posted_once_with_it(
    carol: Person, told: dict[str, Any]
) -> None:
    refused = carol.post(**{"body": "Hello.", **told})

    assert (refused.status, refused.code) == (403, "proof_required")
    assert not Post.objects.exists()
    taken = post_with(carol, solved_for(carol), **told)
    assert taken.status == 201
    assert Post.objects.count() == 1


def test_a_proof_makes_nobody_a_repeater(carol: Person) -> None:
    text = "A text that is long enough for others to be seen repeating it."
    assert carol.post(text, seconds_open=0).code == "proof_required"

    assert post_with(carol, solved_for(carol), text, seconds_open=0).data["status"] == "published"


def test_a_proof_that_was_used_is_asked_for_anew(carol: Person) -> None:
    solution = solved_for(carol)
    assert post_with(carol, solution, seconds_open=0).status == 201

    assert post_with(carol, solution, "Again.", seconds_open=0).code == "proof_required"


def test_the_same_request_again_needs_no_second_proof(carol: Person) -> None:
    headers = {"Idempotency-Key": "3fa85f64-5717-4562-b3fc-2c963f66afa6", "X-Kibitz-Proof": solved_for(carol)}
    told = carol.page.comment(seconds_open=0)

    first = carol.send("POST", carol.page.path + "posts/", told, headers)
    again = carol.send("POST", carol.page.path + "posts/", told, headers)

    assert (first.status, again.status) == (201, 200)


def test_nonsense_in_the_header_is_no_proof(carol: Person) -> None:
    for given in ("", "nonsense", "e30=", "x" * 10_000):
        assert post_with(carol, given, seconds_open=0).code == "proof_required"


def test_who_posts_a_lot_needs_a_proof(carol: Person) -> None:
    answers = [carol.post(f"Number {number}.") for number in range(proof.BUSY_POSTS + 1)]

    assert [answer.status for answer in answers] == [201] * proof.BUSY_POSTS + [403]
    assert post_with(carol, solved_for(carol), "One more.").status == 201


def test_what_a_proof_came_with_is_still_held_for_its_reasons(carol: Person) -> None:
    answer = post_with(carol, solved_for(carol), "See https://a.example/")

    assert answer.data["status"] == "pending"


def test_an_edit_needs_no_proof(carol: Person) -> None:
    post_id = carol.posted("Hello.")

    assert carol.edit(post_id, "See https://a.example/").status == 200


def test_without_redis_nobody_is_refused_for_it(carol: Person, no_redis: None) -> None:
    assert post_with(carol, solved_for(carol), seconds_open=0).status == 201
