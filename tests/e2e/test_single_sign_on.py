"""Readers of a site with accounts of its own: signed in there is signed in here, without a click."""

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.readers import Readers
from tests.e2e.screens import SOON_MILLISECONDS, Comments
from tests.e2e.signing_in import account, opened
from tests.e2e.site_with_accounts import introduce, site_with_accounts
from tests.running import Run

pytestmark = pytest.mark.one_database

WHO: Final = """async (site) => {
  const token = localStorage.getItem(`kibitz:${site}:token`) ?? "";
  const headers = token.startsWith("s.") ? { Authorization: `Bearer ${token}` } : {};
  const { author } = await (await fetch(`/api/v1/sites/${site}/session/`, { headers })).json();
  return author?.name ?? "";
}"""
KEPT: Final = "() => Object.keys(localStorage).filter((key) => key.startsWith('kibitz:club:'))"


@pytest.fixture(scope="module")
def club(kibitz: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The site's origin."""
    with site_with_accounts("127.0.0.6", tmp_path_factory.mktemp("club"), kibitz.url, "club") as origin:
        introduce(kibitz, "club", [origin])
        yield origin


def log_in(page: Page, name: str) -> None:
    page.locator("input[name=name]").fill(name)
    with page.expect_response(lambda response: response.url.endswith("/sites/club/sso/")) as sent:
        page.get_by_role("button", name="Log in").click()
    assert sent.value.status == 200


def is_signed_in(seen: Comments, name: str) -> None:
    """`name` "" is nobody."""
    seen.document.wait_for_function(
        f"async (name) => (await ({WHO})('club')) === name", arg=name, timeout=SOON_MILLISECONDS
    )


def test_who_is_signed_in_at_the_site_is_signed_in_here_and_signed_out_with_it(
    club: str, readers: Readers
) -> None:
    seen = readers.comments().open(club)
    is_signed_in(seen, "")

    log_in(seen.page, "ann")
    is_signed_in(seen, "ann")
    seen.composer.post("By ann.")
    expect(seen.with_body("By ann.").name).to_have_text("ann")

    with seen.page.expect_response(lambda response: response.url.endswith("/sites/club/sso/")):
        seen.page.reload()
    is_signed_in(seen, "ann")
    expect(account(seen)).to_have_text("ann")

    seen.page.get_by_role("button", name="Log out").click()
    expect(seen.page.locator("#who")).to_have_text("AnonymousUser")
    is_signed_in(seen, "")
    expect(account(seen)).to_have_count(0)
    assert seen.document.evaluate(KEPT) == []


def test_who_is_not_signed_in_there_is_led_to_the_sites_own_page(club: str, readers: Readers) -> None:
    seen = readers.comments().open(club)
    panel = opened(seen)

    panel.button("Account of this site").click()

    expect(seen.page).to_have_url(f"{club}/#log-in")


def test_another_reader_of_the_same_browser_is_another_author(club: str, readers: Readers) -> None:
    seen = readers.comments().open(club)

    log_in(seen.page, "bob")
    is_signed_in(seen, "bob")
    log_in(seen.page, "eve")

    is_signed_in(seen, "eve")


def test_a_page_signs_in_and_out_by_itself(club: str, readers: Readers) -> None:
    seen = readers.comments()
    seen.open(club)
    log_in(seen.page, "cleo")
    is_signed_in(seen, "cleo")
    element = "document.querySelector('kibitz-comments')"

    seen.page.evaluate(f"{element}.signOut()")
    is_signed_in(seen, "")

    # the attribute's token was used; a page that is asked has another one
    seen.page.evaluate(
        f"""async () => {{
          const text = await (await fetch("/")).text();
          const page = new DOMParser().parseFromString(text, "text/html");
          const token = page.querySelector("kibitz-comments").getAttribute("sso-token");
          window.kibitzToken = async () => token;
          {element}.signIn();
        }}"""
    )
    is_signed_in(seen, "cleo")


def test_a_token_that_is_refused_is_told_to_the_page(club: str, readers: Readers) -> None:
    seen = readers.comments().open(club)
    seen.page.evaluate("addEventListener('kibitz:error', ({ detail }) => { window.refused = detail.code })")

    seen.page.evaluate("document.querySelector('kibitz-comments').setAttribute('sso-token', 'a.b.c')")

    seen.page.wait_for_function("window.refused === 'invalid_sso_token'")
    is_signed_in(seen, "")


@pytest.mark.parametrize("does_the_page", [False, True])
def test_the_sites_own_page_opens_unless_the_page_does_it(
    club: str, readers: Readers, does_the_page: bool
) -> None:
    seen = readers.comments().open(club)
    seen.page.wait_for_function("document.querySelector('kibitz-comments').signIn")
    if does_the_page:
        seen.page.evaluate("addEventListener('kibitz:login', (event) => event.preventDefault())")
    say = "(url) => parent.postMessage({ kibitz: 'login', url }, new URL(document.referrer).origin)"

    seen.document.evaluate(say, "javascript:document.title='pwned'")
    seen.document.evaluate(say, f"{club}/#log-in")

    expect(seen.page).to_have_url(f"{club}/" if does_the_page else f"{club}/#log-in")
    expect(seen.page).to_have_title("Article")
