"""A thread as one reader holds it: events and totals in, posts out. Nothing is shown, so no order is kept."""

from collections.abc import Mapping
from typing import Any

from loadtest.client.frames import Event, Post, Totals


class ThreadState:
    """The part of embed/src/store.ts that decides which posts are known, with pages that are newest first."""

    def __init__(self, snapshot: Mapping[str, Any]) -> None:
        """A first page. `posts` holds what is known by id; no post in it is ever changed, only replaced."""
        self.thread: Mapping[str, Any] = snapshot["thread"]
        self.posts: dict[int, Post] = {}
        self._placed: set[int] = set()  # roots that a page brought
        self._last_root = 0
        self._has_more = False
        self.add_page(snapshot)

    def add_page(self, page: Mapping[str, Any]) -> None:
        """One more page of roots, each with its first replies."""
        self._has_more = bool(page["next"])
        for post in page["posts"]:
            self._insert(post)
            if post["parent"] is None and post["id"] not in self._placed:
                self._placed.add(post["id"])
                self._last_root = post["id"]

    def apply(self, event: Event) -> None:
        """Applies one event; applying it again changes nothing."""
        self.thread = {**(event.get("thread") or self.thread), "posts": event["posts"]}
        post = event.get("post")
        if post is None:
            return
        above = self.posts.get(post["parent"] or 0)
        parent_replies = event.get("parent_replies")
        if above is not None and parent_replies is not None:
            self.posts[post["parent"]] = {**above, "replies": parent_replies}
        known = self.posts.get(post["id"])
        if known is not None:
            # Totals own the votes, and an event's are as old as itself; but a stub has none, and one that
            # returns has.
            keeps_votes = known["status"] == post["status"]
            self._insert({**post, **_votes(known)} if keeps_votes else post)
        elif above is not None or (post["parent"] is None and self._is_new_root(event["type"], post["id"])):
            self._insert(post)

    def apply_totals(self, totals: Totals) -> None:
        """Vote totals: the newest win."""
        for post_id, tally in totals.items():
            post = self.posts.get(int(post_id))
            if post is not None:
                self.posts[int(post_id)] = {**post, **tally}

    def _insert(self, post: Post) -> None:
        """Takes the place of an older version, or the one under its parent, where that is known."""
        known = self.posts.get(post["id"])
        if known is not None:
            if post["seq"] >= known["seq"]:
                self.posts[post["id"]] = post
        elif post["parent"] is None or post["parent"] in self.posts:
            self.posts[post["id"]] = post

    def _is_new_root(self, kind: str, post_id: int) -> bool:
        """Is it one to announce, or one that merely changed on a page not loaded yet?"""
        return kind == "post.created" or (
            kind == "post.approved" and (not self._has_more or post_id > self._last_root)
        )


def _votes(post: Post) -> Mapping[str, int]:
    return {"score": post["score"], "up": post["up"], "down": post["down"]}
