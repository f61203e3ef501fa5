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
    "post.featured",
    "post.unfeatured",
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
    key: NotRequired[str]
    badge: NotRequired[str]


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
    featured: NotRequired[bool]
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
    author_key: str
    by_member: bool
    badge: str
    html: str
    created: datetime
    edited: datetime | None
    status: str
    is_featured: bool
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
    """A post that is not public, or not any more, is a stub: its place in the tree, nothing of what it said
    or who said it."""
    if post.status != "published":
        return _stub(post, "deleted" if post.status == "deleted" else "hidden")
    return _whole(post, "published")


def own_post_shape(post: PostRow) -> PostShape:
    """The post as its author sees it. That it is taken for spam looks as if it were held; that its author
    alone sees it shows nowhere."""
    match post.status:
        case "pending" | "spam":
            return _whole(post, "pending")
        case "published" | "shadowed":
            return _whole(post, "published")
    return post_shape(post)


def _whole(post: PostRow, status: PostStatus) -> PostShape:
    avatar = f"/avatars/{post.author_key}" if post.by_member else None
    author: AuthorShape = {"name": post.author_name, "avatar": avatar}
    if post.author_key:
        author["key"] = post.author_key
    if post.badge:
        author["badge"] = post.badge
    shape: PostShape = {
        "id": post.pk,
        "seq": post.seq,
        "parent": post.parent_id,
        "author": author,
        "html": post.html,
        "created": rfc3339(post.created),
        "edited": None if post.edited is None else rfc3339(post.edited),
        "status": status,
        "score": post.up - post.down,
        "up": post.up,
        "down": post.down,
        "replies": post.replies,
    }
    if post.is_featured:
        shape["featured"] = True
    return shape


def _stub(post: PostRow, status: PostStatus) -> PostShape:
    return {
        "id": post.pk,
        "seq": post.seq,
        "parent": post.parent_id,
        "author": {"name": "", "avatar": None},
        "html": "",
        "created": rfc3339(post.created),
        "edited": None,
        "status": status,
        "score": 0,
        "up": 0,
        "down": 0,
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
