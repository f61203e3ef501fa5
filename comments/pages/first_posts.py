"""The first page of a thread inside the iframe's document: to be read before the app runs, and adopted by it.

What depends on the reader (whose posts are theirs, what they voted) is the app's to add
(embed/src/view/post.ts).
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from babel.dates import format_timedelta
from babel.numbers import format_compact_decimal
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from comments.events.shapes import ThreadShape
from comments.pages.branches import Branch, Entry, branches
from comments.pages.still_posts import Words
from comments.sites.texts import counted_text, language_of
from comments.threads.bootstrap import Settings
from comments.threads.queries import Snapshot

DEPTH_NAMED: Final = 2  # embed/src/view/thread.ts: phones flatten below this
DEPTH_SHOWN: Final = 6  # embed/src/view/post.ts
HUES: Final = 360
UNITS: Final = (31_557_600, 2_629_800, 604_800, 86_400, 3600, 60)  # seconds; embed/src/messages.ts
NOTHING: Final = SafeString()
ARTICLES_KEPT: Final = 4_096  # each at most some 10 KB: the template takes half a millisecond for one
KEPT_MAX_CHARS: Final = 2_000  # of a text: longer ones are rare, and would fill memory
TIMES_KEPT: Final = 4_096


class Labels(NamedTuple):
    """What every article says in the reader's language."""

    edited: str
    upvote: str
    downvote: str
    reply: str
    link: str
    report: str
    mute: str
    edit: str
    delete: str


@dataclass(frozen=True, slots=True)
class FirstPost:
    """Everything that the template of an article asks for; nothing of it makes the pattern for new ones."""

    id: int = 0
    classes: str = "post"
    initial: str = ""
    avatar: str = ""
    name: str = ""
    badge: str = ""
    note: str = ""
    reply_to: str = ""
    created: str = ""
    ago: str = ""
    is_edited: bool = False
    fold: str = ""
    html: SafeString = NOTHING
    is_stub: bool = False
    has_votes: bool = True
    may_reply: bool = True
    may_mute: bool = True
    score: str = ""
    link: str = ""
    style: str = ""  # its depth and its colour, which the policy does not allow as an attribute


def article(post: FirstPost, text: Labels) -> SafeString:
    """The element, in which votes and passing minutes are all that changes."""
    return (_kept if len(post.html) <= KEPT_MAX_CHARS else _rendered)(post, text)


def _rendered(post: FirstPost, text: Labels) -> SafeString:
    return render_to_string("kibitz/embed_post.html", {"post": post, "text": text})


_kept = lru_cache(maxsize=ARTICLES_KEPT)(_rendered)


@dataclass(frozen=True, slots=True)
class FirstBranch:
    root: int
    articles: list[SafeString]
    has_more: bool


@dataclass(frozen=True, slots=True)
class FirstPage:
    counted: str
    notice: str
    is_closed: bool
    branches: list[FirstBranch]
    has_more: bool
    pattern: SafeString  # an article of which new ones are made
    style: SafeString


@dataclass(frozen=True, slots=True)
class Setting:
    """What all posts of the page share."""

    words: Words
    thread: ThreadShape
    may_reply: bool
    has_votes: bool
    url: str  # of the site's own page, under which the app finds its permalinks
    now: datetime

    def ago(self, rfc3339: str) -> str:
        """As embed/src/messages.ts says it, but for words like "yesterday"."""
        seconds = max(0.0, (self.now - datetime.fromisoformat(rfc3339)).total_seconds())
        unit = next((unit for unit in UNITS if seconds >= unit), 1)
        return _ago(int(seconds // unit) * unit, language_of(self.words.lang))


@lru_cache(maxsize=TIMES_KEPT)
def _ago(seconds: int, language: str) -> str:
    # Babel has no short form in Arabic
    length: Literal["long", "short"] = "long" if language == "ar" else "short"
    return format_timedelta(-seconds, add_direction=True, threshold=1, format=length, locale=language)


@lru_cache(maxsize=TIMES_KEPT)
def _compact(number: int, language: str) -> str:
    return format_compact_decimal(number, fraction_digits=1, locale=language)


def first_page(
    snapshot: Snapshot, settings: Settings, url: str, words: Words, *, is_read_only: bool = False
) -> FirstPage:
    """A read-only page is so for everybody by its owner's choice, and needs no notice."""
    thread, text = snapshot["thread"], words.text
    is_closed = thread["locked"] or is_read_only
    setting = Setting(
        words, thread, may_reply=not is_closed, has_votes=settings["votes"], url=url, now=timezone.now()
    )
    labels = Labels(*(str(text[name]) for name in Labels._fields))
    found = [(branch, _posts(branch, setting)) for branch in branches(snapshot["posts"])]
    return FirstPage(
        counted=counted_text(words.lang, text["comments"], thread["posts"]),
        notice="" if is_read_only else _notice(thread, settings, words),
        is_closed=is_closed,
        branches=[
            FirstBranch(branch.root["id"], [article(post, labels) for post in posts], branch.has_more)
            for branch, posts in found
        ],
        has_more=snapshot["next"] is not None,
        pattern=article(FirstPost(), labels),
        style=mark_safe("".join(post.style for _, posts in found for post in posts)),  # noqa: S308  numbers
    )


def _notice(thread: ThreadShape, settings: Settings, words: Words) -> str:
    """What there is to know before one writes, as drawNotices in embed/src/view/drawing.ts says it."""
    text, pause = words.text, thread["slow_mode_seconds"]
    if thread["locked"]:
        return str(text["locked"])
    moderated = [text["moderated"]] if settings["moderation"] != "post" else []
    slow = [counted_text(words.lang, text["slowMode"], pause)] if pause else []
    return " ".join([*moderated, *slow])


def _posts(branch: Branch, setting: Setting) -> list[FirstPost]:
    below = _below(branch.entries)
    return [_post(entry, setting, below.get(entry.post["id"], 0)) for entry in branch.entries]


def _post(entry: Entry, setting: Setting, below: int) -> FirstPost:
    post, depth, words = entry.post, entry.depth, setting.words
    id_, is_stub = post["id"], post["status"] != "published"
    name, text = words.name(post), words.text
    answered = entry.parent if depth > DEPTH_NAMED else None
    reply_to = (answered["author"]["name"] or text["deleted"]) if answered else ""
    return FirstPost(
        id=id_,
        classes="post" + " deep" * (depth > DEPTH_SHOWN) + " stub" * is_stub,
        initial="" if is_stub else name[:1].upper(),
        avatar=post["author"]["avatar"] or "",
        name=name,
        badge=words.badge(post),
        note=words.note(post, setting.thread["pinned"]),
        reply_to=text["replyTo"].replace("{n}", reply_to) if reply_to else "",
        created=post["created"],
        ago=setting.ago(post["created"]),
        is_edited=bool(post["edited"]) and not is_stub,
        fold=text["collapse"] if below else "",
        html=mark_safe(post["html"]),  # noqa: S308  sanitized when it was stored
        is_stub=is_stub,
        has_votes=setting.has_votes and not is_stub,
        may_reply=setting.may_reply and not is_stub,
        may_mute="key" in post["author"],
        score=_compact(post["score"], language_of(words.lang)),
        link=f"{setting.url}#kibitz-{id_}",
        style=f"#kibitz-{id_}{{--depth:{depth};--hue:{hue(name)}}}",
    )


def hue(name: str) -> int:
    """The colour that the app gives a name, from its UTF-16 code units."""
    found = 0
    for character in name:  # by characters, of which JavaScript looks at the first unit alone
        found = (found * 31 + int.from_bytes(character.encode("utf-16-be")[:2], "big")) % HUES
    return found


def _below(entries: list[Entry]) -> dict[int | None, int]:
    below: dict[int | None, int] = {}
    for entry in reversed(entries):
        post = entry.post
        below[post["parent"]] = below.get(post["parent"], 0) + below.get(post["id"], 0) + 1
    return below
