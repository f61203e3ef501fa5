"""The public JSON of posts, threads and events, made in one place for snapshots and events alike."""

import json
from datetime import UTC, datetime
from typing import Any, Literal, NotRequired, Protocol, TypedDict

EventType = Literal[
    "post.created",
    "post.edited",
    "post.deleted",
    "post.approved",
    "post.hidden",
    "thread.locked",
    "thread.unlocked",
    "thread.pinned",
    "thread.unpinned",
    "thread.retitled",
    "thread.slowed",
]
PostStatus = Literal["published", "deleted", "hidden", "pending"]


class AuthorShape(TypedDict):
    name: str
    avatar: str | None


class PostShape(TypedDict):
    id: int
    seq: int
    parent: int | None
    author: AuthorShape
    html: str
    body: NotRequired[str]
    created: str
    edited: str | None
    status: str
    score: int
    up: int
    down: int
    replies: int


class ThreadShape(TypedDict):
    key: str
    url: str
    title: str
    locked: bool
    pinned: int | None
    slow_mode_seconds: int
    posts: int


class EventShape(TypedDict):
    """`posts` and `parent_replies` are the counts after the event, so applying one twice changes nothing."""

    seq: int
    type: EventType
    posts: int
    post: NotRequired[PostShape]
    parent_replies: NotRequired[int | None]
    thread: NotRequired[ThreadShape]


class PostRow(Protocol):
    """What post_shape reads; comments.threads.models.Post is one."""

    pk: int
    seq: int
    parent_id: int | None
    author_name: str
    html: str
    created: datetime
    edited: datetime | None
    status: str
    up: int
    down: int
    replies: int


class ThreadRow(Protocol):
    """What thread_shape reads; comments.threads.models.Thread is one."""

    key: str
    url: str
    title: str
    is_locked: bool
    slow_mode_seconds: int
    pinned_post_id: int | None
    posts: int


def post_shape(post: PostRow) -> PostShape:
    """A deleted or hidden post is a stub: its place in the tree, nothing of what it said or who said it."""
    is_stub = post.status in {"deleted", "hidden"}
    return {
        "id": post.pk,
        "seq": post.seq,
        "parent": post.parent_id,
        "author": {"name": "" if is_stub else post.author_name, "avatar": None},
        "html": "" if is_stub else post.html,
        "created": rfc3339(post.created),
        "edited": None if is_stub or post.edited is None else rfc3339(post.edited),
        "status": post.status,
        "score": 0 if is_stub else post.up - post.down,
        "up": 0 if is_stub else post.up,
        "down": 0 if is_stub else post.down,
        "replies": post.replies,
    }


def thread_shape(thread: ThreadRow) -> ThreadShape:
    return {
        "key": thread.key,
        "url": thread.url,
        "title": thread.title,
        "locked": thread.is_locked,
        "pinned": thread.pinned_post_id,
        "slow_mode_seconds": thread.slow_mode_seconds,
        "posts": thread.posts,
    }


def rfc3339(moment: datetime) -> str:
    """UTC to the millisecond, as browsers' Date reads it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def compact_json(value: Any) -> str:
    """JSON as it travels: UTF-8, no spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
