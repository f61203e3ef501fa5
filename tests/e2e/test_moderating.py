"""A moderator in Django admin, and a reader who watches."""

import pytest
from playwright.sync_api import expect

from tests.cast import Page
from tests.e2e.readers import Readers
from tests.e2e.visitors import Visitor
from tests.running import Run

pytestmark = pytest.mark.one_database


def test_what_a_moderator_hides_goes_from_the_screen_at_once(
    kibitz: Run, page: Page, readers: Readers, mallory: Visitor
) -> None:
    rude = mallory.posted("Something rude.")
    reader = readers.comments().open(page.url)
    password = next(
        line.split()[1] for line in kibitz.log.splitlines() if line.strip().startswith("Password")
    )
    admin = readers.tab()
    admin.goto(f"{kibitz.url}/admin/comments/post/?id__exact={rude}")
    admin.get_by_label("Username").fill("admin")
    admin.get_by_label("Password").fill(password)
    admin.get_by_role("button", name="Log in").click()

    admin.get_by_role("checkbox", name="Select this object").first.check()
    admin.get_by_label("Action:").select_option(label="Hide from readers")
    admin.get_by_role("button", name="Go").click()

    expect(admin.get_by_text("1 hidden.")).to_be_visible()
    expect(reader.by_id(rude).name).to_have_text("Removed by a moderator")
    expect(reader.by_id(rude).body).to_be_empty()
    expect(reader.count).to_have_text("0 comments")


def test_closing_a_thread_takes_the_forms_away_and_opening_it_brings_them_back(
    kibitz: Run, page: Page, readers: Readers, mallory: Visitor
) -> None:
    first = mallory.posted("Something to answer.")
    reader = readers.comments().open(page.url)
    reader.composer.body.fill("Half a thought")

    changed(kibitz, page, "lock_against_posting(thread, is_locked=True, now=timezone.now())")

    expect(reader.notice).to_have_text("Comments are closed.")
    expect(reader.composer.node).to_be_hidden()
    expect(reader.by_id(first).node.get_by_role("button", name="Reply")).to_be_hidden()

    changed(kibitz, page, "lock_against_posting(thread, is_locked=False, now=timezone.now())")

    expect(reader.composer.body).to_have_value("Half a thought")
    expect(reader.notice).to_have_count(0)


def test_a_pinned_comment_is_marked_at_once_and_leads_from_then_on(
    kibitz: Run, page: Page, readers: Readers, mallory: Visitor
) -> None:
    first = mallory.posted("To be pinned.")
    mallory.posted("A later one.")
    reader = readers.comments().open(page.url)
    expect(reader.bodies).to_have_text(["A later one.", "To be pinned."])

    changed(kibitz, page, f"pin(thread, Post.objects.get(pk={first}), now=timezone.now())")

    expect(reader.by_id(first).node.locator(".badge").filter(has_text="Pinned")).to_be_visible()
    expect(reader.bodies).to_have_text(["A later one.", "To be pinned."])  # nothing moves while one reads
    expect(readers.comments().open(page.url).bodies).to_have_text(["To be pinned.", "A later one."])


def changed(kibitz: Run, page: Page, change: str) -> None:
    """What a moderator's button does to the page's thread."""
    setup = (
        "from django.utils import timezone; from comments.threads.models import Post, Thread; "
        "from comments.threads.services import lock_against_posting, pin; "
        f"thread = Thread.objects.select_related('site').get(key={page.key!r}); "
    )
    kibitz.shell(setup + change)
