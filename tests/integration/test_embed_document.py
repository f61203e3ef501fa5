"""The document inside the iframe, its script and the loader."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.utils.http import urlencode

from comments.cells import VARIABLE
from comments.models import Site, SiteSignIn, Thread
from comments.pages.assets import app_url, asset
from comments.sites.services import create_site
from tests.cast import ORIGIN, Page, Person
from tests.xss_vectors import XSS_VECTORS

pytestmark = pytest.mark.django_db


class Document(HTMLParser):
    """The scripts of a page, and the text of its main part."""

    def __init__(self, response: HttpResponseBase) -> None:
        super().__init__()
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.root: dict[str, str | None] = {}
        self._is_in_script = False
        self.feed(getattr(response, "content", b"").decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script":
            self._is_in_script = True
            self.scripts.append((dict(attrs), ""))
        elif tag == "html":
            self.root = dict(attrs)

    def handle_endtag(self, tag: str) -> None:
        self._is_in_script = self._is_in_script and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._is_in_script:
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)


def policy_of(response: HttpResponseBase) -> dict[str, str]:
    parts = (part.partition(" ") for part in response.headers["Content-Security-Policy"].split("; "))
    return {name: value for name, _, value in parts}


def document(key: str = "blog", **query: str) -> HttpResponseBase:
    return Client().get(f"/embed/{key}/?{urlencode(query)}")


def test_the_document_holds_what_the_app_needs_to_start(page: Page, alice: Person) -> None:
    alice.posted()

    shown = Document(document(url=page.url, page_id="first", title="  The\n first  article "))

    (attributes, boot), app = shown.scripts
    start = json.loads(boot)
    bootstrap = alice.get("/api/v1/sites/blog/thread/", page_id="first", url=page.url).data
    assert attributes == {"type": "application/json", "id": "kibitz-boot"}
    assert {name: start[name] for name in bootstrap} == bootstrap
    assert start["page"] == page.named()
    assert (start["site"], start["origins"], start["api"]) == ("blog", [ORIGIN], "/api/v1/")
    assert app == ({"type": "module", "src": app_url()}, "")


@pytest.mark.usefixtures("site")
def test_the_document_makes_no_row() -> None:
    document(url=ORIGIN)

    assert not Thread.objects.exists()


@pytest.mark.usefixtures("site")
def test_only_the_sites_own_pages_may_frame_it_and_only_its_own_script_runs() -> None:
    response = document(url=ORIGIN)

    policy = policy_of(response)
    assert response.status_code == 200
    assert policy["frame-ancestors"] == ORIGIN
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self' ws://testserver http://testserver"
    assert policy["trusted-types"] == "kibitz"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "X-Frame-Options" not in response.headers


@pytest.mark.usefixtures("site")
def test_the_app_may_reach_every_push_node_of_its_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = [
        {"public": "https://push1.example.org", "publish": "unix:/run/push1"},
        {"public": "http://127.0.0.1:8081", "publish": "unix:/run/push2"},
    ]
    monkeypatch.setenv(VARIABLE, json.dumps({"main": {"sites": ["*"], "nodes": nodes}}))

    response = document(url=ORIGIN)

    start = json.loads(Document(response).scripts[0][1])
    allowed = policy_of(response)["connect-src"].split()
    assert allowed == [
        "'self'",
        "wss://push1.example.org",
        "https://push1.example.org",
        "ws://127.0.0.1:8081",
        "http://127.0.0.1:8081",
    ]
    assert start["live"]["ws"].partition("/live/")[0] in allowed


@pytest.mark.usefixtures("site")
def test_the_front_may_keep_the_document_for_a_second() -> None:
    assert document(url=ORIGIN).headers["X-Accel-Expires"] == "1"


@pytest.mark.usefixtures("site")
def test_the_style_is_allowed_by_what_it_is() -> None:
    response = document(url=ORIGIN)

    style = re.search(r"<style>(.*?)</style>", getattr(response, "content", b"").decode(), re.DOTALL)
    assert style
    assert style[1] == asset("app.css").text
    assert policy_of(response)["style-src"] == asset("app.css").csp_hash


def test_every_origin_of_the_site_may_frame_it() -> None:
    create_site("many", origins=["https://a.example", "http://b.example:8080", "https://bücher.example"])

    policy = policy_of(document("many", url="https://a.example/"))

    ancestors = "https://a.example http://b.example:8080 https://xn--bcher-kva.example"
    assert policy["frame-ancestors"] == ancestors


def test_a_site_without_origins_is_framed_by_nobody() -> None:
    create_site("nobody", origins=[])

    assert policy_of(document("nobody", page_id="first"))["frame-ancestors"] == "'none'"


@pytest.mark.parametrize("name", ["title", "page_id"])
@pytest.mark.parametrize(
    "attack",
    [
        *XSS_VECTORS[:6],
        "</script><script>alert(1)</script>",
        "<!--<script>",
        "\u2028alert(1)",
        "&lt;/script>",
    ],
)
@pytest.mark.usefixtures("site")
def test_what_a_page_says_of_itself_cannot_leave_its_script_element(attack: str, name: str) -> None:
    shown = Document(document(**({"url": ORIGIN, "page_id": "first"} | {name: attack})))

    assert [attributes.get("src") for attributes, _ in shown.scripts] == [None, app_url()]
    assert json.loads(shown.scripts[0][1])["page"]["page_id"] in {"first", attack.strip()}


@pytest.mark.parametrize(
    ("key", "query", "status", "sentence"),
    [
        ("nothing", {"url": ORIGIN}, 404, "no site with this key"),
        ("blog", {"url": "https://evil.example/"}, 403, "https://evil.example is not among the origins"),
        ("blog", {"url": "javascript:alert(1)", "page_id": "first"}, 403, "not among the origins"),
        ("blog", {"url": "nowhere"}, 400, "not valid"),
        ("blog", {}, 400, "names no page"),
        ("blog", {"page_id": "x" * 2_001}, 400, "too long"),
        ("blog", {"page_id": "\x00"}, 400, "too long"),
    ],
)
@pytest.mark.usefixtures("site")
def test_a_page_that_may_not_embed_it_gets_a_sentence_in_a_frame(
    key: str, query: dict[str, str], status: int, sentence: str
) -> None:
    response = document(key, **query)

    assert response.status_code == status
    assert sentence in getattr(response, "content", b"").decode()
    assert policy_of(response)["frame-ancestors"] == "*"
    assert policy_of(response)["connect-src"] == "'none'"
    assert Document(response).scripts == []


@pytest.mark.parametrize("url", ["https://<script>alert(1)</script>.example/", "https://'onload='x.example/"])
@pytest.mark.usefixtures("site")
def test_a_refusal_repeats_no_markup(url: str) -> None:
    assert Document(document(url=url)).scripts == []


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({"theme": "dark", "lang": "de-AT"}, {"data-theme": "dark", "lang": "de-AT", "dir": "ltr"}),
        ({"theme": "dark", "lang": "pt-BR"}, {"data-theme": "dark", "lang": "en", "dir": "ltr"}),
        ({"theme": "light", "lang": "ar"}, {"data-theme": "light", "lang": "ar", "dir": "rtl"}),
        ({}, {"data-theme": "auto", "lang": "en", "dir": "ltr"}),
        (
            {"theme": '"><script>', "lang": '"><script>'},
            {"data-theme": "auto", "lang": "en", "dir": "ltr"},
        ),
    ],
)
@pytest.mark.usefixtures("site")
def test_it_looks_as_the_page_asks(asked: dict[str, str], shown: dict[str, str]) -> None:
    assert Document(document(url=ORIGIN, **asked)).root == shown


def start_of(response: HttpResponseBase) -> dict[str, Any]:
    start: dict[str, Any] = json.loads(Document(response).scripts[0][1])
    return start


def content_of(response: HttpResponseBase) -> str:
    return str(getattr(response, "content", b"").decode())


def test_only_the_readers_language_travels_with_the_owners_texts_in_it(site: Site) -> None:
    site.texts = {"de": {"placeholder": "Sag Hallo …"}, "fr": {"placeholder": "Dites bonjour…"}}
    site.save()

    german = document(url=ORIGIN, lang="de-AT")

    texts = start_of(german)["texts"]
    assert 'placeholder="Sag Hallo …"' in content_of(german)
    assert texts["locked"] == "Die Kommentare sind geschlossen."
    assert "post" not in texts
    assert "bonjour" not in content_of(german)
    assert "<title>Kommentare auf" in content_of(german)
    assert "Zum Schreiben braucht es JavaScript" in content_of(german)


def test_what_writers_are_told_comes_apart_with_the_owners_texts_in_it(site: Site) -> None:
    site.texts = {"de": {"post": "Ab damit"}}
    site.save()

    told = Client().get("/api/v1/sites/blog/texts/", {"lang": "de-AT"})

    assert (told.status_code, told["Content-Type"]) == (200, "application/json")
    assert (told.json()["post"], told.json()["save"]) == ("Ab damit", "Speichern")
    assert "locked" not in told.json()


def test_what_writers_are_told_on_no_site_is_a_problem() -> None:
    answer = Client().get("/api/v1/sites/nowhere/texts/")

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_site")


@pytest.mark.usefixtures("site")
def test_a_refusal_speaks_the_pages_language_too() -> None:
    refused = document(url="https://evil.example/", lang="ja")

    assert "ここにはコメントを表示できません。" in content_of(refused)
    assert Document(refused).root["lang"] == "ja"


def test_an_owners_stylesheet_comes_after_ours_and_is_allowed_by_what_it_is(site: Site) -> None:
    site.stylesheet = 'body > main::before { content: "é" }'
    site.save()

    response = document(url=ORIGIN)

    ours, theirs = re.findall(r"<style>(.*?)</style>", content_of(response), re.DOTALL)
    digest = b64encode(sha256(site.stylesheet.encode()).digest()).decode()
    assert (ours, theirs) == (asset("app.css").text, site.stylesheet)
    assert policy_of(response)["style-src"] == f"{asset('app.css').csp_hash} 'sha256-{digest}'"


@pytest.mark.parametrize(
    ("asked", "sort"), [("oldest", "oldest"), ("best", "best"), ("", "newest"), ("worst", "newest")]
)
@pytest.mark.usefixtures("site")
def test_the_first_page_comes_in_the_order_that_the_page_asks_for(asked: str, sort: str) -> None:
    assert start_of(document(url=ORIGIN, sort=asked))["sort"] == sort


@pytest.mark.usefixtures("site")
def test_a_page_may_ask_for_comments_to_read_only() -> None:
    shown = start_of(document(url=ORIGIN, read_only="1"))
    usual = start_of(document(url=ORIGIN))

    assert (shown["read_only"], usual["read_only"]) == (True, False)
    assert (shown["settings"]["guests_may_post"], shown["settings"]["votes"]) == (False, False)
    assert (usual["settings"]["guests_may_post"], usual["settings"]["votes"]) == (True, True)


@pytest.mark.usefixtures("site")
def test_the_document_is_zipped_too() -> None:
    response = Client().get("/embed/blog/?page_id=first", headers={"Accept-Encoding": "gzip"})

    assert response.headers["Content-Encoding"] == "gzip"


def test_a_site_that_was_renamed_shows_its_name_escaped(site: Site) -> None:
    site.name = "</title><script>alert(1)</script>"
    site.save()

    assert len(Document(document(url=ORIGIN)).scripts) == 2


@pytest.mark.one_database
def test_the_app_is_told_where_the_site_has_accounts_of_its_own(site: Site) -> None:
    address = f"/embed/{site.key}/?url={ORIGIN}/first/"
    before = getattr(Client().get(address), "content", b"")

    SiteSignIn.objects.create(site=site, sso_algorithm="HS256", sso_key="a key that is never told to anybody")

    after = getattr(Client().get(address), "content", b"")
    assert (b'"sso":true' in before, b'"sso":true' in after) == (False, True)
    assert b"never told" not in after
