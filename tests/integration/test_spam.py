"""A site's own spam model: trained by the commands, kept, and asked before a comment is shown."""

import csv
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from comments.audit.services import Gesture, action
from comments.identity.models import Author
from comments.models import Action, Post, Site, SiteRules, SpamModel, Thread
from comments.screening.phases.classifier import CLASSIFIER
from comments.screening.settings import Settings
from comments.screening.spam import store
from comments.screening.spam.features import VERSION
from comments.screening.spam.store import load_model, save_model
from comments.screening.spam.training import train
from comments.screening.spam.verdicts import CONFIRMED_AFTER, MOST_OF_A_KIND, verdicts_of
from comments.screening.submission import Kind, Outcome, Submission, Verdict
from comments.sites.services import create_site
from tests.spam_examples import BICYCLES, BREAD, GARDEN, examples_of

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
SPAM = "Check out my channel and subscribe, free money at http://cheap.example.xyz/?ref=1"
GOOD = "The slugs ate all of the lettuce again."

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_models() -> Iterator[None]:
    """No model of another test's site, which may have had the same id."""
    store._remembered.clear()
    yield
    store._remembered.clear()


@pytest.fixture
def trained(site: Site) -> Site:
    save_model(site, train(examples_of(GARDEN, BICYCLES)), now=NOW)
    return site


def run(*arguments: str | Path) -> str:
    told = StringIO()
    call_command(*map(str, arguments), stdout=told, stderr=told)
    return told.getvalue()


def submission(site: Site, body: str) -> Submission:
    return Submission(
        kind=Kind.POST,
        site=site,
        thread_key="k" * 26,
        page_url="https://blog.example.org/first/",
        author=Author(name="mallory"),
        name="mallory",
        email="",
        body=body,
        now=NOW,
    )


def classify(given: Submission, *, hold_percent: int, spam_percent: int) -> Verdict:
    rules = SiteRules(spam_hold_percent=hold_percent, spam_percent=spam_percent)
    return CLASSIFIER.run(given, Settings(rules))


def thread_of(site: Site, name: str = "first") -> Thread:
    return Thread.objects.create(
        site=site, key=f"{site.pk}{name}", page_id=name, url="", epoch="e", created=NOW
    )


def post_of(thread: Thread, body: str, **but: Any) -> Post:
    fields = {"status": "published", "created": NOW - timedelta(days=30), "html": body} | but
    return Post.objects.create(
        thread=thread, site_id=thread.site_id, author_name="alice", body=body, **fields
    )


def decided(kind: Action.Kind, post: Post) -> None:
    gesture = Gesture(None, NOW)
    action(gesture, kind, post.site_id, before={}, after={"status": post.status}, post_id=post.pk).save()


def spam_of(thread: Thread, body: str, **but: Any) -> None:
    decided(Action.Kind.SPAM, post_of(thread, body, **({"status": "spam"} | but)))


def seconds_pass(site: Site) -> None:
    """Until the process asks again."""
    store._remembered[site.pk] = store._remembered[site.pk]._replace(ask_again_at=0.0)


def test_spam_is_spam_and_the_moderators_are_told_why(trained: Site) -> None:
    verdict = classify(submission(trained, SPAM), hold_percent=50, spam_percent=90)

    assert (verdict.outcome, verdict.phase) == (Outcome.SPAM, "classifier")
    assert verdict.reason.startswith('99 % like spam: "Check out my channel')


def test_the_same_is_held_where_the_site_wants_to_be_surer(trained: Site) -> None:
    verdict = classify(submission(trained, SPAM), hold_percent=50, spam_percent=100)

    assert verdict.outcome == Outcome.HOLD
    assert "99 % like spam" in verdict.reason


def test_a_good_comment_passes_without_a_word(trained: Site) -> None:
    verdict = classify(submission(trained, GOOD), hold_percent=50, spam_percent=90)

    assert (verdict.outcome, verdict.reason) == (Outcome.PASS, "")


def test_a_site_without_a_model_passes_everything(trained: Site) -> None:
    other = create_site("other", origins=["https://other.example"])

    verdict = classify(submission(other, SPAM), hold_percent=1, spam_percent=1)

    assert verdict.outcome == Outcome.PASS


def test_a_model_is_fetched_once_for_many_comments(trained: Site) -> None:
    load_model(trained)

    with CaptureQueriesContext(connection) as queries:
        for _ in range(100):
            classify(submission(trained, SPAM), hold_percent=50, spam_percent=90)

    assert len(queries) == 0


def test_a_model_trained_elsewhere_counts_some_seconds_later(trained: Site) -> None:
    before = load_model(trained)
    remembered = store._remembered[trained.pk]
    save_model(trained, train(examples_of(GARDEN, BREAD, BICYCLES)), now=NOW + timedelta(days=1))
    store._remembered[trained.pk] = remembered  # as in a process that did not do it

    at_once = load_model(trained)
    seconds_pass(trained)
    later = load_model(trained)

    assert at_once is before
    assert later is not None
    assert later != before


def test_an_unchanged_model_is_asked_after_but_not_fetched_again(trained: Site) -> None:
    before = load_model(trained)
    seconds_pass(trained)

    with CaptureQueriesContext(connection) as queries:
        again = load_model(trained)

    assert again is before
    assert len(queries) == 1
    assert "weights" not in queries[0]["sql"]


def test_a_process_remembers_so_many_models(trained: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST_REMEMBERED", 2)
    sites = [create_site(f"site{number}", origins=["https://a.example"]) for number in range(3)]

    for site in [trained, *sites]:
        load_model(site)

    assert list(store._remembered) == [site.pk for site in sites[1:]]


@pytest.mark.parametrize(
    "change", [{"version": VERSION + 1}, {"weights": b"broken"}, {"threshold": float("inf")}]
)
def test_a_model_that_cannot_be_used_is_none_and_said_once(
    change: dict[str, Any], trained: Site, caplog: pytest.LogCaptureFixture
) -> None:
    SpamModel.objects.filter(site=trained).update(**change)
    store._remembered.clear()

    with caplog.at_level(logging.WARNING):
        verdicts = [classify(submission(trained, SPAM), hold_percent=50, spam_percent=90) for _ in range(3)]

    assert {verdict.outcome for verdict in verdicts} == {Outcome.PASS}
    assert len(caplog.records) == 1
    assert "The spam model of site blog is not used, train it again" in caplog.text


def test_the_model_goes_with_its_site(trained: Site) -> None:
    trained.delete()

    assert not SpamModel.objects.exists()


def test_examples_are_what_people_decided_or_left_standing(site: Site) -> None:
    thread, now = thread_of(site), timezone.now()
    post_of(thread, "stood for a month", created=now - timedelta(days=30))
    post_of(thread, "new", created=now - CONFIRMED_AFTER + timedelta(hours=1))
    decided(Action.Kind.APPROVE, post_of(thread, "approved today", created=now))
    post_of(thread, "reported", open_flags=1)
    post_of(thread, "only a phase calls it spam", status="spam")
    post_of(thread, "hidden for rudeness", status="hidden")
    post_of(thread, "waits", status="pending")
    post_of(thread, "deleted", status="deleted")
    spam_of(thread, "spam", created=now)
    other = create_site("other", origins=["https://other.example"])
    spam_of(thread_of(other), "of another site")

    found = {(example.text, example.is_spam) for example in verdicts_of(site, now=now)}

    assert found == {("stood for a month", False), ("approved today", False), ("spam", True)}


def test_the_newest_examples_are_learned_from(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_OF_A_KIND >= 1_000
    monkeypatch.setattr("comments.screening.spam.verdicts.MOST_OF_A_KIND", 2)
    thread = thread_of(site)
    for day in range(5):
        spam_of(thread, f"day {day}", created=NOW + timedelta(days=day))

    assert [example.text for example in verdicts_of(site, now=NOW)] == ["day 4", "day 3"]


def test_a_site_learns_from_its_moderators_verdicts(site: Site) -> None:
    for name, path in (("garden", GARDEN), ("bicycles", BICYCLES)):
        thread = thread_of(site, name)
        for example in examples_of(path):
            (spam_of if example.is_spam else post_of)(thread, example.text)

    told = run("train_spam", "--site", "blog")

    assert "blog has learned from 48 examples of spam and 52 of good comments" in told
    assert classify(submission(site, SPAM), hold_percent=50, spam_percent=90).outcome == Outcome.SPAM
    assert classify(submission(site, GOOD), hold_percent=50, spam_percent=90).outcome == Outcome.PASS


def test_a_site_learns_from_files_and_again_from_others(site: Site) -> None:
    run("train_spam", "--site", "blog", "--file", GARDEN)
    first = SpamModel.objects.get()

    run("train_spam", "--site", "blog", "--file", GARDEN, "--file", BICYCLES)

    second = SpamModel.objects.get()
    assert (first.spam_examples, first.good_examples) == (24, 26)
    assert (second.spam_examples, second.good_examples) == (48, 52)
    assert second.trained_at > first.trained_at


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--site", "nobody"], "site"),
        (["--site", "blog"], "There are 0 different examples of spam and 0 of good comments"),
        (["--site", "blog", "--file", GARDEN, "nothing.csv"], "nothing.csv: No such file"),
        (["--file", GARDEN], "--site"),
    ],
)
def test_training_that_cannot_be_says_why_and_keeps_the_model_there_was(
    arguments: list[str | Path], reason: str, trained: Site
) -> None:
    before = SpamModel.objects.values().get()

    with pytest.raises(CommandError, match=reason):
        run("train_spam", *arguments)

    assert SpamModel.objects.values().get() == before


def test_the_report_has_the_four_figures_for_programs() -> None:
    report = json.loads(run("spam_report", "--train", GARDEN, "--train", BICYCLES, "--test", BREAD, "--json"))

    assert report["accuracy"] == pytest.approx(26 / 27)
    assert report["precision"] == pytest.approx(12 / 13)
    assert report["recall"] == 1.0
    assert report["false_positive_rate"] == pytest.approx(1 / 15)
    assert report | {"train_spam": 48, "train_good": 52, "good_left": 14} == report


def test_the_report_has_the_four_figures_for_people() -> None:
    told = run("spam_report", "--train", GARDEN, BICYCLES, "--test", BREAD)

    assert "Learned from 100 comments, 48 of them spam; judged 27, 12 of them spam." in told
    assert "accuracy            0.9630\n" in told
    assert "false_positive_rate 0.0667\n" in told


def test_the_report_says_what_could_not_be_counted(tmp_path: Path) -> None:
    only_spam = tmp_path / "spam.csv"
    with only_spam.open("w", newline="") as file:
        csv.writer(file).writerows([["CONTENT", "CLASS"], [SPAM, "1"]])

    assert "false_positive_rate -\n" in run("spam_report", "--train", GARDEN, "--test", only_spam)
    answer = json.loads(run("spam_report", "--train", GARDEN, "--test", only_spam, "--json"))
    assert (answer["recall"], answer["false_positive_rate"]) == (1.0, None)


def test_the_report_warns_where_it_judges_what_it_learned_from() -> None:
    assert "no promise for other comments" in run("spam_report", "--train", GARDEN, "--test", GARDEN)


@pytest.mark.parametrize("place", ["--train", "--test"])
def test_a_report_on_what_is_no_file_of_examples_says_which_line(place: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_bytes(b"CONTENT,CLASS\nx,1\ny,maybe\n")

    with pytest.raises(CommandError, match=r"broken\.csv, line 3: CLASS is 'maybe'"):
        run("spam_report", "--train", GARDEN, "--test", BICYCLES, place, broken)


def test_a_report_on_too_few_examples_says_so(tmp_path: Path) -> None:
    few = tmp_path / "few.csv"
    few.write_bytes(b"CONTENT,CLASS\nx,1\ny,0\n")

    with pytest.raises(CommandError, match="There are 1 different examples of spam and 1 of good"):
        run("spam_report", "--train", few, "--test", GARDEN)


def test_a_site_learns_again_after_twenty_verdicts(site: Site) -> None:
    SiteRules.objects.create(site=site, phases=[{"phase": "classifier", "is_on": True}])
    thread = thread_of(site)
    for example in examples_of(GARDEN):
        (spam_of if example.is_spam else post_of)(thread, example.text)

    assert "blog has learned from" in run("train_spam", "--due")
    first = SpamModel.objects.get().trained_at
    assert run("train_spam", "--due") == ""
    assert SpamModel.objects.get().trained_at == first


def test_a_site_without_the_filter_learns_nothing_by_itself(site: Site) -> None:
    SiteRules.objects.create(site=site, phases=[{"phase": "classifier", "is_on": False}])
    for example in examples_of(GARDEN):
        spam_of(Thread.objects.first() or thread_of(site), example.text)

    assert run("train_spam", "--due") == ""
    assert not SpamModel.objects.exists()
