"""A thread as the server keeps it, small enough to be written twice: see embed/tests/thread_on_server.ts."""

from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]


class Gone(Exception):
    """The events that were asked for are not there."""


class ThreadOnServer:
    def __init__(self) -> None:
        self.epoch = "e1"
        self.seq = 0
        self.page = 200
        self.posts: dict[int, Json] = {}
        self.events: dict[str, list[Json]] = {"e1": []}  # by epoch, from the first that is still there
        self._voted_at: dict[int, int] = {}
        self._is_locked = False

    def change(self, kind: str, to: int) -> None:
        """Changes that make no sense are none: a random history needs no knowledge of the thread."""
        status = self.posts.get(to, {}).get("status")
        match kind, status:
            case (("create" | "pend"), _):
                self._create(to, is_pending=kind == "pend")
            case "lock", _:
                self._lock()
            case "edit", "published":
                self._emit("post.edited", to, {"html": f"{to}+"})
            case "delete", "published":
                self._stub("post.deleted", to, "deleted")
            case "hide", "published":
                self._stub("post.hidden", to, "hidden")
            case "approve", "pending":
                self._publish("post.approved", to)
            case "approve", "hidden":
                self._emit("post.approved", to, {"html": f"{to}", "status": "published"})
            case "vote", "published":
                self._vote(to)

    def restore(self, seq: int) -> None:
        """Another incarnation, which lacks the latest post and every event until now."""
        latest = self.posts.pop(max(self.posts, default=0), None)
        parent = self.posts.get(latest["parent"] or 0) if latest else None
        if latest and parent and latest["status"] != "pending":
            self._put(parent["id"], {"replies": parent["replies"] - 1})
        self._voted_at.clear()
        self.epoch = f"e{len(self.events) + 1}"
        self.seq = seq
        for post_id, post in list(self.posts.items()):
            self._put(post_id, {"seq": min(seq, post["seq"])})
        self.events[self.epoch] = []

    def forget(self, through: int) -> None:
        self.events[self.epoch] = [event for event in self._history if event["seq"] > through]

    def head(self) -> Json:
        return {"epoch": self.epoch, "seq": self.seq}

    def after(self, seq: int) -> Json:
        events = [event for event in self._history if event["seq"] > seq]
        if seq > self.seq or (events[0]["seq"] if events else self.seq + 1) != seq + 1:
            raise Gone()
        voted = [
            post_id
            for post_id, at in self._voted_at.items()
            if at >= seq and self.posts[post_id]["status"] == "published"
        ]
        return {
            "epoch": self.epoch,
            "events": events[: self.page],
            "head": self.seq,
            "totals": self.totals(voted),
        }

    def totals(self, ids: Iterable[int]) -> Json:
        return {str(i): {name: self.posts[i][name] for name in ("score", "up", "down")} for i in sorted(ids)}

    def frame(self, first: int, last: int, epoch: str | None = None) -> Json:
        """Events of this epoch or an earlier one, as far as there are any; below 1 counts from the head."""
        epoch = epoch or self.epoch
        low, high = (seq if seq > 0 else self.seq + seq for seq in (first, last))
        return {"epoch": epoch, "events": [e for e in self.events.get(epoch, []) if low <= e["seq"] <= high]}

    def snapshot(self) -> Json:
        public = sorted(post_id for post_id, post in self.posts.items() if post["status"] != "pending")
        posts = [self.posts[post_id] for post_id in public]  # parents have lower numbers
        return {**self.head(), "thread": self._thread(), "posts": posts, "next": None}

    def _create(self, parent: int, *, is_pending: bool) -> None:
        post_id = max(self.posts, default=0) + 1
        has_place = parent in self.posts and self.posts[parent]["status"] != "pending"
        self.posts[post_id] = {
            "id": post_id,
            "seq": 0,
            "parent": parent if has_place else None,
            "html": f"{post_id}",
            "status": "pending",
            "score": 0,
            "up": 0,
            "down": 0,
            "replies": 0,
        }
        if not is_pending:
            self._publish("post.created", post_id)

    def _publish(self, kind: str, post_id: int) -> None:
        parent = self.posts.get(self.posts[post_id]["parent"] or 0)
        parent_replies = parent["replies"] + 1 if parent else None
        if parent:
            self._put(parent["id"], {"replies": parent_replies})
        self._emit(kind, post_id, {"status": "published"}, parent_replies)

    def _stub(self, kind: str, post_id: int, status: str) -> None:
        self._emit(kind, post_id, {"status": status, "html": "", "score": 0, "up": 0})

    def _vote(self, post_id: int) -> None:
        up = self.posts[post_id]["up"] + 1
        self._put(post_id, {"up": up, "score": up})
        self._voted_at[post_id] = self.seq

    def _lock(self) -> None:
        self._is_locked = not self._is_locked
        self.seq += 1
        thread = self._thread()
        kind = "thread.locked" if self._is_locked else "thread.unlocked"
        self._history.append({"seq": self.seq, "type": kind, "posts": thread["posts"], "thread": thread})

    def _emit(self, kind: str, post_id: int, changes: Json, parent_replies: int | None = None) -> None:
        self.seq += 1
        self._put(post_id, {**changes, "seq": self.seq})
        event = {"seq": self.seq, "type": kind, "posts": self._thread()["posts"]}
        self._history.append({**event, "parent_replies": parent_replies, "post": self.posts[post_id]})

    def _thread(self) -> Json:
        published = sum(post["status"] == "published" for post in self.posts.values())
        return {"posts": published, "locked": self._is_locked}

    @property
    def _history(self) -> list[Json]:
        return self.events[self.epoch]

    def _put(self, post_id: int, changes: Json) -> None:
        self.posts[post_id] = {**self.posts[post_id], **changes}
