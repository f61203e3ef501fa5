"""Pictures that providers name are fetched in the background, from the internet alone."""

import io
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from PIL import Image

from comments.identity.members import member_by_email
from comments.identity.models import Author
from comments.signin import pictures
from comments.signin.fetching import LEASE, PAUSES, PictureFetcher
from comments.signin.models import Avatar
from comments.sites.models import Site
from tests import services
from tests.services import Service

NOW = timezone.now()


def png() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (120, 120), "red").save(written, "PNG")
    return written.getvalue()


@pytest.fixture
def member(site: Site) -> Author:
    return member_by_email(site, "ann@example.org", name="Ann")[0]


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A provider's server, on the loopback for the test's sake."""
    monkeypatch.setenv("KIBITZ_EXTERNAL_MAY_BE_PRIVATE", "1")
    with services.service(services.answers(png())) as found:
        yield found


def wanted(member: Author, url: str) -> Avatar:
    return Avatar.objects.create(author=member, wanted=url, due=NOW, source="github", changed=NOW)


def look(at: datetime = NOW) -> int:
    return PictureFetcher(now=lambda: at).look()


def test_what_is_wanted_is_fetched_once(member: Author, service: Service) -> None:
    avatar = wanted(member, service.url)

    assert (look(), look(NOW + LEASE)) == (1, 0)

    avatar.refresh_from_db()
    assert bytes(avatar.image or b"")[8:12] == b"WEBP"
    assert (avatar.due, avatar.source) == (None, "github")
    [asked] = service.asked
    assert "cookie" not in asked.headers


@pytest.mark.parametrize(
    "url",
    [
        *("https://127.0.0.1/", "https://localhost:8000/a.png", "https://[::1]/", "https://10.1.2.3/"),
        *("https://192.168.0.1/", "https://169.254.169.254/latest/meta-data/", "https://0.0.0.0/"),
        *(
            "https://[::ffff:127.0.0.1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[fd00::1]/",
            "https://2130706433/",
        ),
        *(
            "http://example.org/a.png",
            "file:///etc/passwd",
            "ftp://example.org/a",
            "https://user:pw@example.org/",
        ),
        *("gopher://127.0.0.1:6379/_FLUSHALL", "https://example.org/\r\nHost: x", "//example.org/", "x"),
    ],
)
def test_nothing_is_fetched_from_this_machine_its_network_or_in_the_open(member: Author, url: str) -> None:
    avatar = wanted(member, url)

    look()

    avatar.refresh_from_db()
    assert (avatar.image, avatar.due) == (None, None)


def test_a_redirect_is_not_followed(member: Author, service: Service) -> None:
    with services.service(services.answers(png())) as inner:
        service.behaviour = services.answers("", "302 Found", Location=f"http://127.0.0.1:{inner.port}/")
        wanted(member, service.url)

        look()

        assert (len(service.asked), inner.asked) == (1, [])
    assert Avatar.objects.get().image is None


@pytest.mark.parametrize(
    "behaviour",
    [services.answers("<svg xmlns='http://www.w3.org/2000/svg'/>"), services.answers("", "404 Not Found")],
    ids=["no picture", "none"],
)
def test_what_is_no_picture_is_not_asked_for_again(
    member: Author, service: Service, behaviour: services.Behaviour
) -> None:
    service.behaviour = behaviour
    wanted(member, service.url)

    assert (look(), look(NOW + timedelta(days=1))) == (1, 0)


def test_a_server_that_is_away_is_asked_twice_more(member: Author, service: Service) -> None:
    service.behaviour = services.answers("", "503 Busy")
    wanted(member, service.url)
    at, asked = NOW, []

    for pause in (*PAUSES, timedelta(days=1), timedelta(days=1)):
        asked.append((look(at - timedelta(seconds=1)), look(at)))
        at += pause

    assert asked == [(0, 1), (0, 1), (0, 1), (0, 0)]
    assert len(service.asked) == 3


def test_what_the_author_chose_meanwhile_stays(member: Author, service: Service) -> None:
    avatar = wanted(member, service.url)
    fetcher = PictureFetcher(now=lambda: NOW)
    Avatar.objects.filter(pk=avatar.pk).update(tries=1, due=NOW + LEASE)
    avatar.tries = 1
    pictures.keep(member, b"chosen", source=Avatar.UPLOAD, now=NOW)

    fetcher._fetch(avatar)

    assert bytes(Avatar.objects.get().image or b"") == b"chosen"


def test_who_chose_is_not_given_what_a_provider_says(member: Author) -> None:
    url = "https://avatars.example.org/1"
    assert pictures.want(member, url, source="github", now=NOW)
    assert not pictures.want(member, url, source="github", now=NOW)
    assert pictures.want(member, url, source="github", now=NOW + timedelta(days=8))
    assert pictures.want(member, url + "?2", source="github", now=NOW)

    pictures.keep(member, b"x", source=Avatar.UPLOAD, now=NOW)
    assert not pictures.want(member, url, source="github", now=NOW)
    pictures.take_away(member, now=NOW)
    assert not pictures.want(member, url, source="github", now=NOW)
    assert Avatar.objects.get().due is None


@pytest.mark.parametrize(
    "url", ["", "http://example.org/", "javascript:alert(1)", "https://x/" + "x" * 500, "https://[/"]
)
def test_an_address_that_is_none_is_not_wanted(member: Author, url: str) -> None:
    assert not pictures.want(member, url, source="sso", now=NOW)
    assert not Avatar.objects.exists()


def test_it_ends_when_it_is_told_to(shared_database: None) -> None:
    stopping = threading.Event()
    running = threading.Thread(target=PictureFetcher().run, args=[stopping])
    running.start()

    stopping.set()
    running.join(10)

    assert not running.is_alive()
