"""Signing in where one writes, as a reader sees it; the mails come out of the development's folder."""

import re
from email import message_from_bytes, policy
from typing import Final

from playwright.sync_api import Locator

from tests.e2e.screens import Comments
from tests.running import Run
from tests.servers import wait_until

MEMBERS: Final = "members"
CHANGE_SITE: Final = (
    "from comments.models import Site; Site.objects.filter(key={key!r}).update(**{changes!r})"
)


class SignInScreen:
    """The panel under a form."""

    def __init__(self, seen: Comments) -> None:
        self.node = seen.frame.get_by_role("form", name="Sign in")
        self.lead = self.node.locator("#signin-lead")
        self.email = self.node.get_by_label("E-mail")
        self.name = self.node.get_by_label("Name")
        self.code = self.node.get_by_label("Six-digit code")
        self.error = self.node.get_by_role("alert").filter(has_text=re.compile("."))

    def button(self, name: str) -> Locator:
        return self.node.get_by_role("button", name=name, exact=True)

    def ask_for_code(self, email: str, name: str = "") -> None:
        self.email.fill(email)
        if name:
            self.name.fill(name)
        self.button("Send code").click()

    def sign_in(self, kibitz: Run, email: str, name: str = "") -> None:
        before = len(mails_to(kibitz, email))
        self.ask_for_code(email, name)
        self.code.fill(code_to(kibitz, email, after=before))


def mails_to(kibitz: Run, email: str) -> list[str]:
    """The texts of the mails that went there, the oldest first."""
    found = [
        message_from_bytes(path.read_bytes(), policy=policy.default)
        for path in sorted((kibitz.state_dir / "mail").glob("*.eml"))
    ]
    texts = [message.get_body(("plain",)) for message in found if email in str(message["To"])]
    return [text.get_content() for text in texts if text is not None]


def code_to(kibitz: Run, email: str, *, after: int = 0) -> str:
    """The code in the next mail, as it stands there."""
    wait_until(lambda: len(mails_to(kibitz, email)) > after, seconds=15, message=f"a mail to {email}")
    found = re.search(r"\b\d{3} ?\d{3}\b", mails_to(kibitz, email)[-1])
    assert found is not None
    return found[0]


def account(seen: Comments) -> Locator:
    return seen.composer.node.get_by_role("button", name=re.compile("^Account: "))


def opened(seen: Comments) -> SignInScreen:
    """The panel, after a press on the form's own button."""
    seen.composer.body.click()
    seen.composer.node.get_by_role("button", name="Sign in").click()
    return SignInScreen(seen)


def change_site(kibitz: Run, key: str, **changes: object) -> None:
    kibitz.shell(CHANGE_SITE.format(key=key, changes=changes))
