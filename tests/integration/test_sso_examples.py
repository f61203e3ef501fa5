"""What embed/sso gives to site owners: its tokens sign in."""

import json
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any, Final

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.template import Context, Engine
from django.test import RequestFactory

from comments.models import Author, Identity, Site, SiteSignIn
from tests.cast import API, ORIGIN, Page, Person
from tests.running import ROOT

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

SSO: Final = ROOT / "embed" / "sso"
KEY: Final = "a secret of the site and of Kibitz alone"
ANN: Final = {"id": 7, "name": 'Ann "Ⅻ" O’Neil', "email": "ann@example.org"}


@pytest.fixture(autouse=True)
def sso(site: Site) -> None:
    SiteSignIn.objects.create(site=site, sso_algorithm="HS256", sso_key=KEY)


@pytest.fixture
def engine(settings: Any) -> Iterator[Engine]:
    settings.KIBITZ_URL = "https://comments.example.org/"
    settings.KIBITZ_SSO_KEY = KEY
    sys.path.insert(0, str(SSO / "django"))
    yield Engine(libraries={"kibitz": "kibitz_sso.templatetags.kibitz"})
    sys.path.remove(str(SSO / "django"))


class Element(HTMLParser):
    """The attributes of the page's <kibitz-comments>, and the script's address."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.attributes: dict[str, str | None] = {}
        self.script = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "kibitz-comments":
            self.attributes = dict(attrs)
        elif tag == "script":
            self.script = dict(attrs)["src"] or ""


def rendered(engine: Engine, tag: str, user: object = None) -> Element:
    request = RequestFactory(SERVER_NAME="blog.example.org").get("/", secure=True)
    template = engine.from_string("{% load kibitz %}" + tag)
    return Element(template.render(Context({"request": request, "user": user, "id": 'a"><script>'})))


def signed_in(page: Page, token: str | None) -> Any:
    answer = Person("ann", page).send(
        "POST", f"{API}sites/blog/sso/", {"token": token}, {"Sec-Fetch-Site": "same-origin"}
    )
    assert answer.status == 200, answer
    return answer.data["author"]


def test_the_template_tag_signs_in_whoever_is_logged_in(engine: Engine, page: Page) -> None:
    ann = User.objects.create_user("ann", email="ann@example.org", first_name="Ann", last_name="O'Neil")

    element = rendered(engine, '{% kibitz_comments site="blog" page_id="first" user=user %}', ann)

    assert element.script == "https://comments.example.org/embed.js"
    assert signed_in(page, element.attributes["sso-token"])["name"] == "Ann O'Neil"
    assert Identity.objects.get().subject == str(ann.pk)
    assert not Author.objects.get(name="Ann O'Neil").is_email_verified  # nobody has proved it


def test_it_says_that_nobody_is_and_nothing_where_it_is_not_asked(engine: Engine) -> None:
    asked = rendered(engine, '{% kibitz_comments site="blog" page_id="1" user=user %}', AnonymousUser())
    not_asked = rendered(engine, '{% kibitz_comments site="blog" page_id="1" read_only="" lang="de" %}')

    assert asked.attributes == {"site": "blog", "page-id": "1", "sso-token": ""}
    assert not_asked.attributes == {"site": "blog", "page-id": "1", "read-only": "", "lang": "de"}


def test_it_escapes_what_it_is_given(engine: Engine) -> None:
    element = rendered(engine, '{% kibitz_comments site="blog" page_id=id %}')

    assert element.attributes["page-id"] == 'a"><script>'


def test_its_token_takes_more_claims(engine: Engine, page: Page) -> None:
    from kibitz_sso.templatetags.kibitz import kibitz_token  # type: ignore[import-not-found]

    ann = SimpleNamespace(pk=7, email="ann@example.org", get_full_name=lambda: "", get_username=lambda: "ann")
    token = kibitz_token(ann, site="blog", issuer=ORIGIN, more={"role": "moderator", "email_verified": True})

    author = signed_in(page, token)
    assert (author["badge"], author["email"]) == ("moderator", "ann@example.org")


def test_the_example_for_node_signs_in(page: Page) -> None:
    program = (
        f"import {{ kibitzToken }} from {json.dumps(str(SSO / 'node.mjs'))};"
        "const [user, site] = process.argv.slice(1).map(JSON.parse);"
        "console.log(kibitzToken(user, site)); console.log(kibitzToken(null, site));"
    )
    site = {"site": "blog", "issuer": ORIGIN, "key": KEY}
    said = subprocess.run(
        ["node", "--input-type=module", "-e", program, json.dumps(ANN), json.dumps(site)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout

    token, nobody = said.split("\n")[:2]
    assert (signed_in(page, token)["name"], nobody) == (ANN["name"], "")
