"""What members write is live, through the front's TLS."""

import pytest
from playwright.sync_api import expect

from tests.cast import Page
from tests.e2e.readers import Readers
from tests.e2e.screens import Comments
from tests.secure.frames import opened

pytestmark = pytest.mark.one_database


def test_what_a_member_writes_arrives_under_their_name(readers: Readers, page: Page) -> None:
    reader = Comments(readers.tab()).open(page.url)
    writer = opened(readers.tab(), page)
    writer.sign_in()

    writer.posted("Live, over TLS.")

    reader.reveal()
    expect(reader.with_body("Live, over TLS.").name).to_have_text("Ann")
