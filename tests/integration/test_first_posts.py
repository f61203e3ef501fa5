"""The first page of comments in the iframe's document, before any script has run."""

import gzip
import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.utils.http import urlencode

from comments.identity.members import member_by_email
from comments.models import Post, Site, Thread
from comments.pages.assets import asset, csp_hash
from comments.pages.first_posts import hue
from tests.cast import ORIGIN, Page, Person
from tests.xss_vectors import XSS_VECTORS

pytestmark = pytest.mark.django_db

FIRST_LOAD_MAX_BYTES = 13_824  # 13.5 KB
KIBITZ = {"epoch", "seq", "thread", "next"}


class Served(HTMLParser):
    """The document's articles, each as its elements' classes and texts, and how many scripts there are."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.articles: list[dict[str, str]] = []
        self.scripts = 0
        self._classes: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        if tag == "article":
            self.articles.append({"id": dict(attrs).get("id") or "", "class": dict(attrs)["class"] or ""})
            self._classes = []
        self._classes.append(dict(attrs).get("class") or dict(attrs).get("data-act") or tag)

    def handle_endtag(self, tag: str) -> None:
        self._classes = self._classes[:-1]

    def handle_data(self, data: str) -> None:
        if self.articles and self._classes:
            name = self._classes[-1]
            self.articles[-1][name] = self.articles[-1].get(name, "") + data


def served(page: Page, **query: str) -> HttpResponseBase:
    return Client().get(
        f"/embed/{page.site}/?{urlencode({'url': page.url, 'page_id': page.page_id, **query})}"
    )


def content_of(response: HttpResponseBase) -> str:
    return getattr(response, "content", b"").decode()


def start_of(response: HttpResponseBase) -> dict[str, object]:
    found = re.search(r'id="kibitz-boot">(.*?)</script>', content_of(response))
    assert found
    start: dict[str, object] = json.loads(found[1])
    return start


def test_the_first_page_is_there_in_both_of_its_forms(page: Page, alice: Person) -> None:
    first = alice.posted("Is *anybody* there?")
    alice.posted("I am.", parent=first)

    response = served(page)

    start, snapshot = start_of(response), alice.snapshot().data
    assert "<p>Is <em>anybody</em> there?</p>" in content_of(response)
    assert [post | {"html": ""} for post in snapshot["posts"]] == start["posts"]
    assert {name: start[name] for name in KIBITZ} == {name: snapshot[name] for name in KIBITZ}
    assert [article["id"] for article in Served(content_of(response)).articles] == [
        f"kibitz-{first}",
        f"kibitz-{first + 1}",
        "",  # the pattern for new ones
    ]


def test_it_comes_in_the_order_that_the_element_asks_for(page: Page, alice: Person) -> None:
    first, second = alice.posted("First."), alice.posted("Second.")

    oldest = content_of(served(page, sort="oldest"))

    assert oldest.index(f"kibitz-{first}") < oldest.index(f"kibitz-{second}")
    assert '<option value="oldest" selected>' in oldest


def test_who_was_answered_is_said_where_the_place_does_not_show_it(
    page: Page, alice: Person, bob: Person
) -> None:
    at = bob.posted("Depth 0.")
    for depth in range(1, 9):
        at = (bob, alice)[depth % 2].posted(f"Depth {depth}.", parent=at)

    articles = Served(content_of(served(page))).articles[:-1]

    assert [article.get("to", "") for article in articles[:4]] == ["", "", "", "in reply to bob"]
    assert ["deep" in article["class"] for article in articles] == [False] * 7 + [True] * 2


def test_time_is_told_as_the_app_tells_it(page: Page, alice: Person) -> None:
    moments = {alice.posted(): timedelta(seconds=seconds) for seconds in (61, 7_300, 90_000)}
    for pk, age in moments.items():
        Post.objects.filter(pk=pk).update(created=datetime.now(UTC) - age)

    told = [article.get("time") for article in Served(content_of(served(page))).articles[:-1]]

    assert told == ["1 min. ago", "2 hr. ago", "1 day ago"]


@pytest.mark.parametrize("lang", ["ar", "de", "en", "es", "fr", "ja"])
def test_every_language_has_its_first_page(lang: str, page: Page, alice: Person) -> None:
    alice.posted("Hi.")

    assert served(page, lang=lang).status_code == 200


def test_its_styles_are_allowed_by_what_they_are_and_nothing_has_one_of_its_own(
    page: Page, site: Site, alice: Person
) -> None:
    site.stylesheet = ".post { color: red }"
    site.save()
    alice.posted()

    response = served(page)

    html, policy = content_of(response), response.headers["Content-Security-Policy"]
    styles = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert len(styles) == 3
    assert f"style-src {' '.join(map(csp_hash, styles))};" in policy
    assert "style=" not in html.rpartition("</style>")[2].partition("<script")[0]


@pytest.mark.parametrize("fate", ["hidden", "pending", "deleted"])
def test_nothing_is_in_it_that_is_not_public(fate: str, page: Page, alice: Person) -> None:
    secret = Person("Mr Secret", page)
    post_id = secret.posted("Nobody may read this.")
    alice.posted("Everybody may.", parent=post_id)
    Post.objects.filter(pk=post_id).update(status=fate, is_listed=fate != "pending")

    html = content_of(served(page))

    assert "Nobody may" not in html
    assert "Mr Secret" not in html
    assert ("Everybody may." in html) == (fate != "pending")


@pytest.mark.one_database
def test_hostile_comments_stay_in_their_articles(page: Page) -> None:
    for vector in XSS_VECTORS:
        Person(vector[:64], page).post(vector)

    assert Served(content_of(served(page))).scripts == 2


def test_it_says_that_a_moderator_looks_first(page: Page, site: Site) -> None:
    Site.objects.filter(pk=site.pk).update(moderation="pre")

    assert '<p class="notice">Comments appear after' in content_of(served(page))


def test_who_writes_is_asked_after_writing(page: Page, site: Site, alice: Person) -> None:
    alice.posted()
    Site.objects.filter(pk=site.pk).update(guests_may_post=False)

    html = content_of(served(page))

    assert '<form class="composer" data-place="0"><' in html
    assert '<button class="act" data-act="reply">' in html


def test_a_members_picture_lies_over_the_letter(page: Page, site: Site, alice: Person) -> None:
    member, _ = member_by_email(site, "ann@example.org", name="Ann")
    alice.posted("A guest's.")
    Post.objects.filter(pk=alice.posted("A member's.")).update(
        author=member, author_name="Ann", author_key=member.public_key, by_member=True
    )

    articles = content_of(served(page)).split("<article")[1:3]

    image = 'loading="lazy" decoding="async" alt="" width="32" height="32"'
    shown = f'>A<img {image} src="/avatars/{member.public_key}"></span>'
    assert [shown in article for article in articles] == [True, False]


def test_a_closed_thread_says_so_and_has_no_form(page: Page, alice: Person) -> None:
    alice.posted()
    Thread.objects.update(is_locked=True)

    html = content_of(served(page))

    assert '<p class="notice">Comments are closed.</p>' in html
    assert '<form class="composer" data-place="0" hidden>' in html


def test_slow_mode_is_said_at_once(page: Page, alice: Person) -> None:
    alice.posted()
    Thread.objects.update(slow_mode_seconds=30)

    assert '<p class="notice">Slow mode: one comment every 30 seconds.</p>' in content_of(served(page))


def test_read_only_leaves_reading(page: Page, alice: Person) -> None:
    alice.posted("To be read.")

    html = content_of(served(page, read_only="1"))

    assert "To be read." in html
    assert '<form class="composer" data-place="0" hidden>' in html
    assert '<span class="votes" hidden>' in html
    assert "Only members" not in html.partition("<script")[0]


@pytest.mark.usefixtures("site")
def test_what_is_loaded_first_is_small() -> None:
    """The whole document of a page without comments, boot data and all, the loader, and the app."""
    page = Page(site="blog", page_id="an-article", url=f"{ORIGIN}/2026/an-article/", title="An article")
    parts = {
        "loader.js": asset("loader.js").text.encode(),
        "document": getattr(served(page), "content", b""),
        "app.js": asset("app.js").text.encode(),
    }

    sizes = {name: len(gzip.compress(content, 9, mtime=0)) for name, content in parts.items()}

    assert sum(sizes.values()) <= FIRST_LOAD_MAX_BYTES, sizes


@pytest.mark.parametrize(
    ("name", "degrees"), [("alice", 0), ("Ærøskøbing", 36), ("\U0001f600 smile", 277), ("", 0)]
)
def test_names_have_the_apps_colours(name: str, degrees: int) -> None:
    assert hue(name) == degrees
