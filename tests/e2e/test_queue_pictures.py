"""What moderators look at, drawn for eyes. PICTURES=DIR keeps the pictures."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import expect

from tests.cast import Page
from tests.e2e.moderators import Moderators, QueueScreen, told
from tests.e2e.test_queue import page
from tests.e2e.visitors import Visitor
from tests.running import Run

__all__ = ["page"]  # a fixture

pytestmark = pytest.mark.one_database

SIZES: Final = {"phone": (390, 844), "desktop": (1280, 900)}
DECIDED: Final = """
from django.utils import timezone
from comments.audit.services import Gesture
from django.contrib.auth.models import User
from comments.models import Post
from comments.moderation import claims, services
by = lambda name, reason="": Gesture(User.objects.get(username=name), timezone.now(), reason)
services.decide(services.Decision.APPROVE, [{parent}], by("maxine"))
services.decide(services.Decision.REJECT, [{again}], by("maxine", "Off topic."))
Post.objects.filter(pk={again}).update(status="pending", edited=timezone.now())
claims.claim([{claimed}], by("maxine"))
"""


def show_queue(queue: QueueScreen) -> None:
    queue.cards.nth(1).focus()


def show_bulk(queue: QueueScreen) -> None:
    for place in range(3):
        queue.cards.nth(place).locator(".pick").click()
    expect(queue.bulk).to_be_visible()


def show_undo(queue: QueueScreen) -> None:
    queue.cards.nth(1).get_by_role("button", name="Spam").click()
    expect(queue.undo).to_be_visible()
    queue.cards.last.get_by_role("button", name="Approve").click()


def show_ban(queue: QueueScreen) -> None:
    queue.cards.first.get_by_role("button", name="Ban…").click()
    expect(queue.tab.get_by_role("dialog")).to_be_visible()


def show_help(queue: QueueScreen) -> None:
    queue.tab.get_by_role("button", name="Keyboard shortcuts").click()


def show_reply(queue: QueueScreen) -> None:
    queue.cards.first.get_by_role("button", name="Reply").click()
    queue.tab.keyboard.type("Thank you, we look into it.")


def show_conflict(queue: QueueScreen) -> None:
    queue.cards.nth(2).get_by_role("button", name="Approve").click()
    expect(queue.tab.get_by_text("Not done: maxine is handling this.")).to_be_visible()


def show_empty(queue: QueueScreen) -> None:
    queue.tab.get_by_role("link", name="Shadowed").click()
    expect(queue.empty).to_be_visible()


SUBJECTS: Final[dict[str, Callable[[QueueScreen], None]]] = {
    "queue": show_queue,
    "bulk": show_bulk,
    "undo": show_undo,
    "ban": show_ban,
    "help": show_help,
    "reply": show_reply,
    "conflict": show_conflict,
    "empty": show_empty,
}


@pytest.fixture
def writers(alice: Visitor, bob: Visitor, mallory: Visitor) -> tuple[Visitor, Visitor, Visitor]:
    return alice, bob, mallory


@pytest.mark.parametrize("device", list(SIZES))
def test_pictures(
    kibitz: Run,
    page: Page,
    moderators: Moderators,
    writers: tuple[Visitor, Visitor, Visitor],
    device: str,
    tmp_path: Path,
) -> None:
    directory = Path(os.environ.get("PICTURES") or tmp_path)
    directory.mkdir(parents=True, exist_ok=True)
    alice, bob, mallory = writers
    parent = alice.posted("Does anybody know how the old harbour looked before the bridge was built?")
    again = bob.posted("I sell *old photographs*, write to me.")
    claimed = mallory.posted("BUY CHEAP WATCHES https://watches.example.com/" + "cheap" * 20)
    told(kibitz, DECIDED.format(parent=parent, again=again, claimed=claimed))
    reply = bob.posted(
        "My grandfather worked there. He told us about the cranes:\n\n> They sang at night.", parent=parent
    )
    rude = mallory.posted("You are all idiots.\n\n    and_code = 'too'\n\nReally.")
    width, height = SIZES[device]
    queue = moderators.queue("morgan", viewport={"width": width, "height": height})

    for subject, show in SUBJECTS.items():
        told(
            kibitz,
            "from comments.models import Post; "
            f"Post.objects.filter(pk__in={[again, claimed, reply, rude]}).update(status='pending')",
        )
        queue.tab.reload()
        expect(queue.cards).to_have_count(4)
        show(queue)
        for theme in ("light", "dark"):
            queue.tab.emulate_media(color_scheme=theme)
            queue.tab.screenshot(path=directory / f"{subject}-{device}-{theme}.png")
        assert queue.tab.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0, subject
    assert queue.tab.evaluate("() => window.violations") == []
