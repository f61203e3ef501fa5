"""What a reader notices of the checks: next to nothing."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import Request, Route, expect

from tests import services
from tests.cast import Page
from tests.e2e.conftest import page_name
from tests.e2e.host_site import HostSite
from tests.e2e.readers import Readers, kept_in
from tests.e2e.screens import Comments
from tests.running import Run

pytestmark = pytest.mark.one_database

SITE: Final = "suspicious"
RULES: Final = """
from comments.models import Site, SiteRules
phases = [{{"phase": name, "is_on": True}} for name in {phases}]
SiteRules.objects.update_or_create(
    site=Site.objects.get(key="suspicious"), defaults={{"phases": phases, **{fields}}}
)
"""


@pytest.fixture(scope="module")
def strict_host(kibitz: Run) -> Iterator[HostSite]:
    """A site with rules."""
    site = HostSite(SITE, "127.0.0.5")
    kibitz.manage("create_site", SITE, "--origin", site.origin)
    yield site
    site.close()


def rule(kibitz: Run, *phases: str, **fields: object) -> None:
    kibitz.shell(RULES.format(phases=list(phases), fields=fields))


@pytest.fixture
def strict_page(request: pytest.FixtureRequest, strict_host: HostSite, kibitz: Run) -> Page:
    """Everybody looks suspicious here."""
    rule(kibitz, "proof", min_seconds=30_000)
    return strict_host.page(page_name(request), kibitz.url)


def sent(seen: Comments) -> list[Request]:
    """What is posted from now on."""
    posted: list[Request] = []

    def keep(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/posts/"):
            posted.append(request)

    seen.page.on("request", keep)
    return posted


def headers_of(request: Request) -> dict[str, str]:
    return request.all_headers()


def test_a_suspicious_post_is_proved_by_the_browser_and_posted_once(
    strict_page: Page, readers: Readers
) -> None:
    seen, other = readers.comments().open(strict_page.url), readers.comments().open(strict_page.url)
    posted, challenges = sent(seen), list[Route]()
    seen.page.route("**/challenge/", kept_in(challenges))

    seen.composer.post("Proved.", "alice")
    expect(seen.letters).to_contain_text("Checking…")
    expect(seen.frame.get_by_role("status").filter(has_text="Checking…")).to_have_count(1)
    challenges[0].continue_()

    other.reveal()
    expect(other.with_body("Proved.").node).to_be_visible()
    expect(seen.with_body("Proved.").node).to_be_visible()
    expect(seen.letters).to_have_count(0)
    expect(seen.posts).to_have_count(1)
    statuses = [request.response().status for request in posted]  # type: ignore[union-attr]
    assert statuses == [403, 201]
    first, second = map(headers_of, posted)
    assert first["idempotency-key"] == second["idempotency-key"]
    assert "x-kibitz-proof" not in first
    assert "x-kibitz-proof" in second
    seen.assert_nothing_ran()


def test_a_challenge_that_cannot_be_had_gives_the_text_back(strict_page: Page, readers: Readers) -> None:
    seen = readers.comments().open(strict_page.url)
    seen.page.route("**/challenge/", lambda route: route.fulfill(status=404, body="{}"))

    seen.composer.post("Not lost.", "alice")

    expect(seen.composer.body).to_have_value("Not lost.")
    expect(seen.composer.error).not_to_be_empty()


def test_a_proof_that_the_server_does_not_take_gives_the_text_back(
    strict_page: Page, readers: Readers
) -> None:
    seen = readers.comments().open(strict_page.url)

    def without_proof(route: Route) -> None:
        kept = {name: value for name, value in route.request.headers.items() if name != "x-kibitz-proof"}
        route.continue_(headers=kept)

    seen.page.route("**/posts/", without_proof)

    seen.composer.post("Not lost.", "alice")

    expect(seen.composer.body).to_have_value("Not lost.")
    expect(seen.composer.error).to_have_text("This could not be checked. Please try again.")


def test_a_field_that_people_do_not_see_goes_along(strict_page: Page, kibitz: Run, readers: Readers) -> None:
    rule(kibitz, "links")
    seen = readers.comments().open(strict_page.url)
    posted = sent(seen)
    seen.composer.body.click()
    trap = seen.composer.node.locator("[name=website]")
    expect(trap).to_have_attribute("tabindex", "-1")
    expect(trap).to_have_attribute("aria-hidden", "true")
    expect(trap).to_have_css("position", "absolute")
    expect(trap).to_have_css("clip-path", "inset(50%)")
    expect(seen.composer.node.get_by_role("textbox")).to_have_count(2)  # the text and the name
    for _ in range(12):
        seen.page.keyboard.press("Tab")
        assert seen.document.evaluate("document.activeElement.name") != "website"

    trap.evaluate("node => { node.value = 'https://spam.example' }")
    seen.composer.post("Buy.", "bot")

    expect(seen.with_body("Buy.").node).to_be_visible()
    told: dict[str, Any] = json.loads(posted[0].post_data or "")
    assert told["website"] == "https://spam.example"
    assert isinstance(told["seconds_open"], int)


def test_a_post_that_a_service_passes_turns_public_by_itself(
    strict_page: Page, kibitz: Run, readers: Readers
) -> None:
    with services.service(services.says("pass")) as service:
        rule(kibitz, "external", external_url=service.url)
        seen, other = readers.comments().open(strict_page.url), readers.comments().open(strict_page.url)

        seen.composer.post("Checked.", "alice")

        other.reveal()
        expect(other.with_body("Checked.").node).to_be_visible()
        expect(seen.with_body("Checked.").node).to_be_visible()
        expect(seen.with_body("Checked.").node.get_by_text("Awaiting moderation")).to_have_count(0)
        expect(seen.count).to_have_text(re.compile("^1 comment"))
        assert [asked.json["submission"]["body"] for asked in service.asked] == ["Checked."]
    rule(kibitz, "proof")
