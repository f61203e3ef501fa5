"""A reader's client in a few lines: what a snapshot, the events after it and the totals must come to."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from comments.events.shapes import EventShape, PostShape, ThreadShape
from comments.events.wire import Tally
from comments.threads.queries import Snapshot

_INSERTING: Final = {"post.created", "post.approved"}


class ClientModel:
    """Applies events in the order of their numbers, whatever order and however often they come in."""

    def __init__(self, pages: Iterable[Snapshot]) -> None:
        """`pages` are the pages of one snapshot, with every branch read to its end."""
        first, *others = pages
        self.epoch: str = first["epoch"]
        self.seq: int = first["seq"]
        self.thread: ThreadShape = dict(first["thread"])  # type: ignore[assignment]
        self.posts: dict[int, PostShape] = {
            post["id"]: dict(post)  # type: ignore[misc]
            for page in (first, *others)
            for post in page["posts"]
        }
        self._waiting: dict[int, EventShape] = {}

    def receive(self, frame: Mapping[str, Any]) -> None:
        """Takes a frame: its events as soon as their turn comes, then its totals."""
        for event in frame.get("events", []):
            if event["seq"] > self.seq:
                self._waiting.setdefault(event["seq"], event)
        while event := self._waiting.pop(self.seq + 1, None):
            self._apply(event)
            self.seq = event["seq"]
        for post_id, tally in frame.get("totals", {}).items():
            self._count(int(post_id), tally)

    def state(self) -> tuple[str, int, ThreadShape, dict[int, PostShape]]:
        return self.epoch, self.seq, self.thread, self.posts

    def _apply(self, event: EventShape) -> None:
        if "thread" in event:
            self.thread = dict(event["thread"])  # type: ignore[assignment]
        if "post" in event and not event["type"].startswith("thread."):
            self._put(event, event["post"])
        self.thread["posts"] = event["posts"]

    def _put(self, event: EventShape, post: PostShape) -> None:
        known = self.posts.get(post["id"])
        if known is None and event["type"] not in _INSERTING:
            return
        placed: PostShape = dict(post)  # type: ignore[assignment]
        if known is not None and event["type"] == "post.edited":
            # Totals own these, and the event's are as old as the edit.
            placed |= {"score": known["score"], "up": known["up"], "down": known["down"]}
        self.posts[post["id"]] = placed
        parent = self.posts.get(post["parent"] or 0)
        replies = event.get("parent_replies")
        if parent is not None and replies is not None:
            parent["replies"] = replies

    def _count(self, post_id: int, tally: Tally) -> None:
        post = self.posts.get(post_id)
        if post is not None and post["status"] == "published":
            post |= {"score": tally["score"], "up": tally["up"], "down": tally["down"]}
