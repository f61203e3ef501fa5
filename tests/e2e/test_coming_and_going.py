"""Members who come back see that they are signed in; of those who have left nobody sees anything."""

import re
from typing import Any, Final

import pytest
from playwright.sync_api import expect

from tests.cast import Page
from tests.e2e.host_site import HostSite
from tests.e2e.readers import Readers, kept_in
from tests.e2e.screens import Comments
from tests.e2e.signing_in import SignInScreen, account, change_site
from tests.e2e.test_reading import WATCH_SHIFTS, wait_until_drawn
from tests.e2e.test_sign_in_looks import look
from tests.running import Run

pytestmark = pytest.mark.one_database

KEYS: Final = "() => Object.keys(localStorage).filter((key) => key.startsWith('kibitz:')).sort()"
OF_WRITERS: Final = re.compile(r"/embed/(write|who|signin|account)\.")


def signed_in(seen: Comments, kibitz: Run, page: Page, name: str) -> Comments:
    seen.open(page.url).composer.post(f"By {name}.")
    SignInScreen(seen).sign_in(kibitz, f"{name.lower()}@example.org", name)
    expect(seen.with_body(f"By {name}.").node).to_be_visible()
    return seen


@pytest.mark.parametrize(("width", "theme"), [(390, "light"), (1280, "dark")])
def test_a_member_who_comes_back_sees_it_before_touching_anything(
    club: Page, readers: Readers, kibitz: Run, width: int, theme: Any
) -> None:
    seen = readers.comments(viewport={"width": width, "height": 844}, color_scheme=theme)
    signed_in(seen, kibitz, club, f"Wanda{width}")
    seen.page.add_init_script(f"({WATCH_SHIFTS})()")

    seen.open(club.url)

    expect(account(seen)).to_have_text(f"Wanda{width}")
    expect(account(seen).locator("img")).to_be_visible()
    expect(seen.composer.submit_button).to_be_hidden()
    wait_until_drawn(seen)
    assert seen.document.evaluate("shifts") == []
    look(seen, f"back-{width}-{theme}")
    account(seen).click()
    expect(seen.frame.get_by_role("dialog", name="Account")).to_be_visible()


def test_a_stranger_asks_for_nothing_of_it(club: Page, readers: Readers) -> None:
    seen = readers.comments()
    asked: list[Any] = []
    seen.page.on("request", kept_in(asked))

    seen.open(club.url)

    wait_until_drawn(seen)
    assert [each.url for each in asked if OF_WRITERS.search(each.url)] == []


def test_of_a_member_who_has_left_nothing_is_there(
    club: Page, members_host: HostSite, readers: Readers, kibitz: Run
) -> None:
    other = members_host.page("another-article", kibitz.url)
    seen = signed_in(readers.comments(), kibitz, other, "Xenia")
    change_site(kibitz, club.site, is_unlimited=False, moderation="pre")
    seen.open(club.url).composer.post("For moderators alone.")
    held = seen.with_body("For moderators alone.")
    expect(held.node).to_contain_text("Awaiting moderation")
    change_site(kibitz, club.site, is_unlimited=True, moderation="post")
    seen.composer.body.fill("Begun, and private.")
    assert len(seen.document.evaluate(KEYS)) > 4

    account(seen).click()
    dialog = seen.frame.get_by_role("dialog", name="Account")
    dialog.get_by_role("button", name="Sign out", exact=True).click()

    expect(dialog).to_have_count(0)
    expect(held.node).to_have_count(0)
    expect(seen.composer.body).to_have_value("")
    assert seen.document.evaluate(KEYS) == []
    seen.open(other.url)
    expect(seen.with_body("By Xenia.").node.get_by_role("button", name="Edit")).to_be_hidden()


def test_another_tab_forgets_with_the_one_that_signs_out(
    club: Page, members_host: HostSite, readers: Readers, kibitz: Run
) -> None:
    here = signed_in(readers.comments(), kibitz, club, "Yves")
    there = Comments(here.page.context.new_page())
    there.open(club.url)
    expect(account(there)).to_have_text("Yves")
    there.composer.body.fill("Begun, and private.")
    there.count.click()

    account(here).click()
    here.frame.get_by_role("button", name="Sign out", exact=True).click()

    expect(there.composer.body).to_have_value("")
    expect(account(there)).to_be_hidden()
    assert there.document.evaluate(KEYS) == []
