"""Atom feeds of threads and sites."""

from datetime import UTC, datetime, timedelta
from typing import Final
from xml.etree import ElementTree as ET

import pytest
from django.db import connection
from django.http import HttpResponseBase
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.http import urlencode

from comments.models import Post, Site, Thread
from comments.moderation.services import hide_post
from comments.sites.services import create_site
from comments.threads.latest import LATEST, newest_of_site
from tests.cast import ORIGIN, Page, Person, page_of

pytestmark = pytest.mark.django_db

ATOM: Final = "{http://www.w3.org/2005/Atom}"
REPLY: Final = "{http://purl.org/syndication/thread/1.0}in-reply-to"


def get(path: str, **query: str) -> HttpResponseBase:
    return Client().get(f"{path}?{urlencode(query)}" if query else path)


def feed(path: str, **query: str) -> ET.Element:
    response = get(path, **query)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    return ET.fromstring(getattr(response, "content", b""))


def entries(root: ET.Element) -> list[ET.Element]:
    return root.findall(ATOM + "entry")


def text(element: ET.Element, path: str) -> str:
    return element.findtext("/".join(ATOM + step for step in path.split("/"))) or ""


def href(element: ET.Element, rel: str) -> str:
    return next(link.attrib["href"] for link in element.findall(ATOM + "link") if link.attrib["rel"] == rel)


def address(page: Page) -> str:
    return f"/t/{page.site}/{page.key}/atom/"


def test_a_threads_feed_has_its_posts_newest_first(page: Page, alice: Person, bob: Person) -> None:
    first = alice.posted("Is *anybody* there?")
    reply = bob.posted("I am.", parent=first)

    root = feed(address(page))

    newest, oldest = entries(root)
    assert (text(newest, "author/name"), text(oldest, "author/name")) == ("bob", "alice")
    assert href(newest, "alternate") == f"{page.url}#kibitz-{reply}"
    content = oldest.find(ATOM + "content")
    assert content is not None
    assert (content.attrib["type"], content.text) == ("html", "<p>Is <em>anybody</em> there?</p>")
    answered = newest.find(REPLY)
    assert answered is not None
    assert answered.attrib == {"ref": text(oldest, "id"), "href": f"{page.url}#kibitz-{first}"}
    assert oldest.find(REPLY) is None


def test_a_feed_has_what_atom_asks_for(page: Page, alice: Person) -> None:
    alice.posted()

    root = feed(address(page))

    assert text(root, "title") == f"Comments on {page.title}"
    assert href(root, "alternate") == page.url
    assert href(root, "self") == f"http://testserver{address(page)}"
    for element in (root, *entries(root)):
        for needed in ("id", "title", "updated", "author/name"):
            assert text(element, needed), needed
        assert datetime.fromisoformat(text(element, "updated")).tzinfo
    ids = [text(element, "id") for element in (root, *entries(root))]
    assert len(set(ids)) == 2
    assert all(found.startswith("tag:") for found in ids)


def test_ids_stay_when_the_page_moves_and_is_renamed(page: Page, alice: Person) -> None:
    alice.posted()
    before = text(entries(feed(address(page)))[0], "id")

    Thread.objects.update(url="https://elsewhere.example/", title="Another")
    Site.objects.update(name="Another", origins=[])

    assert text(entries(feed(address(page)))[0], "id") == before


def test_an_edit_updates_a_post_and_a_deletion_takes_it_out(page: Page, alice: Person) -> None:
    kept, deleted = alice.posted(), alice.posted()
    edited_at = timezone.now() + timedelta(minutes=5)
    Post.objects.filter(pk=kept).update(edited=edited_at)
    alice.delete(deleted)

    (entry,) = entries(feed(address(page)))

    assert text(entry, "updated") == edited_at.isoformat()
    assert text(feed(address(page)), "updated") == text(entry, "updated")


def test_a_feed_ends_with_the_newest(page: Page, alice: Person) -> None:
    for number in range(LATEST + 2):
        alice.posted(f"Number {number}.")

    found = entries(feed(address(page)))

    assert len(found) == LATEST
    assert "Number 51." in (found[0].findtext(ATOM + "content") or "")


def test_control_characters_do_not_break_it(page: Page, alice: Person) -> None:
    post_id = alice.posted()
    Post.objects.filter(pk=post_id).update(html="<p>\x01\x0b\x1f\ufffe\uffff ok</p>", author_name="al\x08ice")
    Thread.objects.update(title="ti\x02tle & <b>")

    (entry,) = entries(feed(address(page)))

    assert text(entry, "content") == "<p> ok</p>"
    assert text(entry, "author/name") == "alice"
    assert text(entry, "title") == "alice on title & <b>"


def test_an_empty_feed_is_one(page: Page, site: Site) -> None:
    for path in (address(page), "/t/blog/atom/"):
        root = feed(path)

        assert entries(root) == []
        assert text(root, "updated") == site.created.astimezone(UTC).isoformat()
    assert not Thread.objects.exists()


def test_a_sites_feed_has_all_its_threads(site: Site, alice: Person, bob: Person) -> None:
    other = page_of(site, "second")
    alice.posted("In the first.")
    bob.posted("In the second.", page=other)
    alice.posted("In the first again.")
    stranger = Person("eve", page_of(create_site("strange", origins=[ORIGIN])))
    stranger.posted("Elsewhere.")

    root = feed("/t/blog/atom/")

    said = [text(entry, "content") for entry in entries(root)]
    assert said == ["<p>In the first again.</p>", "<p>In the second.</p>", "<p>In the first.</p>"]
    assert text(root, "title") == "Comments on The blog"


def test_a_sites_feed_takes_the_newest_of_any_number_of_threads(site: Site) -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(60):
        thread = Thread.objects.create(
            site=site, key=f"{number:026}", page_id=f"{number}", url=ORIGIN, epoch="e", posts=3, created=begin
        )
        for step in range(3):
            Post.objects.create(
                site=site,
                thread=thread,
                author_name="alice",
                body="x",
                html=f"{step * 100 + number}",
                created=begin + timedelta(minutes=step * 100 + number),
            )

    with CaptureQueriesContext(connection) as asked:
        root = feed("/t/blog/atom/")

    said = [int(text(entry, "content")) for entry in entries(root)]
    assert said == list(range(259, 209, -1))
    assert len(asked) <= 2  # the site, and its posts


def test_what_is_not_public_is_in_no_sites_feed(alice: Person) -> None:
    kept, deleted, hidden = (alice.posted(body) for body in ("Kept.", "Deleted.", "Hidden."))
    alice.delete(deleted)
    hide_post(Post.objects.get(pk=hidden), now=timezone.now())

    (entry,) = entries(feed("/t/blog/atom/"))

    assert text(entry, "id").endswith(f"/{kept}")


def test_a_feed_of_a_page_by_its_name(page: Page, alice: Person) -> None:
    alice.posted()

    by_name = get("/t/blog/atom/", page_id="first")

    assert getattr(by_name, "content", b"1") == getattr(get(address(page)), "content", b"2")


def test_the_newest_are_found_by_an_index(page: Page, alice: Person) -> None:
    alice.posted()
    newest = Post.objects.filter(thread=Thread.objects.get()).order_by("-created", "-pk")

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_sort = off")
        plan = newest[:LATEST].explain()

    assert "post_created" in plan


def test_a_sites_newest_are_one_scan_of_an_index(page: Page, alice: Person) -> None:
    alice.posted()

    newest = newest_of_site(Site.objects.get(key=page.site))

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_sort = off")
        plan = newest[:LATEST].explain()

    assert "post_of_site" in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize(
    ("path", "query", "status", "sentence"),
    [
        ("/t/nothing/atom/", {}, 404, "no site with this key"),
        ("/t/other/{key}/atom/", {}, 404, "no thread at this address"),
        ("/t/blog/nothing/atom/", {}, 404, "no thread at this address"),
        ("/t/blog/atom/", {"url": "https://evil.example/"}, 403, "not among the origins"),
        ("/t/blog/atom/", {"url": ""}, 400, "names no page"),
        ("/t/blog/atom/", {"page_id": "\x00"}, 400, "too long"),
    ],
)
def test_a_feed_that_is_not_there_says_so_in_words(
    path: str, query: dict[str, str], status: int, sentence: str, page: Page, alice: Person
) -> None:
    alice.posted()
    create_site("other", origins=[ORIGIN])

    response = get(path.format(key=page.key), **query)

    assert response.status_code == status
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert sentence in getattr(response, "content", b"").decode()
