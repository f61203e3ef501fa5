"""Reading threads: snapshots by keyset, branches, events, heads, counts."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final, Literal, NamedTuple, Protocol, TypedDict, cast

from django.db.models import Q, QuerySet

from comments.errors import InvalidCursor, Resync, UnknownPost
from comments.events.models import Event
from comments.events.shapes import PostRow, PostShape, ThreadShape, post_shape, thread_shape
from comments.events.wire import Tally
from comments.threads.models import Post, Thread
from comments.threads.services import first_epoch

Sort = Literal["newest", "oldest", "best", "controversial", "replies"]

ROOTS_PER_PAGE: Final = 50
ROOTS_PER_PAGE_MAX: Final = 200
FIRST_REPLIES: Final = 10  # of each root, in its page
BRANCH_PAGE: Final = 200
EVENTS_PER_ANSWER: Final = 200
REPLIES_MAX: Final = 2**31 - 1  # what the column holds
TOTALS_PER_ANSWER: Final = 500  # and those of one number more, which cannot be told apart


class Count(NamedTuple):
    """How many published posts a thread has at one of its numbers."""

    posts: int
    epoch: str
    seq: int


class _Row(PostRow, Protocol):
    """What post_shape and a page read of a post."""

    root_id: int | None
    branch_size: int


# As tuples: with a model's instance for each post a page of 100 took a third longer.
_SHOWN: Final = (
    *("pk", "seq", "parent_id", "root_id", "author_name", "author_key", "by_member", "html", "created"),
    *("edited", "status", "up", "down", "replies", "branch_size", "best", "controversy", "badge"),
    "is_featured",
)

_ORDER: Final[dict[Sort, tuple[str, bool]]] = {  # column, descending
    "newest": ("created", True),
    "oldest": ("created", False),
    "best": ("best", True),
    "controversial": ("controversy", True),
    "replies": ("replies", True),
}


class Snapshot(TypedDict):
    epoch: str
    seq: int
    thread: ThreadShape
    posts: list[PostShape]
    next: str | None


class Head(TypedDict):
    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class Replay:
    """Events after a number: `events` are their JSON texts, dense from `first` to `last`."""

    epoch: str
    first: int
    last: int
    head: int
    events: list[str]
    totals: dict[int, Tally]


def thread_page(key: str, *, sort: Sort, cursor: str = "", limit: int = ROOTS_PER_PAGE) -> Snapshot:
    """A page of roots in `sort` order, each with its first replies; the pinned root leads the first page.
    Raises InvalidCursor."""
    thread = Thread.objects.filter(key=key).first()
    return _empty_snapshot(key) if thread is None else page_of(thread, sort=sort, cursor=cursor, limit=limit)


def page_of(thread: Thread, *, sort: Sort, cursor: str = "", limit: int = ROOTS_PER_PAGE) -> Snapshot:
    """The same of a thread that is at hand.

    The thread's row is read before its posts: what changed in between shows already and comes again as
    an event, which changes nothing; the other way round it would be missed.
    """
    column, is_descending = _ORDER[sort]
    roots = _roots(thread)
    if thread.pinned_post_id is not None:
        roots = roots.exclude(pk=thread.pinned_post_id)
    if cursor:
        roots = roots.filter(_beyond(column, is_descending, _decoded_cursor(sort, cursor)))
    order = ("-" if is_descending else "") + column, ("-" if is_descending else "") + "pk"
    page = _rows(roots.order_by(*order)[: limit + 1])
    has_more, page = len(page) > limit, page[:limit]
    next_cursor = _encoded_cursor(sort, getattr(page[-1], column), page[-1].pk) if has_more else None
    if thread.pinned_post_id is not None and not cursor:
        page = [*_rows(_roots(thread).filter(pk=thread.pinned_post_id)), *page]
    return _snapshot(thread, _with_first_replies(page), next_cursor)


def branch_page(key: str, *, root_id: int, after_id: int) -> Snapshot:
    """The next posts of one branch in order of arrival, after the post `after_id` (the root or a reply).
    Raises UnknownPost. `next` is the last post's id where there is more."""
    thread = Thread.objects.filter(key=key).first()
    after = Post.objects.filter(thread=thread, pk=after_id).first() if thread else None
    if thread is None or after is None or root_id not in {after.pk, after.root_id}:
        raise UnknownPost()
    branch = Post.objects.filter(root_id=root_id, is_listed=True, branch_index__gt=after.branch_index or 0)
    page = _rows(branch.order_by("branch_index")[: BRANCH_PAGE + 1])
    has_more, page = len(page) > BRANCH_PAGE, page[:BRANCH_PAGE]
    return _snapshot(thread, page, str(page[-1].pk) if has_more else None)


def thread_head(key: str) -> Head:
    row = Thread.objects.filter(key=key).values("epoch", "seq").first()
    return {"epoch": row["epoch"], "seq": row["seq"]} if row else {"epoch": first_epoch(key), "seq": 0}


def events_after(key: str, after: int) -> Replay:
    """Up to 200 events after that number, and the totals of every post that was voted on between it and the
    last of them, or since: fewer events where those are many. Raises Resync where the events are gone, or
    where the number is from another incarnation."""
    thread = Thread.objects.filter(key=key).only("pk", "epoch", "seq").first()
    if thread is None:
        if after > 0:
            raise Resync()
        return Replay(first_epoch(key), 1, 0, 0, [], {})
    if after > thread.seq:
        raise Resync()
    rows = list(
        Event.objects.filter(thread=thread, epoch=thread.epoch, seq__gt=after)
        .order_by("seq")
        .values_list("seq", "data")[:EVENTS_PER_ANSWER]
    )
    if (rows[0][0] if rows else thread.seq + 1) != after + 1:
        raise Resync()
    last = rows[-1][0] if rows else after
    voted = Post.objects.filter(
        thread=thread, voted_seq__gte=after, status=Post.Status.PUBLISHED, is_listed=True
    ).order_by("voted_seq")
    too_many = voted.values_list("voted_seq", flat=True)[TOTALS_PER_ANSWER:].first()
    if too_many is not None and rows:
        last = min(last, max(too_many - 1, after + 1))
    if last < thread.seq:  # the rest comes with the next answer
        voted = voted.filter(voted_seq__lte=last)
    totals = {pk: tally(up, down) for pk, up, down in voted.values_list("pk", "up", "down")}
    events = [data for seq, data in rows if seq <= last]
    return Replay(thread.epoch, after + 1, last, max(thread.seq, last), events, totals)


def counts_of_threads(keys: list[str]) -> dict[str, Count]:
    """Published posts by thread key, and as of which number."""
    rows = Thread.objects.filter(key__in=keys).values_list("key", "posts", "epoch", "seq")
    found = {key: Count(posts, epoch, seq) for key, posts, epoch, seq in rows}
    return {key: found.get(key) or Count(0, first_epoch(key), 0) for key in keys}


def tally(up: int, down: int) -> Tally:
    return {"score": up - down, "up": up, "down": down}


def _roots(thread: Thread) -> QuerySet[Post]:
    return Post.objects.filter(thread=thread, root=None, is_listed=True)


def _rows(posts: QuerySet[Post]) -> list[_Row]:
    return cast("list[_Row]", list(posts.values_list(*_SHOWN, named=True)))


def _with_first_replies(roots: list[_Row]) -> list[_Row]:
    with_replies = [root.pk for root in roots if root.branch_size]
    if not with_replies:
        return roots
    replies: dict[int | None, list[_Row]] = defaultdict(list)
    first = Post.objects.filter(root_id__in=with_replies, branch_index__lte=FIRST_REPLIES, is_listed=True)
    for reply in _rows(first.order_by("branch_index")):
        replies[reply.root_id].append(reply)
    return [post for root in roots for post in (root, *replies[root.pk])]


def _snapshot(thread: Thread, posts: list[_Row], next_cursor: str | None) -> Snapshot:
    return {
        "epoch": thread.epoch,
        "seq": thread.seq,
        "thread": thread_shape(thread),
        "posts": [post_shape(post) for post in posts],
        "next": next_cursor,
    }


def _empty_snapshot(key: str) -> Snapshot:
    thread: ThreadShape = {
        "key": key,
        "url": "",
        "title": "",
        "locked": False,
        "pinned": None,
        "slow_mode_seconds": 0,
        "posts": 0,
    }
    return {"epoch": first_epoch(key), "seq": 0, "thread": thread, "posts": [], "next": None}


def _beyond(column: str, is_descending: bool, position: tuple[Any, int]) -> Q:
    value, pk = position
    step = "lt" if is_descending else "gt"
    return Q(**{f"{column}__{step}e": value}) & (Q(**{f"{column}__{step}": value}) | Q(**{f"pk__{step}": pk}))


def _encoded_cursor(sort: Sort, value: datetime | float, pk: int) -> str:
    plain = value.isoformat() if isinstance(value, datetime) else value
    return urlsafe_b64encode(json.dumps([sort, plain, pk]).encode()).decode().rstrip("=")


def _decoded_cursor(sort: Sort, cursor: str) -> tuple[datetime | float, int]:
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        of_sort, value, pk = json.loads(raw)
        if of_sort != sort or not isinstance(pk, int) or not 0 <= pk < 2**63:
            raise ValueError("of another sort")
        if sort == "replies":
            if not isinstance(value, int) or not 0 <= value <= REPLIES_MAX:
                raise ValueError("no count")
            return value, pk
        if _ORDER[sort][0] != "created":
            score = float(value)
            if not isfinite(score):
                raise ValueError("no score")
            return score, pk
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("without a time zone")
        return moment.astimezone(UTC), pk  # raises for a moment that UTC cannot name
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise InvalidCursor() from error
