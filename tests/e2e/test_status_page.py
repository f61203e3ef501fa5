"""Staff watch the pipeline and look after its dead letters. PICTURES=DIR keeps the pictures."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import redis
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from comments.events import wire
from comments.events.redis_clients import command_client
from comments.supervision.state import RunDir
from tests.cast import Page
from tests.e2e.readers import Readers
from tests.e2e.visitors import Visitor
from tests.running import Run

pytestmark = pytest.mark.one_database

WIDTHS: Final = {"phone": 390, "desktop": 1280}
HIDDEN_BESIDE: Final = "() => document.documentElement.scrollWidth - innerWidth"
PATHS: Final = {"status": "/admin/status/", "dead-letters": "/admin/dead-letters/"}


@pytest.fixture
def queue(kibitz: Run) -> Iterator[redis.Redis]:
    """The Redis of the running Kibitz, with a dead letter that can be replayed and one that cannot."""
    client = command_client(RunDir(kibitz.state_dir).environment()["REDIS_URL"])
    entry = wire.EventEntry(10**12, "a" * 26, "e1", 12, '{"seq":12,"post":{"html":"<p>Hi</p>"}}', "blog")
    about = {"reason": "not published in 5 deliveries", "deliveries": "6", "stream": wire.stream_name(0)}
    fields: dict[Any, Any] = {**entry.fields(), **about}
    client.xadd(wire.DEAD, fields)
    client.xadd(wire.DEAD, {"nonsense": "1", **about})  # type: ignore[dict-item]
    yield client
    client.delete(wire.DEAD)
    client.close()


TOP: Final = "row => row.getBoundingClientRect().top"


def logged_in(readers: Readers, kibitz: Run, path: str, **options: Any) -> Tab:
    password = next(
        line.split()[1] for line in kibitz.log.splitlines() if line.strip().startswith("Password")
    )
    tab = readers.tab(**options)
    tab.goto(kibitz.url + path)
    tab.get_by_label("Username").fill("admin")
    tab.get_by_label("Password").fill(password)
    tab.get_by_role("button", name="Log in").click()
    return tab


def test_the_status_follows_what_happens_and_keeps_its_place(
    kibitz: Run, page: Page, readers: Readers, alice: Visitor
) -> None:
    tab = logged_in(readers, kibitz, PATHS["status"], viewport={"width": 390, "height": 600})
    row = tab.get_by_role("row").filter(
        has=tab.get_by_role("rowheader", name="acknowledged finished", exact=True)
    )
    before = int(row.get_by_role("cell").first.inner_text())
    tab.evaluate("() => { window.isSame = true; scrollTo(0, 500); }")
    place = row.evaluate(TOP)

    alice.posted("Something to count.")

    expect(row.get_by_role("cell").first).to_have_text(str(before + 1))
    assert tab.evaluate("() => window.isSame") is True
    assert row.evaluate(TOP) == pytest.approx(place, abs=2)  # also where a line above it has wrapped
    expect(tab.get_by_text("Sweeper", exact=True).locator("xpath=following-sibling::dd")).to_have_text("up")


def test_what_a_running_kibitz_did_is_explained(kibitz: Run, page: Page, alice: Visitor) -> None:
    alice.posted("Something to find.")

    assert kibitz.manage("reconcile").endswith("Everything is explained.\n")


def test_it_can_be_paused(kibitz: Run, readers: Readers) -> None:
    tab = logged_in(readers, kibitz, PATHS["status"])

    tab.get_by_role("button", name="Pause").click()

    expect(tab.get_by_role("button", name="Pause")).to_have_attribute("aria-pressed", "true")
    expect(tab.get_by_text("Paused.")).to_be_visible()


def test_a_dead_letter_is_replayed_and_another_discarded(
    kibitz: Run, readers: Readers, queue: redis.Redis
) -> None:
    tab = logged_in(readers, kibitz, PATHS["dead-letters"])

    tab.get_by_role("checkbox").first.check()
    tab.get_by_role("button", name="Replay selected").click()
    expect(tab.get_by_text("1 queued again.")).to_be_visible()

    tab.get_by_role("checkbox").check()
    tab.get_by_role("button", name="Discard selected…").click()
    expect(tab.get_by_text("Their event rows are marked as published")).to_be_visible()
    tab.get_by_role("button", name="Yes, discard 1").click()

    expect(tab.get_by_text("1 discarded.")).to_be_visible()
    expect(tab.get_by_text("There are none")).to_be_visible()
    assert queue.xlen(wire.DEAD) == 0


def show_status(tab: Tab) -> None:
    expect(tab.get_by_role("table", name="Stages")).to_be_visible()


def show_letters(tab: Tab) -> None:
    expect(tab.get_by_role("table", name="Dead letters")).to_be_visible()


def show_letter(tab: Tab) -> None:
    show_letters(tab)
    tab.get_by_role("table", name="Dead letters").get_by_role("link").first.click()
    expect(tab.get_by_text("not published in 5 deliveries")).to_be_visible()


def show_question(tab: Tab) -> None:
    show_letters(tab)
    tab.get_by_role("checkbox").first.check()
    tab.get_by_role("button", name="Discard selected…").click()
    expect(tab.get_by_role("button", name="Yes, discard 1")).to_be_visible()


SUBJECTS: Final = {
    "status": ("status", show_status),
    "dead-letters": ("dead-letters", show_letters),
    "dead-letter": ("dead-letters", show_letter),
    "discard": ("dead-letters", show_question),
}


@pytest.mark.parametrize("subject", list(SUBJECTS))
@pytest.mark.parametrize("device", list(WIDTHS))
def test_pictures(
    kibitz: Run, readers: Readers, queue: redis.Redis, subject: str, device: str, tmp_path: Path
) -> None:
    directory = Path(os.environ.get("PICTURES") or tmp_path)
    directory.mkdir(parents=True, exist_ok=True)
    path, show = SUBJECTS[subject]
    tab = logged_in(readers, kibitz, PATHS[path], viewport={"width": WIDTHS[device], "height": 800})
    show(tab)

    for theme in ("light", "dark"):
        tab.emulate_media(color_scheme=theme)
        tab.screenshot(path=directory / f"{subject}-{device}-{theme}.png", full_page=True)

    assert tab.evaluate(HIDDEN_BESIDE) <= 0
    assert tab.evaluate("() => window.violations") == []
