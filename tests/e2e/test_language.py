"""What the server refuses is said in the reader's language."""

import json
import re
from typing import Final

import pytest
from playwright.sync_api import expect

from tests.e2e.host_site import HostSite
from tests.e2e.readers import Readers
from tests.e2e.screens import Comments
from tests.running import Run

pytestmark = pytest.mark.one_database

LONG_AGO: Final = (
    "from datetime import timedelta; from django.db.models import F; from comments.models import Post; "
    "Post.objects.filter(body='Vor langer Zeit.').update(created=F('created') - timedelta(days=1))"
)
SUBMIT: Final = "Absenden"


@pytest.fixture
def seen(request: pytest.FixtureRequest, kibitz: Run, host: HostSite, readers: Readers) -> Comments:
    """A page in German."""
    name = f"german-{request.node.name}"
    snippet = f'<kibitz-comments site="{host.site}" page-id="{name}"></kibitz-comments>'
    script = f'<script async src="{kibitz.url}/embed.js"></script>'
    seen = readers.comments().open(host.pasted(name, script + snippet, lang="de").url)
    seen.composer.body.focus()
    expect(seen.composer.name).to_be_visible()
    return seen


def test_a_post_of_which_nothing_can_be_seen(seen: Comments) -> None:
    seen.composer.post("\u200b", submit=SUBMIT)

    expect(seen.composer.error).to_have_text("Schreiben Sie zuerst etwas.")


def test_a_name_that_is_too_long(seen: Comments) -> None:
    seen.composer.name.evaluate("field => field.removeAttribute('maxlength')")

    seen.composer.post("Hallo.", "alice" * 30, submit=SUBMIT)

    expect(seen.composer.name_error).to_have_text("Bitte höchstens 64 Zeichen.")
    expect(seen.composer.error).to_be_hidden()


def test_a_post_that_is_too_long(seen: Comments) -> None:
    seen.composer.body.evaluate("field => field.removeAttribute('maxlength')")

    seen.composer.post("x" * 10_001, submit=SUBMIT)

    expect(seen.composer.error).to_have_text("Bitte höchstens 10.000 Zeichen.")


def test_an_edit_that_comes_too_late(seen: Comments, kibitz: Run) -> None:
    seen.composer.post("Vor langer Zeit.", submit=SUBMIT)
    mine = seen.with_body("Vor langer Zeit.")
    mine.press("Bearbeiten")
    kibitz.shell(LONG_AGO)

    mine = seen.by_id(int((mine.node.get_attribute("id") or "").removeprefix("kibitz-")))
    mine.form.post("Zu spät.", submit="Speichern")

    expect(mine.form.error).to_have_text("Dieser Kommentar lässt sich nicht mehr ändern.")
    expect(mine.form.body).to_have_value("Zu spät.")


def test_what_has_no_text_of_ours_is_said_as_the_server_says_it(seen: Comments) -> None:
    refusal = {"code": "full_moon", "detail": "Not tonight.", "fields": {}}
    seen.page.route(
        re.compile(r"/posts/$"), lambda route: route.fulfill(status=403, body=json.dumps(refusal)), times=1
    )

    seen.composer.post("Hallo.", submit=SUBMIT)

    expect(seen.composer.error).to_have_text("Not tonight.")
