"""Through the popup to a real identity provider and back, by OpenID Connect and by plain OAuth 2."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session as DjangoSession
from django.test import Client

from comments.identity.members import Profile, member_by_email
from comments.identity.models import Author, Identity, Session
from comments.signin.handoffs import challenge_of
from comments.signin.models import EmailCode, Handoff, SiteSignIn
from comments.signin.providers import NAMES, app_of, profile_of, provider_of
from comments.signin.ways import ways_of
from comments.sites.models import Site
from comments.sites.services import create_site
from tests.cast import API, ORIGIN, Answer, Page, Person
from tests.identity_provider import CLIENT_ID, CLIENT_SECRET, at_provider

VERIFIER = "v" * 43
OPENED = {"Sec-Fetch-Site": "same-origin", "Referer": "http://testserver/embed/blog/"}


@pytest.fixture
def app(site: Site, idp: str) -> SocialApp:
    """The provider by OpenID Connect, set up and switched on."""
    SiteSignIn.objects.create(site=site, providers=["idp", "gitlab"])
    return set_up("openid_connect", provider_id="idp", settings={"server_url": idp})


@pytest.fixture
def gitlab(app: SocialApp, idp: str) -> SocialApp:
    """The same one as a GitLab, by OAuth 2."""
    return set_up("gitlab", settings={"gitlab_url": idp})


def set_up(provider: str, **but: Any) -> SocialApp:
    made: SocialApp = SocialApp.objects.create(
        provider=provider, name="The provider", client_id=CLIENT_ID, secret=CLIENT_SECRET, **but
    )
    return made


class Popup:
    """A popup's own jar of cookies."""

    def __init__(self, verifier: str = VERIFIER) -> None:
        self.client = Client()
        self.challenge = challenge_of(verifier)

    def opened(self, provider: str = "idp", **query: str) -> Any:
        told = {"site": "blog", "challenge": self.challenge} | query
        return self.client.get(f"/auth/{provider}/", told, headers=OPENED)

    def back(self, address: str) -> Any:
        """The browser follows the provider's redirect."""
        parts = urlsplit(address)
        assert parts.netloc == "testserver"
        return self.client.get(f"{parts.path}?{parts.query}", headers={"Sec-Fetch-Site": "cross-site"})

    def signed_in(self, provider: str = "idp", login: str = "ann") -> Any:
        return self.back(at_provider(self.opened(provider)["Location"], login=login))


def code_in(page: Any) -> str:
    found = re.search(r'data-code="([^"]+)"', page.content.decode())
    assert found, page.content.decode()
    return found[1]


def text_of(page: Any) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", page.content.decode()))


def take(person: Person, page: Any, verifier: str = VERIFIER) -> Answer:
    told = {"verifier": verifier, "code": code_in(page)}
    return person.send("POST", f"{API}sites/blog/handoffs/", told, OPENED)


@pytest.mark.parametrize("provider", ["idp", "gitlab"])
def test_a_reader_signs_in_with_a_provider(alice: Person, gitlab: SocialApp, provider: str) -> None:
    page = Popup().signed_in(provider)

    answer = take(alice, page)

    assert answer.status == 200, answer
    assert (answer.data["author"]["name"], answer.data["author"]["provider"]) == ("Ann Example", provider)
    identity = Identity.objects.get()
    assert (identity.provider, identity.subject) == (provider, "ann")
    profile = Handoff.objects.get().profile
    assert profile["avatar_url"] == ("https://pictures.example.org/ann.png" if provider == "gitlab" else "")
    assert (profile["email"], profile["is_email_trusted"]) == ("ann@example.org", False)


def test_the_same_account_is_the_same_author_in_another_browser(page: Page, app: SocialApp) -> None:
    keys = set()
    for verifier in ("1" * 43, "2" * 43):
        answer = take(Person("ann", page), Popup(verifier).signed_in(), verifier)
        keys.add(answer.data["author"]["key"])

    assert len(keys) == 1


def test_no_account_of_djangos_is_made_and_nothing_of_the_providers_kept(
    alice: Person, app: SocialApp
) -> None:
    take(alice, Popup().signed_in())

    assert not get_user_model().objects.exists()
    assert not SocialAccount.objects.exists()
    assert not SocialToken.objects.exists()


def test_who_is_logged_in_to_the_admin_stays_who_they_are(morgan: Person, app: SocialApp) -> None:
    popup = Popup()
    popup.client = morgan.client
    before = morgan.client.cookies["sessionid"].value

    code_in(popup.signed_in())

    assert morgan.client.cookies["sessionid"].value == before
    assert morgan.client.get("/admin/status/").status_code == 200


def test_an_address_that_is_an_accounts_opens_no_account(alice: Person, app: SocialApp) -> None:
    get_user_model().objects.create_superuser("ann", "ann@example.org")

    popup = Popup()
    popup.signed_in()

    assert popup.client.get("/admin/status/").status_code == 302


def test_a_state_is_of_one_session(app: SocialApp) -> None:
    mallory, victim = Popup("m" * 43), Popup()
    victim.opened()
    stolen = at_provider(mallory.opened()["Location"], login="mallory")

    page = victim.back(stolen)

    assert (page.status_code, "data-code" in page.content.decode()) == (400, False)
    assert "Nobody was signed in" in text_of(page)
    assert not Handoff.objects.exists()


def test_a_way_back_leads_back_once(app: SocialApp) -> None:
    popup = Popup()
    address = at_provider(popup.opened()["Location"], login="ann")
    code_in(popup.back(address))

    assert popup.back(address).status_code == 400
    assert Handoff.objects.count() == 1


@pytest.mark.parametrize("query", ["", "?code=x", "?state=x", "?code=x&state=x", "?error=access_denied"])
def test_who_comes_from_nowhere_is_told_so(app: SocialApp, query: str) -> None:
    page = Client().get(f"/auth/idp/callback/{query}")

    assert page.status_code == 400
    assert "Nobody was signed in" in text_of(page)


def test_a_state_of_another_provider_is_none_here(gitlab: SocialApp) -> None:
    popup = Popup()
    address = at_provider(popup.opened("idp")["Location"], login="ann")

    page = popup.back(address.replace("/idp/", "/gitlab/"))

    assert (page.status_code, Handoff.objects.exists()) == (400, False)


def test_a_code_of_somebody_elses_way_is_refused(app: SocialApp) -> None:
    """PKCE: mallory's code with the victim's state."""
    mallory, victim = Popup("m" * 43), Popup()
    theirs = parse_qs(urlsplit(at_provider(mallory.opened()["Location"], login="mallory")).query)
    own = at_provider(victim.opened()["Location"], login="ann")
    state = parse_qs(urlsplit(own).query)["state"][0]

    page = victim.back(f"http://testserver/auth/idp/callback/?code={theirs['code'][0]}&state={state}")

    assert (page.status_code, Handoff.objects.exists()) == (502, False)


def test_who_says_no_may_try_again(app: SocialApp) -> None:
    popup = Popup()

    page = popup.back(at_provider(popup.opened(lang="de")["Location"], deny="1"))

    assert page.status_code == 403
    assert "The provider hat Sie nicht angemeldet" in text_of(page)
    again = unescape(re.search(r'class="button" href="([^"]+)"', page.content.decode())[1])  # type: ignore[index]
    assert parse_qs(urlsplit(again).query)["challenge"] == [popup.challenge]
    assert popup.client.get(again, headers=OPENED).status_code == 302


def test_a_provider_that_is_away_is_said_to_be(app: SocialApp, free_port: int) -> None:
    app.settings = {"server_url": f"http://127.0.0.1:{free_port}"}
    app.save()

    page = Popup().opened()

    assert page.status_code == 502
    assert "did not answer as it should" in text_of(page)


def test_a_provider_with_another_secret_is_a_failure_in_words(app: SocialApp) -> None:
    popup = Popup()
    address = at_provider(popup.opened()["Location"], login="ann")
    SocialApp.objects.update(secret="wrong")

    page = popup.back(address)

    assert page.status_code == 502
    assert CLIENT_SECRET not in page.content.decode()


def test_pkce_and_a_state_go_to_the_provider_and_nothing_of_ours(app: SocialApp) -> None:
    popup = Popup()

    sent = parse_qs(urlsplit(popup.opened()["Location"]).query)

    assert sent["code_challenge_method"] == ["S256"]
    assert len(sent["state"][0]) >= 16
    assert sent["redirect_uri"] == ["http://testserver/auth/idp/callback/"]
    assert popup.challenge not in str(sent)


@pytest.mark.parametrize(
    "query",
    [
        {"next": "https://evil.example/"},
        {"next": "//evil.example/", "process": "redirect"},
        {"process": "connect"},
        {"redirect_uri": "https://evil.example/", "auth_params": "redirect_uri=https://evil.example/"},
        {"scope": "admin", "auth_params": "prompt=none"},
    ],
)
def test_an_address_of_ours_leads_nowhere_else(alice: Person, app: SocialApp, query: dict[str, str]) -> None:
    popup = Popup()

    there = popup.opened(**query)["Location"]

    assert "evil" not in there
    assert "admin" not in there
    assert "prompt" not in there
    page = popup.back(at_provider(there, login="ann"))
    assert (page.status_code, take(alice, page).status) == (200, 200)
    assert "evil" not in page.content.decode()


@pytest.mark.one_database
@pytest.mark.parametrize(
    "path",
    [
        "/auth/idp/login/",
        "/auth/idp/login/callback/",
        "/auth/gitlab/login/",
        "/auth/openid_connect/",
        "/auth/oidc/idp/login/",
        "/auth/signup/",
        "/auth/3rdparty/",
        "/auth/3rdparty/signup/",
        "/auth/login/",
        "/auth/google/login/token/",
        "/accounts/login/",
        "/auth/google/",
        "/auth/sso/",
    ],
)
def test_allauths_own_pages_are_not_there(gitlab: SocialApp, path: str) -> None:
    for method in ("get", "post"):
        answer = getattr(Client(), method)(path, {"site": "blog", "challenge": challenge_of(VERIFIER)})
        assert answer.status_code in {400, 403, 404, 405}, (method, path)
    assert not get_user_model().objects.exists()


@pytest.mark.one_database
@pytest.mark.parametrize(
    "headers",
    [
        *({**OPENED, "Sec-Fetch-Site": site} for site in ("cross-site", "same-site", "none")),
        {"Sec-Fetch-Site": "same-origin"},  # a comment's link
    ],
)
def test_only_our_own_frame_opens_the_popup(app: SocialApp, headers: dict[str, str]) -> None:
    """A link with a challenge of mallory's would have the reader tell mallory the digits."""
    told = {"site": "blog", "challenge": challenge_of(VERIFIER)}

    page = Client().get("/auth/idp/", told, headers=headers)

    assert (page.status_code, "sessionid" in page.cookies) == (400, False)


@pytest.mark.one_database
@pytest.mark.parametrize(
    "query",
    [
        {"challenge": ""},
        {"challenge": "short"},
        {"challenge": "a" * 44},
        {"challenge": "a" * 42 + "\n"},
        {"challenge": "<script>" + "a" * 35},
        {"site": "nobody"},
        {"site": ""},
        {"site": "\x00"},
        {"lang": "x" * 2_000},
    ],
)
def test_what_the_popup_is_opened_with_is_looked_at(app: SocialApp, query: dict[str, str]) -> None:
    page = Popup().opened(**query)

    assert page.status_code == (302 if "lang" in query else 400)


def test_a_session_that_was_planted_is_not_the_popups(app: SocialApp) -> None:
    mallory, victim = Popup("m" * 43), Popup()
    mallory.opened()
    planted = mallory.client.cookies["sessionid"].value
    victim.client.cookies["sessionid"] = planted

    victim.opened()

    assert victim.client.cookies["sessionid"].value != planted
    assert not DjangoSession.objects.filter(session_key=planted).exists()


def test_a_provider_is_offered_that_is_set_up_and_switched_on(site: Site, app: SocialApp) -> None:
    set_up("github")

    assert ways_of(site)["providers"] == [{"id": "idp", "name": "The provider"}]
    assert Popup().opened("github").status_code == 403
    SiteSignIn.objects.update(providers=["github", "gitlab", "idp", 7, None])
    assert ways_of(site)["providers"] == [
        {"id": "github", "name": "GitHub"},
        {"id": "idp", "name": "The provider"},
    ]


def test_a_way_that_is_switched_off_while_the_reader_is_away_is_off(app: SocialApp) -> None:
    popup = Popup()
    address = at_provider(popup.opened()["Location"], login="ann")
    SiteSignIn.objects.update(providers=[])

    page = popup.back(address)

    assert (page.status_code, Handoff.objects.exists()) == (403, False)


def test_another_site_is_not_signed_in_to(alice: Person, app: SocialApp) -> None:
    create_site("other", origins=[ORIGIN], is_unlimited=True)
    page = Popup().signed_in()

    told = {"verifier": VERIFIER, "code": code_in(page)}
    answer = alice.send("POST", f"{API}sites/other/handoffs/", told, OPENED)

    assert answer.code == "handoff_refused"


def test_an_address_is_its_owners_until_they_prove_it(
    alice: Person, mallory: Person, site: Site, app: SocialApp
) -> None:
    owner, _ = member_by_email(site, "ann@example.org", name="The real Ann")

    answer = take(alice, Popup().signed_in())

    assert (answer.status, answer.data["code"]) == (409, "email_proof_required")
    assert answer.data["email_code"]["email"] == "a…@example.org"
    assert not Session.objects.exists()
    row = EmailCode.objects.get(pk=answer.data["email_code"]["id"])
    assert row.mail is not None
    path = f"{API}sites/blog/codes/{row.pk}/"
    wrong = {"code": f"{(int(row.mail.context['code']) + 1) % 1_000_000:06}"}
    assert mallory.send("POST", path, wrong, OPENED).code == "wrong_code"
    proved = alice.send("POST", path, {"code": row.mail.context["code"]}, OPENED)
    assert proved.data["author"]["key"] == owner.public_key
    again = take(alice, Popup("2" * 43).signed_in(), "2" * 43)
    assert again.data["author"]["key"] == owner.public_key


def test_the_operators_word_joins_at_once(alice: Person, site: Site, app: SocialApp) -> None:
    app.settings |= {"email_trusted": ["example.org"]}
    app.save()
    owner, _ = member_by_email(site, "ann@example.org", name="The real Ann")

    answer = take(alice, Popup().signed_in())

    assert answer.data["author"]["key"] == owner.public_key


def test_an_unproved_address_joins_nobody(alice: Person, site: Site, app: SocialApp) -> None:
    app.settings |= {"email_trusted": True}
    app.save()
    member_by_email(site, "unproved-ann@example.org", name="The real Ann")

    answer = take(alice, Popup().signed_in(login="unproved-ann"))

    assert answer.data["author"]["name"] == "Unproved-ann Example"
    assert Author.objects.count() == 2


def test_the_pages_say_nothing_to_others(app: SocialApp) -> None:
    popup = Popup()
    there = popup.opened()
    page = popup.back(at_provider(there["Location"], login="ann"))

    for answer in (there, page):
        assert answer["Cross-Origin-Opener-Policy"] == "unsafe-none"
        assert answer["Referrer-Policy"] == "same-origin"
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["Cache-Control"] == "no-store"
        assert answer["X-Robots-Tag"] == "noindex, nofollow"
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self';" in policy
        assert "unsafe" not in policy
    text = page.content.decode()
    assert not re.search(r"<script(?![^>]* src=)|\son\w+=|style=", text)


@pytest.mark.one_database
def test_windows_cannot_be_opened_without_end(app: SocialApp) -> None:
    popup = Popup()

    statuses = {popup.opened().status_code for _ in range(21)}

    assert statuses == {302, 429}
    assert not Session.objects.exists()


@pytest.mark.one_database
@pytest.mark.parametrize("provider", sorted(set(NAMES) - {"openid_connect"}))
def test_every_provider_can_be_asked(site: Site, provider: str) -> None:
    """As far as the way there: what it answers is its own."""
    SiteSignIn.objects.create(site=site, providers=[provider])
    set_up(provider, key="key")

    there = Popup().opened(provider)["Location"]

    asked = parse_qs(urlsplit(there).query)
    assert there.startswith("https://")
    assert asked["redirect_uri"] == [f"http://testserver/auth/{provider}/callback/"]
    assert asked["code_challenge_method"] == ["S256"]


@pytest.fixture
def said_by(rf: Any, db: None) -> Callable[..., Profile]:
    """What is made of what a provider says."""

    def made(provider: str, said: dict[str, Any], **settings: Any) -> Profile:
        set_up(provider, settings=settings)
        app = app_of(provider)
        assert app is not None
        found = provider_of(rf.get("/"), app)
        return profile_of(found, found.sociallogin_from_response(rf.get("/"), said))

    return made


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("said", "is_trusted"),
    [
        ({"email": "ann@gmail.com", "email_verified": True}, True),
        ({"email": "ann@gmail.com", "email_verified": False}, False),
        ({"email": "ann@example.org", "email_verified": True}, False),
        ({"email": "ann@example.org", "email_verified": True, "hd": "example.org"}, True),
        ({"email": "ann@other.org", "email_verified": True, "hd": "example.org"}, False),
        ({"email": "ann@gmail.com.evil.org", "email_verified": True}, False),
        ({"email": "ann@example.org", "email_verified": True, "hd": ""}, False),
    ],
)
def test_who_runs_the_mailbox_is_trusted_with_it(
    said_by: Callable[..., Profile], said: dict[str, Any], is_trusted: bool
) -> None:
    assert said_by("google", {"sub": "17", **said}).is_email_trusted is is_trusted


@pytest.mark.one_database
def test_a_name_is_one_line_and_no_address(said_by: Callable[..., Profile]) -> None:
    told = {"id": 17, "login": "ann@example.org", "name": "Ann\u202eevil\x00\n" + "x" * 100, "email": None}

    profile = said_by("github", told)

    assert profile.name == ("Annevil " + "x" * 100)[:64]
    assert profile.subject == "17"


@pytest.mark.one_database
def test_an_account_without_a_name_there_is_none(said_by: Callable[..., Profile]) -> None:
    with pytest.raises(ValueError, match="none"):
        said_by("google", {"sub": "a\x00b", "email": "ann@gmail.com"})
