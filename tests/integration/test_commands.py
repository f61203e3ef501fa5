"""manage.py's commands, as an operator and `./run` use them."""

import csv
import json
import signal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import CommandError, call_command
from pytest_django.live_server_helper import LiveServer

from comments.demo.articles import ARTICLES
from comments.demo.seeds import demo_site
from comments.models import Event, Post, Site, Thread
from tests.cast import Page, Person

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    told = StringIO()
    call_command(*arguments, stdout=told)
    return told.getvalue()


def prepared() -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(run("prepare").splitlines()[-1])
    return answer


@pytest.fixture
def _own_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkout without the recordings."""
    monkeypatch.setenv("KIBITZ_DEMO_DATA", "/nonexistent")


def test_create_site_makes_a_site_that_takes_posts_at_once() -> None:
    told = run("create_site", "news", "--origin", "https://News.example.org/", "--name", "News")

    site = Site.objects.get()
    assert "news" in told
    assert site.origins == ["https://news.example.org"]
    assert (site.name, site.guests_may_post, site.moderation) == ("News", True, "post")
    assert not site.is_unlimited
    page = Page(site="news", page_id="first", url="https://news.example.org/first/")
    assert Person("alice", page).post().data["status"] == "published"


def test_create_site_takes_several_origins_and_lifts_the_limits() -> None:
    run(
        "create_site", "news", "--origin", "https://a.example", "--origin", "https://b.example", "--unlimited"
    )

    site = Site.objects.get()
    assert (site.origins, site.is_unlimited) == (["https://a.example", "https://b.example"], True)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["blog", "--origin", "https://a.example"], "already"),
        (["bl og", "--origin", "https://a.example"], "no site key"),
        (["x" * 65, "--origin", "https://a.example"], "no site key"),
        (["news\n", "--origin", "https://a.example"], "no site key"),
        (["news", "--origin", "nowhere"], "no origin"),
        (["news", "--origin", "https://a.example", "javascript:alert(1)"], "no origin"),
        (["news"], "--origin"),
    ],
)
@pytest.mark.usefixtures("site")
def test_create_site_says_what_is_wrong(arguments: list[str], reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        run("create_site", *arguments)

    assert Site.objects.count() == 1


def test_prepare_makes_the_demo_and_somebody_who_can_log_in() -> None:
    answer = prepared()

    assert answer["demo"] == "http://127.0.0.1:8000/demo/"
    assert answer["admin"] == "http://127.0.0.1:8000/admin/"
    assert authenticate(username="admin", password=answer["password"])
    assert Thread.objects.count() == len(ARTICLES)
    assert all(thread.posts >= 3 for thread in Thread.objects.all())


@pytest.mark.usefixtures("_own_threads")
def test_prepare_again_changes_nothing() -> None:
    first, posts = prepared(), Post.objects.count()

    second = prepared()

    assert first["password"]
    assert second == first | {"password": None}
    assert (Post.objects.count(), get_user_model().objects.count()) == (posts, 1)


@pytest.mark.usefixtures("_own_threads")
def test_without_recordings_the_demo_has_threads_of_its_own() -> None:
    prepared()

    assert Thread.objects.count() == len(ARTICLES)
    assert Post.objects.filter(parent__isnull=False).exists()
    assert set(Post.objects.values_list("author_name", flat=True)) == {"alice", "bob", "morgan"}
    assert all(thread.seq == thread.events.count() for thread in Thread.objects.all())


@pytest.mark.usefixtures("_own_threads")
def test_another_port_keeps_the_threads_and_adds_its_origins(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared()
    posts = Post.objects.count()
    monkeypatch.setenv("PORT", "8123")

    answer = prepared()

    assert answer["demo"] == "http://127.0.0.1:8123/demo/"
    assert Post.objects.count() == posts
    assert {"http://127.0.0.1:8000", "http://127.0.0.1:8123"} <= set(Site.objects.get().origins)


@pytest.mark.usefixtures("_own_threads")
def test_the_public_url_is_the_demos_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIBITZ_PUBLIC_URL", "https://comments.example.org/")

    assert prepared()["demo"] == "https://comments.example.org/demo/"
    assert "https://comments.example.org" in Site.objects.get().origins


def a_recording(path: Path) -> Path:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["AUTHOR", "DATE", "CONTENT"])
        rows.writerow(["bob", "2013-11-07T06:20:50", "second"])
        rows.writerow(["alice", "2013-11-07T06:20:48", "first<br />line"])
        rows.writerow(["morgan", "2013-11-07T06:20:51", "third"])
    return path


@pytest.mark.django_db(transaction=True)
def test_replay_posts_a_recording_through_the_api(live_server: LiveServer, tmp_path: Path) -> None:
    demo_site([live_server.url])
    recording = a_recording(tmp_path / "recording.csv")

    told = run("replay", str(recording), "--speed", "100000", "--limit", "2", "--base-url", live_server.url)

    posts = [(post.author_name, post.body) for post in Post.objects.order_by("pk")]
    assert posts == [("alice", "first\nline"), ("bob", "second")]
    assert Thread.objects.get().page_id == "/demo/"
    assert Event.objects.count() == 2
    assert '2013-11-07 06:20:48  alice: "first\\nline"' in told


@pytest.mark.django_db(transaction=True)
def test_replay_says_what_the_server_refused(live_server: LiveServer, tmp_path: Path) -> None:
    recording = a_recording(tmp_path / "recording.csv")

    with pytest.raises(CommandError, match="unknown_site"):
        run("replay", str(recording), "--base-url", live_server.url)


def test_replay_of_what_is_no_recording_says_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        run("replay", str(tmp_path / "nothing.csv"))


@pytest.mark.parametrize("speed", ["0", "-1", "fast", "nan", "inf"])
def test_replay_needs_a_speed_above_zero(speed: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="is not a number above 0"):
        run("replay", str(a_recording(tmp_path / "recording.csv")), "--speed", speed)


def test_sweep_runs_until_it_is_told_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = []

    def sweep(*_: object) -> None:
        rounds.append(1)
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("comments.events.sweeper.INTERVAL_SECONDS", 0.001)
    monkeypatch.setattr("comments.events.sweeper.close_old_connections", lambda: None)
    monkeypatch.setattr("comments.events.sweeper.Sweeper.sweep", sweep)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        run("sweep")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

    assert rounds == [1]
