"""Posts of a page put under what they answer, as the app does it (embed/src/store.ts: branch); pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from comments.events.shapes import PostShape


@dataclass(frozen=True, slots=True)
class Entry:
    post: PostShape
    depth: int
    parent: PostShape | None  # None, too, where the parent is on another page


@dataclass(frozen=True, slots=True)
class Branch:
    """One root and what is loaded under it, depth first, without stubs that nothing hangs on."""

    root: PostShape
    entries: list[Entry]
    has_more: bool  # replies that are on no page yet


def branches(posts: Sequence[PostShape]) -> list[Branch]:
    """The branches in the order of their roots. A reply whose parent is not among the posts, which a later
    page of a branch has, begins one of its own."""
    known = {post["id"]: post for post in posts}
    replies: dict[int, list[PostShape]] = defaultdict(list)
    roots = []
    for post in posts:
        if post["parent"] in known:
            replies[post["parent"] or 0].append(post)
        else:
            roots.append(post)
    for below in replies.values():
        below.sort(key=lambda post: post["id"])
    return [branch for root in roots if (branch := _branch(root, replies, known)).entries]


def _branch(root: PostShape, replies: dict[int, list[PostShape]], known: dict[int, PostShape]) -> Branch:
    entries: list[Entry] = []
    ahead = [(root, 0)]  # a list, so that a chain of any length costs no stack
    while ahead:
        post, depth = ahead.pop()
        entries.append(Entry(post, depth, known.get(post["parent"] or 0)))
        ahead += [(reply, depth + 1) for reply in reversed(replies.get(post["id"], []))]
    partial = {entry.post["id"] for entry in entries if _is_partial(entry.post, replies)}
    return Branch(root, list(_kept(entries, partial)), bool(partial))


def _is_partial(post: PostShape, replies: dict[int, list[PostShape]]) -> bool:
    return post["replies"] > len(replies.get(post["id"], []))


def _kept(entries: list[Entry], partial: set[int]) -> Iterable[Entry]:
    """Without deleted posts under which nothing is, or comes."""
    has_replies: set[int | None] = set()
    for entry in reversed(entries):
        post = entry.post
        if post["status"] != "deleted" or post["id"] in partial or post["id"] in has_replies:
            has_replies.add(post["parent"])
    return (
        entry
        for entry in entries
        if entry.post["status"] != "deleted" or entry.post["id"] in partial or entry.post["id"] in has_replies
    )
