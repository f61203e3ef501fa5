"""What members do in their own dialog: the picture, what they have written, in colours of the system's."""

import io
from hashlib import sha256
from typing import Final

import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from tests import services
from tests.cast import Page
from tests.e2e.readers import Readers
from tests.e2e.screens import Comments
from tests.e2e.signing_in import SignInScreen, account, code_to, opened
from tests.e2e.test_sign_in_looks import look
from tests.running import Run
from tests.services import Service

pytestmark = pytest.mark.one_database

WRITE: Final = """
from comments.models import Author, Post
author = Author.objects.get(email={email!r}, site__key="members")
first = Post.objects.get(author=author)
for number in range({count}):
    first.pk, first.idempotency_key, first.html = None, None, f"<p>Number {{number}}.</p>"
    first.save()
"""
BARE: Final = """(nodes) => nodes
  .filter((node) => node.checkVisibility())
  .filter((node) => {
    const { borderTopStyle, borderTopWidth } = getComputedStyle(node);
    return borderTopStyle === "none" || parseFloat(borderTopWidth) < 1;
  })
  .map(({ outerHTML }) => outerHTML)"""
UNSEEN: Final = """(nodes) => nodes
  .filter((node) => {
    const [drawn, ground] = ["::before", null].map((part) => getComputedStyle(node, part).backgroundColor);
    return drawn === ground;
  })
  .map(({ outerHTML }) => outerHTML)"""


def png() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (120, 120), "red").save(written, "PNG")
    return written.getvalue()


def dialog_of(seen: Comments) -> Locator:
    account(seen).click()
    return seen.frame.get_by_role("dialog", name="Account")


def test_a_picture_from_gravatar_is_a_choice_and_goes_again(
    club: Page, readers: Readers, kibitz: Run, gravatar: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = readers.comments().open(club.url)
    opened(seen).sign_in(kibitz, "greta@example.org", "Greta")
    dialog = dialog_of(seen)
    picture = dialog.locator(".picture img")
    drawn = picture.get_attribute("src")
    assert gravatar.asked == [], "who has not chosen it is no business of Gravatar's"

    dialog.get_by_role("button", name="Use Gravatar").click()
    expect(dialog.get_by_role("alert")).to_have_text("Gravatar has no picture for your address.")
    expect(picture).to_have_attribute("src", str(drawn))

    monkeypatch.setattr(gravatar, "behaviour", services.answers(png()))
    dialog.get_by_role("button", name="Use Gravatar").click()
    expect(seen.frame.get_by_role("status")).to_have_text("Saved")
    expect(picture).not_to_have_attribute("src", str(drawn))
    expect(account(seen).locator("img")).to_have_attribute("src", str(picture.get_attribute("src")))
    digest = sha256(b"greta@example.org").hexdigest()
    assert {each.line.split()[1] for each in gravatar.asked} == {f"/check/{digest}?d=404&s=192"}

    dialog.get_by_role("button", name="Remove the picture").click()
    expect(picture).to_have_attribute("src", str(drawn))
    expect(account(seen).locator("img")).to_have_attribute("src", str(drawn))


def test_own_comments_come_page_by_page(club: Page, readers: Readers, kibitz: Run) -> None:
    seen = readers.comments().open(club.url)
    seen.composer.post("The first.")
    SignInScreen(seen).sign_in(kibitz, "hugo@example.org", "Hugo")
    expect(seen.with_body("The first.").node).to_be_visible()
    kibitz.shell(WRITE.format(email="hugo@example.org", count=24))
    dialog = dialog_of(seen)

    dialog.get_by_role("button", name="My comments on this site").click()
    expect(dialog.get_by_role("listitem")).to_have_count(20)
    expect(dialog.get_by_role("listitem").first).to_contain_text("Number 23.")
    dialog.get_by_role("button", name="Show more").click()

    expect(dialog.get_by_role("listitem")).to_have_count(25)
    expect(dialog.get_by_role("listitem").last).to_contain_text("The first.")
    expect(dialog.get_by_role("button", name="Show more")).to_be_hidden()


def test_in_forced_colours_fields_and_buttons_have_an_edge(club: Page, readers: Readers, kibitz: Run) -> None:
    seen = readers.comments(forced_colors="active").open(club.url)
    panel = opened(seen)
    edged = "input, .way, .primary"
    seen.composer.body.fill("The post button and the tools, too.")

    look(seen, "forced-ways")
    assert panel.node.locator(edged).evaluate_all(BARE) == []
    assert seen.composer.submit_button.evaluate_all(BARE) == []
    assert seen.frame.locator(".tool:empty").evaluate_all(UNSEEN) == []
    panel.ask_for_code("ida@example.org", "Ida")
    expect(panel.code).to_be_focused()
    assert panel.node.locator(edged).evaluate_all(BARE) == []
    panel.code.fill(code_to(kibitz, "ida@example.org"))
    dialog = dialog_of(seen)

    expect(dialog.get_by_label("Name")).to_be_visible()
    look(seen, "forced-account")
    assert dialog.locator(edged).evaluate_all(BARE) == []
    assert dialog.evaluate("(node) => getComputedStyle(node).borderTopStyle") != "none"
