"""Posts as the pages without JavaScript show them: nested lists, texts in the reader's language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from django.utils import translation
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from comments.events.shapes import PostShape
from comments.pages.branches import Branch, Entry
from comments.sites.models import SiteGroup
from comments.sites.texts import language_of

DEPTH_SHOWN: Final = 6  # deeper replies stand at this depth and say whom they answer
_DEEPER: Final = '<ol class="kibitz-replies">'


@dataclass(frozen=True, slots=True)
class Words:
    """What is said in the reader's language."""

    lang: str
    text: Mapping[str, Any]

    def moment(self, rfc3339: str) -> str:
        """The same for everybody, who may be anywhere, so in UTC; and for ever, so that it can be kept."""
        with translation.override(language_of(self.lang)):
            return date_format(datetime.fromisoformat(rfc3339), "DATE_FORMAT") + f" {rfc3339[11:16]} UTC"

    def name(self, post: PostShape) -> str:
        stubs = {"deleted": self.text["deleted"], "hidden": self.text["removed"]}
        return str(stubs.get(post["status"], post["author"]["name"]))

    def badge(self, post: PostShape) -> str:
        """The role that the author has here, in the reader's language where it is one of ours."""
        badge = post["author"].get("badge", "")
        return str(self.text[badge]) if badge in SiteGroup.Role.values else badge

    def note(self, post: PostShape, pinned: int | None) -> str:
        """What moderators say of a post."""
        if post["id"] == pinned:
            return str(self.text["pinned"])
        return str(self.text["featured"]) if post.get("featured") else ""


@dataclass(frozen=True, slots=True)
class ShownPost:
    id: int
    parent: int | None
    name: str
    initial: str
    avatar: str
    reply_to: str  # "" where its place says it
    link: str
    created: str
    written: str
    edited: str | None
    votes: int
    html: SafeString
    is_stub: bool
    badge: str
    note: str
    after: SafeString  # the end of its list item, and of the lists that end with it


@dataclass(frozen=True, slots=True)
class Setting:
    """What all posts of a page share."""

    words: Words
    url: str  # of the site's own page; "" where it is not known
    pinned: int | None
    has_votes: bool
    branch_href: str  # of more replies, without the root's id
    elsewhere: Mapping[int, str]  # whom replies answer whose parent is on another page, by the parent's id


def shown_posts(branches: Sequence[Branch], setting: Setting) -> list[ShownPost]:
    shown = []
    for branch in branches:
        depths = [min(entry.depth, DEPTH_SHOWN) for entry in branch.entries]
        ends = [_end(depth, following) for depth, following in pairwise(depths)]
        ends.append(_last_end(depths[-1], _more(branch, setting)))
        shown += [_shown(entry, setting, end) for entry, end in zip(branch.entries, ends, strict=True)]
    return shown


def _shown(entry: Entry, setting: Setting, end: SafeString) -> ShownPost:
    post, words = entry.post, setting.words
    answered = words.name(entry.parent) if entry.parent else setting.elsewhere.get(post["parent"] or 0, "")
    name, is_stub = words.name(post), post["status"] != "published"
    is_placed = entry.parent is not None and entry.depth <= DEPTH_SHOWN
    return ShownPost(
        id=post["id"],
        parent=post["parent"],
        name=name,
        initial="" if is_stub else name[:1].upper(),
        avatar=post["author"]["avatar"] or "",
        reply_to="" if is_placed or not answered else words.text["replyTo"].replace("{n}", answered),
        link=permalink(setting.url, post["id"]),
        created=post["created"],
        written=words.moment(post["created"]),
        edited=post["edited"],
        votes=post["score"] if setting.has_votes else 0,
        html=mark_safe(post["html"]),  # noqa: S308  sanitized when it was stored
        is_stub=is_stub,
        badge=words.badge(post),
        note=words.note(post, setting.pinned),
        after=end,
    )


def permalink(url: str, post_id: int) -> str:
    """A post on the site's own page; on this one where that is not known."""
    return f"{url}#kibitz-{post_id}"


def _end(depth: int, following: int) -> SafeString:
    if following > depth:
        return mark_safe(_DEEPER)  # noqa: S308  our own
    return mark_safe("</li>" + "</ol></li>" * (depth - following))  # noqa: S308  our own


def _last_end(depth: int, more: SafeString) -> SafeString:
    if depth == 0:
        return format_html("{}</li>", more)
    lists = "</li>" + "</ol></li>" * (depth - 1) + "</ol>"
    return format_html("{}{}</li>", mark_safe(lists), more)  # noqa: S308  our own


def _more(branch: Branch, setting: Setting) -> SafeString:
    if not branch.has_more or branch.root["parent"] is not None:
        return SafeString()
    return format_html(
        '<p class="kibitz-more"><a href="{}{}">{}</a></p>',
        setting.branch_href,
        branch.root["id"],
        setting.words.text["showReplies"],
    )
