"""Readers sign in where they write, by a code that comes by mail; and what follows from it."""

import re
from typing import Final

import pytest
from playwright.sync_api import Route, expect

from tests.cast import Page
from tests.e2e.conftest import page_name
from tests.e2e.host_site import HostSite
from tests.e2e.readers import Readers, kept_in
from tests.e2e.signing_in import SignInScreen, account, change_site, code_to, opened
from tests.running import Run
from tests.servers import wait_until

pytestmark = pytest.mark.one_database

END_SESSIONS: Final = (
    "from comments.models import Session; Session.objects.filter(author__email={email!r}).delete()"
)
PNG: Final = bytes.fromhex(  # one red pixel
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c494441"
    "54789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)
STORED: Final = "(key) => localStorage.getItem(`kibitz:members:${key}`) ?? ''"


def test_a_stranger_writes_first_and_says_who_they_are_then(
    club: Page, readers: Readers, kibitz: Run
) -> None:
    seen = readers.comments().open(club.url)
    expect(seen.notice).to_have_text("No comments yet. Be the first.")
    panel = SignInScreen(seen)

    seen.composer.post("My first words.")
    expect(panel.lead).to_have_text("Only members can comment here.")
    expect(panel.email).to_be_focused()
    expect(seen.composer.body).to_have_value("My first words.")
    panel.sign_in(kibitz, "nina@example.org", "Nina")

    post = seen.with_body("My first words.")
    expect(post.name).to_have_text("Nina")
    expect(panel.node).to_have_count(0)
    expect(account(seen)).to_have_text("Nina")
    seen.open(club.url)
    expect(post.node.get_by_role("button", name="Edit")).to_be_visible()
    seen.composer.body.click()
    expect(account(seen)).to_have_text("Nina")
    expect(seen.composer.name).to_be_hidden()


def test_a_guest_becomes_a_member_with_what_they_have_written(
    page: Page, readers: Readers, kibitz: Run
) -> None:
    seen = readers.comments().open(page.url)
    seen.composer.post("As a guest.", "Gus")
    post = seen.with_body("As a guest.")
    expect(post.node).to_be_visible()

    seen.composer.node.get_by_role("button", name="Sign in").click()
    panel = SignInScreen(seen)
    expect(panel.name).to_have_value("Gus")
    panel.sign_in(kibitz, "gus@example.org")

    expect(account(seen)).to_be_focused()
    expect(seen.frame.get_by_role("status")).to_have_text("Signed in as Gus")
    post.edit("As a member.")
    expect(seen.with_body("As a member.").edited).to_be_visible()
    assert not seen.document.evaluate("() => localStorage.getItem('kibitz:blog:token')?.startsWith('W')")


def test_a_members_posts_are_theirs_in_every_browser(page: Page, readers: Readers, kibitz: Run) -> None:
    here, there = readers.comments().open(page.url), readers.comments()
    here.composer.body.fill("From here.")
    for seen in (here, there):
        if seen is there:
            seen.open(page.url).composer.body.click()
        seen.composer.node.get_by_role("button", name="Sign in").click()
        SignInScreen(seen).sign_in(kibitz, "mona@example.org", "Mona")
        expect(account(seen)).to_be_visible()
        if seen is here:
            seen.composer.submit()
            expect(seen.with_body("From here.").node).to_be_visible()

    there.with_body("From here.").edit("Changed there.")

    expect(here.with_body("Changed there.").node).to_be_visible()


def test_who_was_signed_out_meanwhile_is_asked_and_loses_nothing(
    club: Page, readers: Readers, kibitz: Run
) -> None:
    seen = readers.comments().open(club.url)
    panel = opened(seen)
    panel.sign_in(kibitz, "otto@example.org", "Otto")
    expect(account(seen)).to_be_visible()
    kibitz.shell(END_SESSIONS.format(email="otto@example.org"))

    seen.composer.post("Long thought about.")

    expect(panel.lead).to_have_text("You are signed out. Sign in again; your text is kept.")
    expect(seen.composer.body).to_have_value("Long thought about.")
    expect(account(seen)).to_be_hidden()
    assert [seen.document.evaluate(STORED, key) for key in ("author", "token", "name")] == ["", "", ""]
    panel.sign_in(kibitz, "otto@example.org")
    expect(seen.with_body("Long thought about.").name).to_have_text("Otto")


def test_a_wrong_code_is_said_beside_the_field_and_a_new_one_can_be_had(
    club: Page, readers: Readers, kibitz: Run
) -> None:
    seen = readers.comments().open(club.url)
    panel = opened(seen)

    panel.ask_for_code("nobody")
    expect(panel.error).to_have_text("Please enter an e-mail address.")
    expect(panel.email).to_be_focused()
    panel.ask_for_code("paul@example.org", "Paul")
    expect(panel.code).to_be_focused()
    code = code_to(kibitz, "paul@example.org")
    expect(panel.lead).to_have_text("We have sent a code to paul@example.org.")
    expect(panel.node.get_by_role("button", name="Send again")).to_be_disabled()

    panel.code.fill("000 000" if "000" not in code else "111 111")
    expect(panel.error).to_be_visible()
    expect(panel.code).to_be_focused()
    expect(panel.code).to_have_attribute("aria-invalid", "true")
    panel.button("Other address").click()
    expect(panel.email).to_have_value("paul@example.org")
    expect(panel.email).to_be_focused()
    seen.page.keyboard.press("Escape")
    expect(panel.node).to_have_count(0)
    expect(seen.composer.node.get_by_role("button", name="Sign in")).to_be_focused()


def test_a_mail_that_could_not_be_sent_is_said(club: Page, readers: Readers) -> None:
    seen = readers.comments().open(club.url)
    seen.page.route(
        re.compile(r"/codes/[\w-]+/$"), lambda route: route.fulfill(json={"state": "failed"}, status=200)
    )
    panel = opened(seen)

    panel.ask_for_code("quinn@example.org")

    expect(panel.error).to_have_text(
        "The mail to quinn@example.org could not be sent. You can send it again."
    )
    expect(panel.code).to_be_focused()


@pytest.mark.parametrize("wish", ["optional", "required"])
def test_guests_are_asked_for_an_address_where_the_site_wants_it(
    request: pytest.FixtureRequest, readers: Readers, kibitz: Run, wish: str
) -> None:
    site = HostSite(f"email-{wish}", "127.0.0.6")
    kibitz.manage("create_site", site.site, "--origin", site.origin)
    change_site(kibitz, site.site, guest_email=wish)
    page = site.page(page_name(request), kibitz.url)
    seen = readers.comments().open(page.url)
    sent: list[Route] = []
    seen.page.route("**/posts/", kept_in(sent), times=1)
    seen.composer.body.fill("Hello.")
    email = seen.composer.node.get_by_label("E-mail")
    expect(email).to_be_visible()

    if wish == "required":
        seen.composer.submit()
        expect(seen.composer.name_error).to_have_text("Please enter an e-mail address.")
        expect(email).to_be_focused()
        expect(email).to_have_attribute("aria-invalid", "true")
        email.fill("rita@example.org")
    seen.composer.submit()

    wait_until(lambda: bool(sent), message="the request")
    assert (sent[0].request.post_data_json or {})["email"] == (
        "rita@example.org" if wish == "required" else ""
    )
    sent[0].continue_()
    expect(seen.with_body("Hello.").node).to_be_visible()
    site.close()


def test_the_way_out(club: Page, readers: Readers, kibitz: Run) -> None:
    seen = readers.comments().open(club.url)
    seen.composer.post("Before I leave.")
    SignInScreen(seen).sign_in(kibitz, "sam@example.org", "Sam")
    expect(seen.with_body("Before I leave.").node).to_be_visible()

    account(seen).click()
    dialog = seen.frame.get_by_role("dialog", name="Account")
    expect(dialog).to_contain_text("sam@example.org · Signed in by: E-mail")
    dialog.get_by_role("button", name="Sign out", exact=True).click()

    expect(dialog).to_have_count(0)
    expect(seen.frame.get_by_role("status")).to_have_text("Signed out")
    expect(account(seen)).to_be_hidden()
    expect(seen.with_body("Before I leave.").node.get_by_role("button", name="Edit")).to_be_hidden()
    seen.open(club.url).composer.body.click()
    expect(seen.composer.node.get_by_role("button", name="Sign in")).to_be_visible()
    expect(account(seen)).to_be_hidden()


def test_signing_out_everywhere_asks_once(club: Page, readers: Readers, kibitz: Run) -> None:
    browsers = [readers.comments().open(club.url) for _ in range(2)]
    for seen in browsers:
        seen.composer.body.click()
        seen.composer.node.get_by_role("button", name="Sign in").click()
        SignInScreen(seen).sign_in(kibitz, "tess@example.org", "Tess")
        expect(account(seen)).to_be_visible()
    here, there = browsers

    account(here).click()
    dialog = here.frame.get_by_role("dialog", name="Account")
    dialog.get_by_role("button", name="Sign out everywhere").click()
    dialog.get_by_role("button", name="In every browser?").click()
    expect(dialog).to_have_count(0)
    there.open(club.url).composer.body.click()

    expect(there.composer.node.get_by_role("button", name="Sign in")).to_be_visible()
    expect(account(there)).to_be_hidden()


def test_a_member_changes_what_readers_see_of_them(club: Page, readers: Readers, kibitz: Run) -> None:
    seen = readers.comments().open(club.url)
    seen.composer.post("Under my old name.")
    SignInScreen(seen).sign_in(kibitz, "vera@example.org", "Vera")
    expect(seen.with_body("Under my old name.").node.locator(".avatar img")).to_be_visible()
    account(seen).click()
    dialog = seen.frame.get_by_role("dialog", name="Account")

    dialog.get_by_label("Name").fill("Vera V.")
    dialog.get_by_role("button", name="Save").click()
    expect(account(seen)).to_have_text("Vera V.")
    drawn = dialog.locator("img").get_attribute("src")
    with seen.page.expect_file_chooser() as chooser:
        dialog.get_by_role("button", name="Choose a picture").click()
    with seen.page.expect_response("**/session/avatar/") as kept:
        chooser.value.set_files({"name": "me.png", "mimeType": "image/png", "buffer": PNG})
    assert kept.value.status == 200
    expect(dialog.get_by_role("alert")).to_have_count(0)
    dialog.get_by_role("button", name="My comments on this site").click()
    expect(dialog.get_by_role("listitem")).to_contain_text("Under my old name.")
    dialog.get_by_role("link", name="Under my old name.").click()

    assert str(drawn).startswith("/avatars/")
    expect(dialog).to_have_count(0)
    expect(seen.with_body("Under my old name.").node).to_be_focused()
