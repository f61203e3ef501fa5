"""What moderators do to posts. Each thread's part is one transaction, and readers see it live.

Two moderators who decide about one post meet at its thread's lock: the first wins, and the other is told what
became of it. One gesture may be about thousands of posts: those of one thread are changed together.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

from django.db import transaction

from comments.audit.models import Action
from comments.audit.services import Gesture, post_action
from comments.events.shapes import EventType
from comments.moderation.claims import claimed_by_others
from comments.moderation.models import Claim, ErasedText
from comments.moderation.reporting import report_disagreements, take_back
from comments.posting.models import Flag
from comments.sites.moderators import tell_moderators
from comments.sites.roles import MODERATE, may, sites_of
from comments.threads.models import Post, Thread
from comments.threads.services import PostChange, lock_thread, unpin, write_post_changes

UNDO_SECONDS: Final = 10
UNDO_GRACE_SECONDS: Final = 5  # for a request that was on its way
POSTS_PER_TRANSACTION: Final = 500  # a thread's readers and writers wait for one transaction at most
POSTS_PER_GESTURE: Final = 5_000

Result = Literal["done", "unchanged", "conflict", "claimed", "gone"]


class Decision(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    SPAM = "spam"
    DELETE = "delete"


BECOMES: Final = {
    Decision.APPROVE: Post.Status.PUBLISHED,
    Decision.REJECT: Post.Status.HIDDEN,
    Decision.SPAM: Post.Status.SPAM,
    Decision.DELETE: Post.Status.ERASED,
}
FINAL: Final = {Post.Status.DELETED, Post.Status.ERASED}  # the text is gone


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one post: `result`, its status now, and, for a conflict or a claim, who was faster."""

    id: int
    result: Result
    status: str = ""
    by: str = ""


@dataclass(slots=True)
class _Change:
    """A post under its thread's lock, and what it is to be."""

    post: Post
    status: Post.Status
    flags: list[int]
    text: ErasedText | None = None


def decide(
    decision: Decision, ids: Iterable[int], gesture: Gesture, *, seen: Mapping[int, str] | None = None
) -> list[Outcome]:
    """Decides about posts, in the order of `ids`; `seen` is the status that the moderator saw of each.

    A post that somebody else has decided meanwhile is a "conflict", one that somebody else looks after is
    "claimed", one that this moderator may not see, or not any more, is "gone".
    """
    return _by_thread(ids, gesture, _Deciding(decision, gesture, seen or {}))


def undo(gesture: Gesture) -> list[Outcome]:
    """Takes back what `gesture.batch` did, by the same moderator within 10 s, where nobody has decided
    otherwise since. Twice does it once."""
    since = gesture.now - timedelta(seconds=UNDO_SECONDS + UNDO_GRACE_SECONDS)
    user_id = None if gesture.by is None else gesture.by.pk
    rows = Action.objects.filter(
        batch=gesture.batch, by_id=user_id, post_id__isnull=False, created__gt=since
    ).exclude(kind=Action.Kind.UNDO)
    done = {row.post_id: row for row in rows if row.post_id is not None and "status" in row.before}
    return _by_thread(done, gesture, _Undoing(done, gesture))


def approve_post(post: Post, *, now: datetime) -> bool:
    """Makes a held or hidden post public; False where there is nothing to do (deleted, or public already)."""
    return _alone(Decision.APPROVE, post, now)


def hide_post(post: Post, *, now: datetime) -> bool:
    """Takes a post from public view; False where there is nothing to do. A held one was never public, so
    readers are told nothing of it."""
    return _alone(Decision.REJECT, post, now)


def mark_as_spam(post: Post, *, now: datetime) -> bool:
    """The same, and puts it among the spam."""
    return _alone(Decision.SPAM, post, now)


def decided_by(post_id: int) -> str:
    """The account that decided about the post last, "" where nobody has."""
    latest = Action.objects.filter(post_id=post_id).order_by("-pk").values_list("by", flat=True).first()
    return latest or ""


def _alone(decision: Decision, post: Post, now: datetime) -> bool:
    """By Kibitz itself, which needs no role."""
    deciding = _Deciding(decision, Gesture(None, now), {})
    return [outcome.result for outcome in _in_thread(post.thread_id, [post.pk], deciding)] == ["done"]


class _Deciding:
    def __init__(self, decision: Decision, gesture: Gesture, seen: Mapping[int, str]) -> None:
        self.gesture, self._decision, self._seen = gesture, decision, seen
        self._claims: dict[int, str] = {}
        self._flags: dict[int, list[int]] = defaultdict(list)

    def look(self, posts: Sequence[Post]) -> None:
        self._claims = claimed_by_others(posts, self.gesture)
        flags = Flag.objects.filter(post__in=[post.pk for post in posts], is_open=True)
        for pk, post_id in flags.values_list("pk", "post_id"):
            self._flags[post_id].append(pk)

    def change(self, post: Post) -> _Change | Outcome:
        status = BECOMES[self._decision]
        if post.status == status and not (self._decision == Decision.APPROVE and post.open_flags):
            return Outcome(post.pk, "unchanged", post.status)
        if post.status in FINAL or self._seen.get(post.pk, post.status) != post.status:
            return Outcome(post.pk, "conflict", post.status, decided_by(post.pk))
        if post.pk in self._claims:
            return Outcome(post.pk, "claimed", post.status, self._claims[post.pk])
        return _Change(post, status, self._flags[post.pk])

    def done(self, changes: Sequence[_Change], thread: Thread) -> list[Action]:
        posts = [change.post.pk for change in changes]
        Flag.objects.filter(pk__in=[pk for change in changes for pk in change.flags]).update(is_open=False)
        Post.objects.filter(pk__in=posts, open_flags__gt=0).update(open_flags=0)
        Claim.objects.filter(post__in=posts).delete()
        if self.gesture.by is not None:
            report_disagreements(
                thread.site,
                [change.post for change in changes],
                BECOMES[self._decision],
                at=self.gesture.now + timedelta(seconds=UNDO_SECONDS + UNDO_GRACE_SECONDS),
            )
        if self._decision == Decision.DELETE:
            until = self.gesture.now + timedelta(seconds=UNDO_SECONDS + UNDO_GRACE_SECONDS)
            ErasedText.objects.bulk_create(
                ErasedText(post=change.post, body=change.post.body, html=change.post.html, until=until)
                for change in changes
            )
        return [
            post_action(
                self.gesture,
                Action.Kind(self._decision.value),
                change.post,
                {"status": change.post.status, "flags": change.flags},
                {"status": change.status},
            )
            for change in changes
        ]


class _Undoing:
    def __init__(self, done: Mapping[int, Action], gesture: Gesture) -> None:
        self.gesture, self._done = gesture, done
        self._texts: dict[int, ErasedText] = {}
        self._latest: dict[int | None, Action] = {}

    def look(self, posts: Sequence[Post]) -> None:
        ids = [post.pk for post in posts]
        self._texts = {text.post_id: text for text in ErasedText.objects.filter(post__in=ids)}
        actions = Action.objects.filter(post_id__in=ids, before__has_key="status").order_by("pk")
        self._latest = {row.post_id: row for row in actions}

    def change(self, post: Post) -> _Change | Outcome:
        was = self._done[post.pk]
        latest = self._latest.get(post.pk)
        if latest is not None and latest.kind == Action.Kind.UNDO and latest.batch == was.batch:
            return Outcome(post.pk, "unchanged", post.status)
        text = self._texts.get(post.pk)
        is_final = post.status in FINAL and text is None
        if latest is None or latest.pk != was.pk or post.status != was.after["status"] or is_final:
            return Outcome(post.pk, "conflict", post.status, decided_by(post.pk))
        return _Change(post, Post.Status(was.before["status"]), was.before["flags"], text)

    def done(self, changes: Sequence[_Change], thread: Thread) -> list[Action]:
        posts = [change.post.pk for change in changes]
        for change in changes:
            if change.flags:
                Flag.objects.filter(pk__in=change.flags).update(is_open=True)
                Post.objects.filter(pk=change.post.pk).update(
                    open_flags=Flag.objects.filter(post=change.post, is_open=True).count()
                )
            if change.text is not None:
                Post.objects.filter(pk=change.post.pk).update(body=change.text.body, html=change.text.html)
        ErasedText.objects.filter(post__in=posts).delete()
        take_back(posts)
        return [
            post_action(
                self.gesture,
                Action.Kind.UNDO,
                change.post,
                {"status": self._done[change.post.pk].after["status"]},
                {"status": change.status},
            )
            for change in changes
        ]


def _by_thread(ids: Iterable[int], gesture: Gesture, work: _Deciding | _Undoing) -> list[Outcome]:
    wanted = list(dict.fromkeys(ids))
    found = Post.objects.filter(pk__in=wanted, site__in=sites_of(gesture.by, MODERATE))
    threads: dict[int, list[int]] = defaultdict(list)
    for pk, thread_id in found.order_by("pk").values_list("pk", "thread_id"):
        threads[thread_id].append(pk)
    outcomes = {pk: Outcome(pk, "gone") for pk in wanted}
    for thread_id, posts in threads.items():
        for start in range(0, len(posts), POSTS_PER_TRANSACTION):
            chunk = posts[start : start + POSTS_PER_TRANSACTION]
            outcomes |= {outcome.id: outcome for outcome in _in_thread(thread_id, chunk, work)}
    return [outcomes[pk] for pk in wanted]


def _in_thread(thread_id: int, ids: Sequence[int], work: _Deciding | _Undoing) -> list[Outcome]:
    """One transaction: what is decided about these posts of one thread, its events, and who did it."""
    gesture = work.gesture
    with transaction.atomic():
        thread = Thread.objects.select_related("site").get(pk=thread_id)
        lock_thread(thread)
        if gesture.by is not None and not may(gesture.by, MODERATE, thread.site_id):
            return [Outcome(pk, "gone") for pk in ids]  # the role ended; what was done before stands
        posts = list(Post.objects.filter(pk__in=ids, thread=thread).order_by("pk"))
        work.look(posts)
        looked = [work.change(post) for post in posts]
        changes = [change for change in looked if isinstance(change, _Change)]
        rows = work.done(changes, thread)
        _settle(thread, changes, gesture.now)
        Action.objects.bulk_create(rows)
        outcomes = [outcome for outcome in looked if isinstance(outcome, Outcome)]
        outcomes += [Outcome(change.post.pk, "done", change.status) for change in changes]
        if changes:
            tell_moderators(
                thread.site_id, {"changed": [change.post.pk for change in changes], "by": gesture.name}
            )
    return outcomes


def _settle(thread: Thread, changes: Sequence[_Change], now: datetime) -> None:
    """Gives the posts their new status, and readers the events of those that they can see change."""
    told: list[PostChange] = []
    by_status: dict[Post.Status, list[int]] = defaultdict(list)
    for change in changes:
        post, was_public = change.post, change.post.status == Post.Status.PUBLISHED
        is_public = change.status == Post.Status.PUBLISHED
        if was_public and not is_public and thread.pinned_post_id == post.pk:
            unpin(thread, now=now)
        by_status[change.status].append(post.pk)
        if change.text is not None:
            post.body, post.html = change.text.body, change.text.html
        is_first_time = is_public and not post.is_listed
        post.status, post.is_listed = change.status, post.is_listed or is_public
        if was_public != is_public:
            kind: EventType = "post.approved" if is_public else "post.hidden"
            told.append(PostChange(kind, post, 1 if is_public else -1, is_first_time))
    write_post_changes(thread, told, now=now)
    for status, posts in by_status.items():
        new: dict[str, object] = {"status": status}
        if status == Post.Status.PUBLISHED:
            new["is_listed"] = True
        if status == Post.Status.ERASED:
            new |= {"body": "", "html": ""}
        Post.objects.filter(pk__in=posts).update(**new)
