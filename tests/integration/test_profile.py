"""What members see and change of themselves: what they wrote, and their picture."""

import io
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image

from comments.identity.members import Profile, member_by_email, member_by_profile
from comments.identity.models import Author
from comments.identity.sessions import begin, cookie_name
from comments.posting.services import delete_post
from comments.signin import pictures, profile
from comments.signin.models import Avatar
from comments.sites.models import Site
from comments.sites.services import create_site
from comments.threads.models import Post
from tests import services
from tests.cast import API, ORIGIN, Answer, Page, Person, page_of
from tests.services import Service

OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


def png(color: str = "red", size: int = 120) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (size, size), color).save(written, "PNG")
    return written.getvalue()


def signed_in(author: Author, page: Page) -> Person:
    person = Person(author.name, page)
    person.client.cookies[cookie_name(page.site)] = begin(author, provider="", now=timezone.now())[1]
    return person


@pytest.fixture
def member(site: Site) -> Author:
    return member_by_email(site, "ann@example.org", name="Ann")[0]


@pytest.fixture
def ann(page: Page, member: Author) -> Person:
    return signed_in(member, page)


def post(person: Person, body: str = "Hello.", page: Page | None = None) -> int:
    page = page or person.page
    answer = person.send("POST", page.path + "posts/", page.comment(body=body), OWN_PAGE)
    assert answer.status == 201, answer
    return int(answer.data["id"])


def own_posts(person: Person, cursor: str = "") -> Answer:
    path = f"{API}sites/{person.page.site}/session/posts/?cursor={cursor}"
    return person.send("GET", path, headers=OWN_PAGE)


def upload(person: Person, content: bytes, kind: str = "image/png", **headers: str) -> Answer:
    path = f"{API}sites/{person.page.site}/session/avatar/"
    return person.send("PUT", path, content, OWN_PAGE | {"Content-Type": kind} | headers)


def image_of(author: Author, **headers: str) -> Any:
    return Client().get(f"/avatars/{author.public_key}", headers=headers)


def test_own_posts_come_newest_first_with_their_pages(ann: Person, page: Page, site: Site) -> None:
    second = page_of(site, "second")
    ids = [post(ann), post(ann, page=second)]
    Person("Bob", page).posted()

    answer = own_posts(ann)

    assert answer.status == 200
    assert [found["id"] for found in answer.data["posts"]] == ids[::-1]
    assert answer.data["posts"][1]["thread"] == {"key": page.key, "title": page.title, "url": page.url}
    assert answer.data["next"] is None
    assert answer.headers["Cache-Control"] == "no-store"


def test_own_posts_come_in_pages(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "POSTS_PER_PAGE", 2)
    ids = [post(ann) for _ in range(5)]

    pages: list[list[int]] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = own_posts(ann, cursor)
        pages.append([found["id"] for found in answer.data["posts"]])
        cursor = answer.data["next"]

    assert pages == [[ids[4], ids[3]], [ids[2], ids[1]], [ids[0]]]


def test_own_posts_look_as_their_author_sees_them(ann: Person, member: Author) -> None:
    ids = [post(ann, f"Number {number}") for number in range(6)]
    for pk, status in zip(ids, ["published", "pending", "spam", "shadowed", "hidden", "erased"], strict=True):
        Post.objects.filter(pk=pk).update(status=status)
    gone = post(ann)
    delete_post(Post.objects.get(pk=gone), author=member, is_moderator=False, now=timezone.now())

    shown = {found["id"]: (found["status"], bool(found["html"])) for found in own_posts(ann).data["posts"]}

    assert shown == {
        ids[0]: ("published", True),
        ids[1]: ("pending", True),
        ids[2]: ("pending", True),
        ids[3]: ("published", True),
        ids[4]: ("hidden", False),
    }


def test_posts_of_another_site_and_of_others_are_not_among_them(ann: Person, member: Author) -> None:
    other = create_site("other", origins=[ORIGIN], is_unlimited=True)
    twin = member_by_email(other, "ann@example.org", name="Ann")[0]
    there = signed_in(twin, page_of(other))
    post(there)

    assert own_posts(ann).data["posts"] == []
    assert len(own_posts(there).data["posts"]) == 1


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "9" * 19, "²", "%00", "1;2"])
def test_a_cursor_that_is_none_is_refused(ann: Person, cursor: str) -> None:
    answer = own_posts(ann, cursor)

    assert (answer.status, answer.code) == (400, "invalid_cursor")


def test_guests_and_strangers_are_signed_out(page: Page, member: Author) -> None:
    guest = Person("Bob", page)
    guest.posted()
    guest.token = guest.post().headers["X-Kibitz-Token"]

    for person in (Person("stranger", page), guest):
        assert (own_posts(person).status, own_posts(person).code) == (401, "signed_out")
        assert upload(person, png()).status == 401
        for method, path in (("DELETE", ""), ("POST", "gravatar/")):
            answer = person.send(method, f"{API}sites/blog/session/avatar/{path}", headers=OWN_PAGE)
            assert (answer.status, answer.code) == (401, "signed_out")


def test_an_upload_is_shown_as_a_small_webp(ann: Person, member: Author) -> None:
    answer = upload(ann, png())

    assert answer.status == 200
    version = Avatar.objects.get().version
    assert answer.data["author"]["avatar"] == f"/avatars/{member.public_key}?v={version}"
    found = image_of(member)
    assert (found.status_code, found["Content-Type"]) == (200, "image/webp")
    assert found["Cache-Control"] == "public, max-age=3600"
    assert found["X-Content-Type-Options"] == "nosniff"
    assert found["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert not found.cookies
    assert Image.open(io.BytesIO(found.content)).size == (96, 96)


def test_a_picture_that_is_known_is_not_sent_again(ann: Person, member: Author) -> None:
    upload(ann, png())
    etag = image_of(member)["ETag"]

    assert image_of(member, **{"If-None-Match": etag}).status_code == 304
    upload(ann, png("blue"))
    assert image_of(member, **{"If-None-Match": etag}).status_code == 200


def test_who_is_unknown_and_who_has_no_picture_look_the_same(member: Author) -> None:
    stranger = Client().get("/avatars/aaaaaaaaaaaa")
    known = image_of(member)

    assert (stranger.status_code, known.status_code) == (200, 200)
    assert dict(stranger.headers) | {"Content-Length": ""} == dict(known.headers) | {"Content-Length": ""}
    assert known["Content-Type"] == "image/svg+xml"
    assert known["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert known.content.startswith(b"<svg ")


def test_a_guests_key_has_no_picture(page: Page, member: Author, ann: Person) -> None:
    upload(ann, png())
    Author.objects.filter(pk=member.pk).update(is_member=False)

    assert image_of(member)["Content-Type"] == "image/svg+xml"


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_pictures_are_only_looked_at_there(member: Author, method: str) -> None:
    assert getattr(Client(), method)(f"/avatars/{member.public_key}").status_code == 405


@pytest.mark.parametrize("kind", ["image/svg+xml", "text/html", "application/json", "multipart/form-data"])
def test_other_kinds_of_files_are_not_taken(ann: Person, kind: str) -> None:
    answer = upload(ann, b"<svg xmlns='http://www.w3.org/2000/svg'/>", kind)

    assert answer.status == 415
    assert not Avatar.objects.exists()


@pytest.mark.parametrize(
    "content", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a", png()[:80], b"{}"]
)
def test_what_is_no_picture_is_refused(ann: Person, content: bytes) -> None:
    answer = upload(ann, content)

    assert (answer.status, answer.code) == (400, "invalid")
    assert not Avatar.objects.exists()


def test_what_is_too_large_is_not_read(ann: Person) -> None:
    assert upload(ann, bytes(pictures.MAX_BYTES + 1)).status == 413
    assert upload(ann, bytes(pictures.MAX_BYTES)).status == 400


def test_another_page_cannot_change_a_picture(ann: Person) -> None:
    assert upload(ann, png(), **{"Sec-Fetch-Site": "cross-site"}).status == 403
    assert upload(ann, png(), **{"X-Kibitz": "0"}).status == 403


def test_who_is_banned_keeps_their_picture_and_may_take_it_away(ann: Person, member: Author) -> None:
    upload(ann, png())
    Author.objects.filter(pk=member.pk).update(banned_at=timezone.now())

    assert (upload(ann, png("blue")).status, upload(ann, png("blue")).code) == (403, "banned")
    gone = ann.send("DELETE", f"{API}sites/blog/session/avatar/", headers=OWN_PAGE)
    assert (gone.status, image_of(member)["Content-Type"]) == (200, "image/svg+xml")


def test_uploads_are_limited(ann: Person) -> None:
    statuses = [upload(ann, b"x").status for _ in range(7)]

    assert (statuses[0], statuses[-1]) == (400, 429)


@pytest.fixture
def gravatar(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with services.service(services.answers(png("blue"))) as found:
        monkeypatch.setenv("KIBITZ_GRAVATAR_URL", f"http://127.0.0.1:{found.port}/avatar")
        monkeypatch.setenv("KIBITZ_EXTERNAL_MAY_BE_PRIVATE", "1")
        yield found


def take_gravatar(person: Person) -> Answer:
    return person.send("POST", f"{API}sites/blog/session/avatar/gravatar/", headers=OWN_PAGE)


def test_a_gravatar_is_fetched_by_the_server(ann: Person, member: Author, gravatar: Service) -> None:
    answer = take_gravatar(ann)

    assert answer.status == 200
    assert image_of(member)["Content-Type"] == "image/webp"
    digest = sha256(b"ann@example.org").hexdigest()
    [asked] = gravatar.asked
    assert asked.line == f"GET /avatar/{digest}?d=404&s=192 HTTP/1.1"


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [
        (services.answers("none", "404 Not Found"), 404),
        (services.answers("<svg/>"), 404),
        (services.answers("", "302 Found", Location="http://127.0.0.1/admin/"), 503),
        (services.answers("", "500 Oh"), 503),
        (services.sends(b"nonsense"), 503),
    ],
    ids=["none", "no picture", "redirect", "broken", "no HTTP"],
)
def test_a_gravatar_that_is_none_changes_nothing(
    ann: Person, gravatar: Service, behaviour: services.Behaviour, status: int
) -> None:
    gravatar.behaviour = behaviour

    assert take_gravatar(ann).status == status
    assert not Avatar.objects.exists()
    assert len(gravatar.asked) == 1


def test_without_a_proved_address_nobody_is_asked(page: Page, site: Site, gravatar: Service) -> None:
    author, _ = member_by_profile(site, Profile("github", "1", name="Gil", email="x@example.org"))

    answer = take_gravatar(signed_in(author, page))

    assert (answer.status, answer.code, gravatar.asked) == (404, "not_found", [])
