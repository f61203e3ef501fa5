"""Moderators at their queue when something is in the way: the socket, the network, the session, the role."""

import re

import pytest
from playwright.sync_api import expect

from tests.cast import Page
from tests.e2e.conftest import STRICT_SITE, page_name
from tests.e2e.host_site import HostSite
from tests.e2e.moderators import Moderators, appoint, empty_queue, told
from tests.e2e.readers import Readers
from tests.e2e.visitors import Visitor
from tests.running import Run

pytestmark = pytest.mark.one_database


@pytest.fixture
def page(request: pytest.FixtureRequest, strict_host: HostSite, kibitz: Run) -> Page:
    empty_queue(kibitz, STRICT_SITE)  # every test begins with one
    return strict_host.page(page_name(request), kibitz.url)


def test_it_asks_when_the_socket_is_dead(page: Page, readers: Readers, kibitz: Run, alice: Visitor) -> None:
    moderators = Moderators(readers, kibitz)
    queue = moderators.queue("morgan")
    queue.tab.route_web_socket("**/live/moderation/*", lambda socket: socket.close())
    queue.tab.reload()
    expect(queue.empty).to_be_visible()
    expect(queue.state).to_have_attribute("data-state", "polling")

    held = alice.posted("Unheard.")

    expect(queue.by_id(held).node).to_be_visible(timeout=15_000)
    queue.by_id(held).press("Approve")
    expect(queue.empty).to_be_visible()


def test_what_could_not_be_sent_is_kept_and_tried_again(
    page: Page, moderators: Moderators, alice: Visitor
) -> None:
    held = alice.posted("Patience.")
    queue = moderators.queue("morgan")
    queue.focus(held)
    queue.tab.context.set_offline(True)

    queue.by_id(held).press("Approve")

    expect(queue.by_id(held).note).to_contain_text("Not approved. The server does not answer.")
    queue.tab.context.set_offline(False)
    queue.by_id(held).press("Try again")
    expect(queue.undo).to_contain_text("Approved 1 comment.")


def test_a_session_that_ended_is_said_and_nothing_is_lost(
    page: Page, moderators: Moderators, alice: Visitor
) -> None:
    held = alice.posted("Patience.")
    queue = moderators.queue("morgan")
    queue.focus(held)
    cookies = queue.tab.context.cookies()
    queue.tab.keyboard.press("c")
    queue.tab.keyboard.type("A long answer.")
    queue.tab.context.clear_cookies()

    queue.tab.keyboard.press("Control+Enter")

    expect(queue.alert).to_contain_text("You are logged out.")
    expect(queue.alert.get_by_role("link", name="Log in again")).to_have_attribute(
        "href", re.compile(r"^/admin/login/\?next=%2Fadmin%2Fmoderation%2F")
    )
    expect(queue.by_id(held).body).to_be_hidden()
    queue.tab.context.add_cookies(cookies)  # type: ignore[arg-type]
    queue.tab.evaluate("() => dispatchEvent(new Event('focus'))")
    expect(queue.by_id(held).body).to_be_visible()
    expect(queue.by_id(held).reply).to_have_value("A long answer.")
    queue.by_id(held).press("Approve and send")
    expect(queue.undo).to_contain_text("Approved, and replied.")


def test_who_is_removed_is_told_and_sees_nothing_more(
    kibitz: Run, page: Page, moderators: Moderators, alice: Visitor
) -> None:
    appoint(kibitz, STRICT_SITE, "marvin")
    held = alice.posted("Secret.")
    queue = moderators.queue("marvin")
    expect(queue.by_id(held).body).to_have_text("Secret.")
    told(
        kibitz,
        "from django.contrib.auth.models import User; User.objects.get(username='marvin').groups.clear()",
    )

    queue.by_id(held).press("Approve")

    expect(queue.alert).to_contain_text("You do not moderate comments any more.")
    expect(queue.tab.get_by_text("Secret.")).to_have_count(0)
    alice.posted("Another secret.")
    queue.tab.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    expect(queue.tab.get_by_text("Another secret.")).to_have_count(0)
    assert alice.look(held).data["status"] == "pending"
    queue.tab.reload()
    expect(queue.tab.get_by_text("403 Forbidden")).to_be_visible()
