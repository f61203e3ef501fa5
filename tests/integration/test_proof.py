"""Proof of work: a challenge of one site, solved once, within ten minutes."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import altcha
import pytest
from django.utils import timezone

from comments.errors import ProofRequired
from comments.identity.models import Author
from comments.screening import proof
from comments.screening.submission import Kind, Outcome, Submission
from comments.sites.models import Site
from comments.sites.services import create_site
from tests.cast import API, ORIGIN, Page, Person

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


def submission(kind: Kind = Kind.POST, **more: Any) -> Submission:
    return Submission(
        kind=kind,
        site=SITE,
        thread_key="k" * 26,
        page_url=ORIGIN,
        author=Author(site=SITE),
        name="alice",
        email="",
        body="Hello.",
        now=timezone.now(),
        **more,
    )


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
def test_what_is_suspicious_needs_a_proof_and_then_passes() -> None:
    solution = solved(proof.make_challenge(SITE, now=timezone.now()))

    with pytest.raises(ProofRequired):
        proof.check(submission(), is_suspicious=True)
    with pytest.raises(ProofRequired):
        proof.check(submission(proof="nonsense"), is_suspicious=True)
    assert proof.check(submission(proof=solution), is_suspicious=True).outcome is Outcome.PASS
    with pytest.raises(ProofRequired):
        proof.check(submission(proof=solution), is_suspicious=True)
    assert proof.check(submission(), is_suspicious=False).outcome is Outcome.PASS


@pytest.mark.one_database
@pytest.mark.parametrize("kind", [Kind.EDIT, Kind.IMPORT])
def test_only_new_posts_need_a_proof(kind: Kind) -> None:
    assert proof.check(submission(kind), is_suspicious=True).outcome is Outcome.PASS


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
