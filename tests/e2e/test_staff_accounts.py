"""A moderator's account in a real browser: a passkey, an app, sessions. PICTURES=DIR keeps the pictures."""

import os
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from tests.authenticator_app import App
from tests.e2e.device import Device
from tests.e2e.host_site import HostSite
from tests.e2e.moderators import PASSWORD, appoint
from tests.e2e.readers import Readers
from tests.running import Run

pytestmark = pytest.mark.one_database

SIZES: Final = {"phone": (390, 844), "desktop": (1280, 900)}
ACCOUNT: Final = "/admin/account/"


@pytest.fixture
def url(kibitz: Run) -> str:
    """By its name: browsers make no passkey for an address of numbers."""
    return kibitz.url.replace("127.0.0.1", "localhost")


def log_in(tab: Tab, url: str, name: str, path: str = "/admin/") -> None:
    tab.goto(url + path)
    tab.get_by_label("Username").fill(name)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Log in", exact=True).click()


def prove(tab: Tab) -> None:
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Confirm").click()


def require_no_violation(tab: Tab) -> None:
    assert tab.evaluate("() => violations") == []


def test_a_moderator_adds_a_passkey_and_logs_in_by_it_alone(
    readers: Readers, kibitz: Run, strict_host: HostSite, url: str
) -> None:
    appoint(kibitz, strict_host.site, "pamela")
    tab = readers.tab()
    Device(tab)
    log_in(tab, url, "pamela")

    tab.get_by_role("link", name="Security").click()
    tab.get_by_role("link", name="Add a passkey").click()
    prove(tab)
    tab.get_by_role("button", name="Add a passkey").click()
    expect(tab.get_by_label("Unused codes")).to_be_visible()
    require_no_violation(tab)
    tab.get_by_role("button", name="Log out").click()
    tab.goto(f"{url}/admin/moderation/")
    require_no_violation(tab)
    tab.get_by_role("button", name="Use a passkey").click()

    expect(tab.locator(".state")).to_have_attribute("data-state", "live")
    assert tab.url == f"{url}/admin/moderation/"


def test_after_the_password_comes_the_passkey_or_a_code(
    readers: Readers, kibitz: Run, strict_host: HostSite, url: str
) -> None:
    appoint(kibitz, strict_host.site, "quentin")
    tab = readers.tab()
    Device(tab)
    log_in(tab, url, "quentin", ACCOUNT + "2fa/app/")
    prove(tab)
    secret = tab.get_by_label("Authenticator secret").input_value()
    tab.get_by_label("code").last.fill(App(secret).code())
    tab.get_by_role("button", name="Activate").click()
    expect(tab.get_by_label("Unused codes")).to_be_visible()
    recovery = tab.get_by_label("Unused codes").input_value().split()[0]
    tab.goto(f"{url}{ACCOUNT}2fa/passkeys/add/")
    if "reauthenticate" in tab.url:
        tab.get_by_label("Code").fill(recovery)
        tab.get_by_role("button", name="Confirm").click()
    tab.get_by_label("Log in with it alone").uncheck()
    tab.get_by_role("button", name="Add a passkey").click()
    expect(tab.get_by_role("heading", name="Second factor")).to_be_visible()
    tab.get_by_role("button", name="Log out").click()

    log_in(tab, url, "quentin")
    tab.get_by_role("button", name="Use a passkey").click()

    expect(tab.get_by_role("heading", name="Site administration")).to_be_visible()
    require_no_violation(tab)


def test_a_browser_without_a_passkey_says_so(readers: Readers, url: str) -> None:
    tab = readers.tab()
    tab.add_init_script("navigator.credentials.get = () => Promise.reject(new DOMException('no'));")
    tab.goto(f"{url}/admin/")
    said = tab.locator("#passkey_error")
    expect(said).to_be_hidden()

    tab.get_by_role("button", name="Use a passkey").click()

    expect(said).to_contain_text("gave no passkey")


def test_a_session_that_is_ended_elsewhere_is_out(
    readers: Readers, kibitz: Run, strict_host: HostSite, url: str
) -> None:
    appoint(kibitz, strict_host.site, "rupert")
    left_open, here = readers.tab(), readers.tab()
    log_in(left_open, url, "rupert")
    log_in(here, url, "rupert", ACCOUNT + "sessions/")

    here.get_by_role("button", name="End all others").click()
    left_open.reload()

    expect(left_open.get_by_label("Username")).to_be_visible()
    expect(here.get_by_text("Ended 1 session.")).to_be_visible()


@pytest.mark.parametrize("device", SIZES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures(
    device: str, theme: Any, readers: Readers, kibitz: Run, strict_host: HostSite, url: str, tmp_path: Path
) -> None:
    directory = Path(os.environ.get("PICTURES") or tmp_path)
    appoint(kibitz, strict_host.site, name := f"sue-{device}-{theme}")
    width, height = SIZES[device]
    tab = readers.tab(viewport={"width": width, "height": height}, color_scheme=theme)
    Device(tab)

    def picture(subject: str) -> None:
        tab.screenshot(path=directory / f"account-{subject}-{device}-{theme}.png", full_page=True)
        assert tab.evaluate("() => document.documentElement.scrollWidth") <= width, subject
        require_no_violation(tab)

    tab.goto(f"{url}/admin/")
    picture("login")
    tab.goto(f"{url}{ACCOUNT}password/reset/")
    picture("forgot")
    log_in(tab, url, name)
    picture("admin")
    for subject, path in (("factors", "2fa/"), ("sessions", "sessions/"), ("password", "password/change/")):
        tab.goto(url + ACCOUNT + path)
        picture(subject)
    tab.goto(f"{url}{ACCOUNT}2fa/app/")
    picture("prove")
    prove(tab)
    picture("app")
    tab.goto(f"{url}{ACCOUNT}2fa/passkeys/add/")
    picture("add-passkey")
    tab.get_by_role("button", name="Add a passkey").click()
    expect(tab.get_by_label("Unused codes")).to_be_visible()
    picture("recovery-codes")
    tab.goto(f"{url}{ACCOUNT}2fa/passkeys/")
    picture("passkeys")
    tab.get_by_role("button", name="Log out").click()
    log_in(tab, url, name)
    picture("second-factor")
