"""Moderators at their queue, each with a browser of their own."""

import re
from typing import Any, Final

from playwright.sync_api import Locator, expect
from playwright.sync_api import Page as Tab

from tests.e2e.readers import Readers
from tests.running import Run

PASSWORD: Final = "not to be guessed"
APPOINT: Final = """
from django.contrib.auth.models import User
from comments.models import Site, SiteGroup
from comments.sites.roles import group_of
site = Site.objects.get(key={site!r})
site.moderation = Site.Moderation.PRE
site.save()
for name in {names!r}:
    user, is_new = User.objects.get_or_create(username=name, defaults={{"is_staff": True}})
    if is_new:
        user.set_password({password!r})
        user.save()
    user.groups.add(group_of(site, SiteGroup.Role.MODERATOR))
"""


CLEANED: Final = """
from comments.models import Claim, Flag, Post
Claim.objects.all().delete()
posts = Post.objects.filter(site__key={site!r})
posts.exclude(status__in=["deleted", "erased"]).update(status="hidden", open_flags=0)
"""


def appoint(kibitz: Run, site: str, *names: str) -> None:
    """Makes accounts that moderate the site, which approves first from now on."""
    told(kibitz, APPOINT.format(site=site, names=names, password=PASSWORD))


def empty_queue(kibitz: Run, site: str) -> None:
    """Nothing waits on the site any more."""
    told(kibitz, CLEANED.format(site=site))


def told(kibitz: Run, script: str) -> None:
    kibitz.shell(script)


class CardScreen:
    """One post in the queue."""

    def __init__(self, node: Locator) -> None:
        self.node = node
        self.claim = node.locator(".claim")
        self.note = node.locator(".note")
        self.body = node.locator(".body")
        self.reply = node.get_by_label("Your reply")

    def press(self, label: str) -> None:
        self.node.get_by_role("button", name=label, exact=True).click()


class QueueScreen:
    """The page `/admin/moderation/`."""

    def __init__(self, tab: Tab, base_url: str) -> None:
        self.tab = tab
        self._base_url = base_url
        self.cards = tab.locator("article.card:not(.is-left)")
        self.state = tab.locator(".state")
        self.empty = tab.locator(".empty")
        self.undo = tab.get_by_role("group", name="The last action")
        self.bulk = tab.get_by_role("group", name="Selected comments")
        self.pill = tab.get_by_role("button", name=re.compile(r"^\d+ new$"))
        self.alert = tab.locator("#moderation > .errornote")

    def open(self, name: str, query: str = "") -> "QueueScreen":
        """Logs in where nobody is, and waits for what is live."""
        self.tab.goto(f"{self._base_url}/admin/moderation/{query}")
        if "/login/" in self.tab.url:
            self.tab.get_by_label("Username").fill(name)
            self.tab.get_by_label("Password").fill(PASSWORD)
            self.tab.get_by_role("button", name="Log in").click()
        expect(self.state).to_have_attribute("data-state", "live")
        return self

    def by_id(self, post_id: int) -> CardScreen:
        return CardScreen(self.tab.locator(f'article.card[data-id="{post_id}"]'))

    def expect_ids(self, *ids: int) -> None:
        """Exactly these wait here, in this order."""
        for place, post_id in enumerate(ids):
            expect(self.cards.nth(place)).to_have_attribute("data-id", str(post_id))
        expect(self.cards).to_have_count(len(ids))

    def focus(self, post_id: int) -> None:
        """By the keyboard alone."""
        expect(self.by_id(post_id).node).to_be_visible()
        for _ in range(self.cards.count() + 1):
            if self.focused() == post_id:
                return
            self.tab.keyboard.press("j")
        assert self.focused() == post_id

    def focused(self) -> int | None:
        """The post whose card has the focus."""
        found: str | None = self.tab.evaluate(
            "() => document.activeElement.closest('article[data-id]')?.dataset.id ?? null"
        )
        return None if found is None else int(found)


class Moderators:
    """Makes their browsers."""

    def __init__(self, readers: Readers, kibitz: Run) -> None:
        self._readers = readers
        self._kibitz = kibitz

    def queue(self, name: str, query: str = "", base_url: str = "", **options: Any) -> QueueScreen:
        tab = self._readers.tab(**{"viewport": {"width": 1280, "height": 900}, **options})
        return QueueScreen(tab, base_url or self._kibitz.url).open(name, query)
