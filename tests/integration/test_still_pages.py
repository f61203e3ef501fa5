"""Threads for who runs no script: a page of its own, a fragment, and what search engines read."""

import gzip
import json
from html.parser import HTMLParser
from typing import Any

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.utils import timezone
from django.utils.http import urlencode

from comments.errors import Throttled
from comments.identity.members import member_by_email
from comments.models import Post, Site, Thread
from comments.moderation.services import hide_post
from comments.pages import still_answers
from comments.sites.services import create_site
from comments.sites.texts import counted_text, page_texts
from comments.threads.queries import FIRST_REPLIES, ROOTS_PER_PAGE
from comments.threads.services import lock_against_posting, pin
from tests.cast import ORIGIN, Page, Person
from tests.xss_vectors import XSS_VECTORS

pytestmark = pytest.mark.django_db

VOID = {"meta", "link", "br", "img", "input", "hr"}
CLOSES_BY_ITSELF = {"html"}  # left open, as in every document of ours


class Read(HTMLParser):
    """A document's elements, its text, and whether what it opens it closes."""

    def __init__(self, response: HttpResponseBase) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.data: list[Any] = []
        self.html = getattr(response, "content", b"").decode()
        self.feed(self.html)
        self.close()
        assert set(self.open) <= CLOSES_BY_ITSELF, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            self.data.append(json.loads(data))
        elif self.open[-1:] != ["style"]:
            self.text += data

    def all(self, tag: str, **where: str) -> list[dict[str, str | None]]:
        wanted = {name.rstrip("_"): value for name, value in where.items()}
        return [found for name, found in self.elements if name == tag and wanted.items() <= found.items()]

    def href(self, rel: str) -> str | None:
        found = [attributes for tag in ("a", "link") for attributes in self.all(tag, rel=rel)]
        return found[0]["href"] if found else None


def get(path: str, **query: str | int) -> HttpResponseBase:
    return Client().get(f"{path}?{urlencode(query)}" if query else path)


def address(page: Page) -> str:
    return f"/t/{page.site}/{page.key}/"


def read(page: Page, **query: str | int) -> Read:
    response = get(address(page), **query)
    assert response.status_code == 200
    return Read(response)


def test_a_page_by_its_name_leads_to_its_own_address(page: Page, alice: Person) -> None:
    response = get("/t/blog/", page_id="first", url=page.url, sort="best")

    assert (response.status_code, response.headers["Location"]) == (302, address(page) + "?sort=best")
    assert not Thread.objects.exists()


def test_the_first_comments_can_be_read(page: Page, alice: Person, bob: Person) -> None:
    first = alice.posted("Is *anybody* there?")
    reply = bob.posted("I am.", parent=first)

    shown = read(page)

    assert "alice" in shown.text
    assert "<p>Is <em>anybody</em> there?</p>" in shown.html
    assert [found["id"] for found in shown.all("article")] == [f"kibitz-{first}", f"kibitz-{reply}"]
    assert len(shown.all("ol", class_="kibitz-replies")) == 1
    assert "2 comments" in shown.text
    assert shown.all("a", href=f"{page.url}#kibitz-{reply}")
    created = Post.objects.get(pk=first).created
    assert created.strftime("%Y-%m-%dT%H:%M") in str(shown.all("time")[0]["datetime"])
    assert f"{created:%H:%M} UTC" in shown.text


def test_it_says_where_it_belongs(page: Page, alice: Person) -> None:
    alice.posted()

    shown = read(page)

    assert shown.href("canonical") == page.url
    assert shown.all("link", rel="alternate")[0]["href"] == f"http://testserver{address(page)}atom/"
    assert f"<title>Comments on {page.title}</title>" in shown.html
    assert shown.all("a", href=page.url)
    assert not shown.all("meta", name="robots")


def test_a_site_may_keep_it_from_search_engines(page: Page, site: Site, alice: Person) -> None:
    alice.posted()
    site.is_indexed = False
    site.save()

    response = get(address(page))

    assert response.headers["X-Robots-Tag"] == "noindex"
    assert Read(response).all("meta", name="robots", content="noindex")


def test_older_comments_are_links_away(page: Page, alice: Person) -> None:
    posted = [alice.posted(f"Number {n}.") for n in range(ROOTS_PER_PAGE + 1)]

    first = read(page)
    following = Read(get(str(first.href("next")).removeprefix("http://testserver")))

    assert len(first.all("article")) == ROOTS_PER_PAGE
    assert [found["id"] for found in following.all("article")] == [f"kibitz-{posted[0]}"]
    assert following.href("next") is None
    assert following.all("a", href=f"http://testserver{address(page)}?sort=newest")


@pytest.mark.parametrize("sort", ["oldest", "newest", "best", "controversial"])
def test_every_order_is_a_link_and_keeps_the_language(sort: str, page: Page, alice: Person) -> None:
    alice.posted()

    shown = read(page, sort=sort, lang="de")

    (current,) = shown.all("a", **{"aria-current": "true"})
    assert current["href"] == f"http://testserver{address(page)}?lang=de&sort={sort}"
    assert page_texts("de", {})[sort] in shown.text


def test_the_rest_of_a_branch_is_a_link_away(page: Page, alice: Person) -> None:
    root = alice.posted("The root.")
    replies = [alice.posted(f"Reply {n}.", parent=root) for n in range(FIRST_REPLIES + 1)]

    shown = read(page)
    more = f"http://testserver{address(page)}?root={root}"
    branch = read(page, root=root)

    assert shown.all("a", href=more)
    assert [found["id"] for found in branch.all("article")] == [f"kibitz-{post}" for post in (root, *replies)]
    assert not branch.all("a", href=more)


def test_a_later_page_of_a_branch_says_whom_replies_answer(page: Page, alice: Person, bob: Person) -> None:
    root = alice.posted("The root.")
    parent = bob.posted("A reply.", parent=root)
    alice.posted("Its reply.", parent=parent)

    shown = read(page, root=root, after=parent)

    assert "in reply to bob" in shown.text
    assert len(shown.all("article")) == 2


def test_deep_replies_stay_readable_and_say_whom_they_answer(page: Page, alice: Person) -> None:
    parent = alice.posted()
    for _ in range(9):
        parent = alice.posted(parent=parent)

    shown = read(page)

    assert len(shown.all("ol", class_="kibitz-replies")) == 6
    assert shown.text.count("in reply to alice") == 3


def test_a_pinned_comment_leads_and_a_closed_thread_says_so(page: Page, alice: Person) -> None:
    first = alice.posted("Pin me.")
    alice.posted("The newest.")
    thread = Thread.objects.get()
    pin(thread, Post.objects.get(pk=first), now=timezone.now())
    lock_against_posting(thread, is_locked=True, now=timezone.now())

    shown = read(page)

    assert shown.all("article")[0]["id"] == f"kibitz-{first}"
    assert "Pinned" in shown.text
    assert "Comments are closed." in shown.text
    assert "Write a comment" not in shown.text


SECRET = "Nobody may read this."


def make_hidden(post_id: int) -> None:
    hide_post(Post.objects.get(pk=post_id), now=timezone.now())


def make_pending(post_id: int) -> None:
    Post.objects.filter(pk=post_id).update(status=Post.Status.PENDING, is_listed=False)


@pytest.mark.parametrize("suffix", ["", "fragment/", "atom/"])
@pytest.mark.parametrize("fate", ["hidden", "pending", "deleted"])
def test_what_is_not_public_is_in_no_answer(fate: str, suffix: str, page: Page, alice: Person) -> None:
    alice.posted("Everybody may.")
    secret = Person("Mr Secret", page)
    post_id = secret.posted(SECRET)
    if fate == "deleted":
        secret.delete(post_id)
    else:
        {"hidden": make_hidden, "pending": make_pending}[fate](post_id)

    text = getattr(get(address(page) + suffix), "content", b"").decode()
    branch = get(address(page), root=post_id)

    for told in (text, getattr(branch, "content", b"").decode()):
        assert SECRET not in told
        assert "Mr Secret" not in told
    assert "Everybody may." in text
    assert branch.status_code == (404 if fate == "pending" else 200)


@pytest.mark.one_database
@pytest.mark.parametrize("suffix", ["", "fragment/"])
def test_hostile_comments_are_text(suffix: str, page: Page) -> None:
    for vector in XSS_VECTORS:
        Person(vector[:64], page).post(vector)

    shown = Read(get(address(page) + suffix))

    assert len(shown.all("script")) == (suffix == "")
    assert not [a for _, a in shown.elements if any(name.startswith("on") or name == "style" for name in a)]
    for found in shown.all("a"):
        assert str(found.get("href", "#")).startswith(("http://", "https://", "mailto:", "#"))


def test_nothing_can_leave_the_structured_data(page: Page) -> None:
    mallory = Person("</script><script>alert(1)</script>", page)
    mallory.post("`</script><!--<script>`\u2028")

    shown = read(page)

    (data,) = shown.data
    assert data["comment"][0]["author"]["name"] == mallory.name
    assert data["comment"][0]["text"].startswith("</script><!--<script>")


def test_search_engines_get_the_discussion(page: Page, alice: Person, bob: Person) -> None:
    first = alice.posted("One **bold** line.\n\n- a list")
    reply = bob.posted("A reply.", parent=first)
    deleted = bob.posted("Nothing.", parent=reply)
    alice.posted("Below it.", parent=deleted)
    bob.delete(deleted)

    (data,) = read(page).data

    assert data["@type"] == "DiscussionForumPosting"
    assert (data["url"], data["headline"], data["commentCount"]) == (page.url, page.title, 3)
    assert data["author"]["name"] == "The blog"
    (comment,) = data["comment"]
    assert comment["url"] == f"{page.url}#kibitz-{first}"
    assert comment["text"].split() == ["One", "bold", "line.", "a", "list"]
    assert comment["author"] == {"@type": "Person", "name": "alice"}
    (below,) = comment["comment"]
    assert (below["text"], below["parentItem"]["@id"]) == ("A reply.", f"{page.url}#kibitz-{first}")
    assert [found["text"] for found in below["comment"]] == ["Below it."]
    assert "comment" not in below["comment"][0]


def test_a_branch_of_two_hundred_levels_is_data_too(page: Page, alice: Person) -> None:
    root = parent = alice.posted()
    for _ in range(60):
        parent = alice.posted(parent=parent)

    (data,) = read(page, root=root).data

    assert json.dumps(data).count('"@type": "Comment", "@id"') == 61 + 60


def test_nothing_in_it_runs_and_only_the_site_may_frame_it(page: Page, alice: Person) -> None:
    alice.posted()

    response = get(address(page))

    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert f"frame-ancestors {ORIGIN}" in policy
    assert "script-src" not in policy
    assert "X-Frame-Options" not in response.headers


def test_members_have_their_pictures_there_and_guests_a_letter(page: Page, site: Site, alice: Person) -> None:
    member, _ = member_by_email(site, "ann@example.org", name="Ann")
    alice.posted("A guest's.")
    Post.objects.filter(pk=alice.posted("A member's.")).update(
        author=member, author_name="Ann", author_key=member.public_key, by_member=True
    )
    gone = alice.posted("Gone.")
    alice.posted("An answer.", parent=gone)
    alice.delete(gone)

    response = get(address(page))

    shown = Read(response)
    [picture] = shown.all("img")
    assert picture["src"] == f"/avatars/{member.public_key}"
    assert (picture["alt"], picture["loading"]) == ("", "lazy")
    assert (picture["width"], picture["height"]) == ("32", "32")
    assert len(shown.all("span", class_="kibitz-avatar", **{"aria-hidden": "true"})) == 4
    assert "img-src 'self' data:;" in response.headers["Content-Security-Policy"]
    # a fragment stands in somebody else's page, which may be anywhere
    assert Read(get(address(page) + "fragment/")).all("img") == []


@pytest.mark.parametrize("suffix", ["", "fragment/", "atom/"])
def test_it_is_asked_for_again_and_sent_only_when_it_changed(suffix: str, page: Page, alice: Person) -> None:
    first_id = alice.posted()
    first = get(address(page) + suffix)
    known = {"If-None-Match": first.headers["ETag"]}

    unchanged = Client().get(address(page) + suffix, headers=known)
    Person("bob", page).vote(first_id, 1)
    alice.posted("Another.")
    changed = Client().get(address(page) + suffix, headers=known)

    assert (first.headers["Cache-Control"], first.headers["X-Accel-Expires"]) == ("no-cache", "1")
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


def test_a_vote_alone_changes_it_too(page: Page, alice: Person, bob: Person) -> None:
    post_id = alice.posted()
    before = get(address(page)).headers["ETag"]

    bob.vote(post_id, 1)

    assert get(address(page)).headers["ETag"] != before
    assert "Votes: 1" in read(page).text


def test_it_is_zipped(page: Page, alice: Person) -> None:
    alice.posted()

    response = Client().get(address(page), headers={"Accept-Encoding": "gzip"})

    assert b"Hello." in gzip.decompress(response.content)


@pytest.mark.parametrize(
    ("lang", "shown", "direction"),
    [
        ("de-AT", "de-AT", "ltr"),
        ("ar", "ar", "rtl"),
        ("ja", "ja", "ltr"),
        ("tlh", "en", "ltr"),
        ("<b>", "en", "ltr"),
    ],
)
def test_it_speaks_the_readers_language(
    lang: str, shown: str, direction: str, page: Page, alice: Person
) -> None:
    alice.posted()

    found = read(page, lang=lang)

    assert found.all("html", lang=shown, dir=direction)
    assert counted_text(shown, page_texts(shown, {})["comments"], 1) in found.text


def test_it_says_what_the_owner_wants_said(site: Site, page: Page, alice: Person) -> None:
    alice.posted()
    site.texts = {"en": {"comments": {"one": "{n} voice"}}}
    site.save()

    assert "1 voice" in read(page).text


def test_a_page_without_comments_says_so_and_is_not_indexed(page: Page) -> None:
    shown = read(page)

    assert "No comments yet." in shown.text
    assert shown.all("meta", name="robots", content="noindex")
    assert shown.data == []
    assert not Thread.objects.exists()


def test_a_fragment_has_no_document_around_it(page: Page, alice: Person) -> None:
    post_id = alice.posted()

    response = get(address(page) + "fragment/")

    shown = Read(response)
    tag, attributes = shown.elements[0]
    thread = Thread.objects.get()
    assert (tag, attributes["class"]) == ("section", "kibitz-thread")
    assert attributes["data-kibitz-key"] == page.key
    assert attributes["data-kibitz-seq"] == str(thread.seq)
    assert attributes["data-kibitz-epoch"] == thread.epoch
    assert not {"html", "head", "style", "script", "link", "meta"} & {tag for tag, _ in shown.elements}
    assert shown.all("article", id=f"kibitz-{post_id}")
    assert response.headers["X-Robots-Tag"] == "noindex"


def test_a_fragment_by_the_pages_name_comes_at_once(page: Page, alice: Person) -> None:
    alice.posted()

    by_name = get("/t/blog/fragment/", page_id="first")

    assert by_name.status_code == 200
    assert getattr(by_name, "content", b"") == getattr(get(address(page) + "fragment/"), "content", b"")


@pytest.mark.parametrize(
    ("path", "query", "status", "sentence"),
    [
        ("/t/nothing/", {"page_id": "first"}, 404, "no site with this key"),
        ("/t/nothing/{key}/", {}, 404, "no site with this key"),
        ("/t/other/{key}/", {}, 404, "no thread at this address"),
        ("/t/blog/nothing/", {}, 404, "no thread at this address"),
        ("/t/blog/", {}, 400, "names no page"),
        ("/t/blog/", {"url": "https://evil.example/"}, 403, "not among the origins"),
        ("/t/blog/", {"url": "nowhere"}, 400, "Not an http or https address"),
        ("/t/blog/", {"page_id": "x" * 2_001}, 400, "too long"),
        ("/t/blog/", {"page_id": "\x00"}, 400, "too long"),
        ("/t/blog/{key}/", {"sort": "random"}, 400, "sort: "),
        ("/t/blog/{key}/", {"cursor": "nonsense"}, 400, "not one that this call gave"),
        ("/t/blog/{key}/", {"cursor": "\x00"}, 400, "cursor: "),
        ("/t/blog/{key}/", {"cursor": "x" * 201}, 400, "cursor: "),
        ("/t/blog/{key}/", {"root": "0"}, 400, "root: "),
        ("/t/blog/{key}/", {"root": "9" * 30}, 400, "root: "),
        ("/t/blog/{key}/", {"root": "1e3"}, 400, "root: "),
        ("/t/blog/{key}/", {"root": "999999999"}, 404, "no such comment"),
    ],
)
@pytest.mark.parametrize("suffix", ["", "fragment/"])
def test_what_leads_nowhere_says_so(
    suffix: str, path: str, query: dict[str, str], status: int, sentence: str, page: Page, alice: Person
) -> None:
    alice.posted()
    create_site("other", origins=[ORIGIN])

    response = get(path.format(key=page.key) + suffix, **query)

    assert response.status_code == status
    text = getattr(response, "content", b"").decode()
    assert sentence in text
    assert response.headers["Content-Type"].startswith("text/plain" if suffix else "text/html")
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "X-Accel-Expires" not in response.headers


@pytest.mark.parametrize("suffix", ["", "fragment/", "atom/"])
@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_it_is_for_reading_alone(method: str, suffix: str, page: Page) -> None:
    assert getattr(Client(), method)(address(page) + suffix).status_code == 405


def test_a_reader_who_asks_too_often_is_told_to_wait(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(request: object) -> None:
        raise Throttled(7)

    monkeypatch.setattr(still_answers, "check_reading", refuse)

    response = get(address(page))

    assert (response.status_code, response.headers["Retry-After"]) == (429, "7")
    assert "Try again in 7 s" in getattr(response, "content", b"").decode()
