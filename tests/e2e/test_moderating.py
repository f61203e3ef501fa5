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
