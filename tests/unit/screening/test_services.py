"""Akismet and the owner's own service: what they are told, what their answers mean, and what is no answer."""

import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.utils import timezone

from comments import env
from comments.identity.models import Author
from comments.screening import akismet, external
from comments.screening.calls import CallFailed
from comments.screening.submission import Kind, Outcome, Submission, Verdict
from comments.sites.models import Site
from tests import services
from tests.services import Service

SECRET = "between us"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with services.service(services.says("pass")) as found:
        monkeypatch.setenv("KIBITZ_AKISMET_URL", found.url)
        monkeypatch.setenv("KIBITZ_EXTERNAL_MAY_BE_PRIVATE", "1")
        yield found


@pytest.fixture
def submission() -> Submission:
    site = Site(key="blog", origins=["https://blog.example.org"])
    return Submission(
        kind=Kind.POST,
        site=site,
        thread_key="k" * 26,
        page_url="https://blog.example.org/first/",
        author=Author(pk=7, site=site, name="mallory"),
        name="mallory",
        email="mallory@example.org",
        body="Buy *pills* für 5 €.",
        now=timezone.now(),
        is_reply=True,
        post_id=11,
        address="203.0.113.7",
        user_agent="Mozilla/5.0",
    )


def asked_external(service: Service, submission: Submission) -> Verdict:
    return external.check(submission, url=service.url, secret=SECRET, timeout_seconds=0.5)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_the_external_services_word_is_the_verdict(
    service: Service, submission: Submission, outcome: Outcome
) -> None:
    service.behaviour = services.says(outcome.value, "Pills.")

    verdict = asked_external(service, submission)

    assert (verdict.outcome, verdict.phase) == (outcome, "external")
    assert "Pills." in verdict.reason


def test_the_external_service_is_told_what_there_is_and_can_verify_it(
    service: Service, submission: Submission
) -> None:
    asked_external(service, submission)

    [asked] = service.asked
    told = asked.json["submission"]
    assert told == {
        "kind": "post",
        "site": "blog",
        "thread": "k" * 26,
        "page": "https://blog.example.org/first/",
        "post": 11,
        "is_reply": True,
        "body": "Buy *pills* für 5 €.",
        "author": {"id": 7, "name": "mallory", "email": "mallory@example.org"},
        "address": "203.0.113.7",
        "user_agent": "Mozilla/5.0",
    }
    parts = dict(part.split("=", 1) for part in asked.headers["x-kibitz-signature"].split(","))
    signed = f"{parts['t']}.".encode() + asked.body
    assert hmac.compare_digest(parts["v1"], hmac.new(SECRET.encode(), signed, sha256).hexdigest())
    assert abs(int(parts["t"]) - time.time()) < 60


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("", "no JSON"),
        ("<html>", "no JSON"),
        ("[" * 60_000, "no JSON"),
        (b"\xff\xfe{}", "no JSON"),
        ('"pass"', "JSON that is no object"),
        ("[]", "JSON that is no object"),
        ("{}", 'no "outcome"'),
        ('{"outcome": "PASS"}', 'no "outcome"'),
        ('{"outcome": true}', 'no "outcome"'),
        ('{"outcome": ["pass"]}', 'no "outcome"'),
        ('{"outcome": {"pass": 1}}', 'no "outcome"'),
        ('{"outcome": "hold", "reason": 5}', '"reason" that is no text'),
        ('{"outcome": ' + "9" * 5_000 + "}", "no JSON"),
    ],
)
def test_an_external_service_that_lies_is_named(
    service: Service, submission: Submission, answer: str | bytes, fault: str
) -> None:
    service.behaviour = services.answers(answer)

    with pytest.raises(CallFailed, match=fault) as failed:
        asked_external(service, submission)

    assert not failed.value.may_pass


@pytest.mark.parametrize(
    "behaviour",
    [
        services.hangs,
        services.drips(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + b" " * 99),
        services.floods(b"HTTP/1.1 200 OK\r\n\r\n"),
        services.answers("", "500 Oops"),
        services.answers("", "301 Moved", Location="http://example.org/"),
    ],
    ids=["hangs", "drips", "floods", "breaks", "redirects"],
)
def test_an_external_service_out_of_order_is_a_fault(
    service: Service, submission: Submission, behaviour: services.Behaviour
) -> None:
    service.behaviour = behaviour

    with pytest.raises(CallFailed):
        asked_external(service, submission)


def test_a_reason_is_one_short_line(service: Service, submission: Submission) -> None:
    service.behaviour = services.answers(
        json.dumps({"outcome": "hold", "reason": "a\nb\x00\u202ec \ud800" + "x" * 1_000})
    )

    reason = asked_external(service, submission).reason

    assert "\n" not in reason
    assert "\x00" not in reason
    assert len(reason) < 400
    reason.encode()


def test_an_external_service_on_this_machine_is_not_called_by_default(
    service: Service, submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KIBITZ_EXTERNAL_MAY_BE_PRIVATE")

    with pytest.raises(CallFailed, match="its own network"):
        asked_external(service, submission)

    assert service.asked == []


@pytest.mark.parametrize(
    ("answer", "headers", "outcome"),
    [
        ("false", {}, Outcome.PASS),
        ("true", {}, Outcome.SPAM),
        ("true", {"X_akismet_pro_tip": "discard"}, Outcome.SPAM),
    ],
)
def test_akismets_word_is_the_verdict(
    service: Service, submission: Submission, answer: str, headers: dict[str, str], outcome: Outcome
) -> None:
    service.behaviour = services.answers(answer, **headers)

    verdict = akismet.check(submission, key="abc")

    assert (verdict.outcome, verdict.phase) == (outcome, "akismet")
    assert ("of the worst kind" in verdict.reason) == bool(headers)


def test_akismet_is_told_what_it_asks_for(service: Service, submission: Submission) -> None:
    service.behaviour = services.answers("false")

    akismet.check(submission, key="abc")
    akismet.check(replace(submission, kind=Kind.EDIT, is_reply=False, email=""), key="abc")

    new, edited = (parse_qs(asked.body.decode()) for asked in service.asked)
    assert service.asked[0].line == "POST /check/comment-check HTTP/1.1"
    assert new["api_key"] == ["abc"]
    assert new["blog"] == ["https://blog.example.org"]
    assert new["user_ip"] == ["203.0.113.7"]
    assert new["user_agent"] == ["Mozilla/5.0"]
    assert new["permalink"] == ["https://blog.example.org/first/"]
    assert new["comment_type"] == ["reply"]
    assert new["comment_author"] == ["mallory"]
    assert new["comment_author_email"] == ["mallory@example.org"]
    assert new["comment_content"] == ["Buy *pills* für 5 €."]
    assert "recheck_reason" not in new
    assert edited["recheck_reason"] == ["edit"]
    assert edited["comment_type"] == ["comment"]
    assert "comment_author_email" not in edited


@pytest.mark.parametrize(
    ("answer", "headers", "fault"),
    [
        ("invalid", {}, "the key is not valid"),
        ("invalid", {"X_akismet_debug_help": "We were unable to parse your blog URI"}, "blog URI"),
        ("Missing required field: user_ip.", {}, "user_ip"),
        ("", {}, "nothing"),
        ("<html>" + "x" * 1_000, {}, "<html>"),
    ],
)
def test_an_akismet_without_a_verdict_is_named(
    service: Service, submission: Submission, answer: str, headers: dict[str, str], fault: str
) -> None:
    service.behaviour = services.answers(answer, **headers)

    with pytest.raises(CallFailed, match=fault) as failed:
        akismet.check(submission, key="abc")

    assert len(failed.value.fault) < 200


@pytest.mark.parametrize(("is_spam", "call"), [(True, "submit-spam"), (False, "submit-ham")])
def test_akismet_is_told_where_it_was_wrong(
    service: Service, submission: Submission, is_spam: bool, call: str
) -> None:
    service.behaviour = services.answers("Thanks for making the web a better place.")

    akismet.report(submission, is_spam=is_spam, key="abc")

    assert service.asked[0].line == f"POST /check/{call} HTTP/1.1"
    service.behaviour = services.answers("invalid")
    with pytest.raises(CallFailed, match="key"):
        akismet.report(submission, is_spam=is_spam, key="abc")


def test_the_verification_that_security_md_shows_takes_ours_and_nothing_else(
    service: Service, submission: Submission
) -> None:
    shown = (env.BASE_DIR / "SECURITY.md").read_text().partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {}
    exec(shown, names)
    is_from_kibitz = names["is_from_kibitz"]

    asked_external(service, submission)

    [asked] = service.asked
    header = asked.headers["x-kibitz-signature"]
    assert is_from_kibitz(SECRET, header, asked.body)
    assert not is_from_kibitz("another", header, asked.body)
    assert not is_from_kibitz(SECRET, header, asked.body + b" ")
    assert not is_from_kibitz(SECRET, external.signature(SECRET, asked.body, 0), asked.body)
    assert not any(is_from_kibitz(SECRET, wrong, asked.body) for wrong in ("", "t=1", "t=x,v1=ü", ",,="))
