"""The thread's row: its lock, its numbers, and the changes that concern it as a whole."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F
from django.utils.crypto import salted_hmac

from comments.errors import Invalid, KeyMismatch, NotFound, UnknownPost
from comments.events.models import Event
from comments.events.outbox import append_event, append_events
from comments.events.rows import columns_of, fetch, leave_out_ids
from comments.events.shapes import EventShape, EventType, post_shape, thread_shape
from comments.identity.models import Author
from comments.markup.plain import one_line
from comments.sites.models import Site
from comments.threads.models import Incarnation, Post, Thread
from comments.threads.page import page_id_of, thread_key

TITLE_MAX_CHARS = 300
EPOCH_BATCH = 500  # threads that one transaction of begin_new_epoch locks
LOST_IDS = 1_000_000  # so many rows of a table a backup may lack, and their ids are not given again


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a site as a request names it; `url` is checked against the site's origins by the caller."""

    page_id: str
    url: str
    title: str

    @classmethod
    def named(cls, *, page_id: str, url: str, title: str) -> "Page":
        """Fills in the page id from the URL where none is given; raises Invalid where the URL has none."""
        try:
            return cls(page_id or page_id_of(url), url, one_line(title)[:TITLE_MAX_CHARS])
        except ValueError as error:
            raise Invalid(fields={"url": ["Not an http or https address."]}) from error


def first_epoch(key: str) -> str:
    """The epoch that a thread's first incarnation has, known before the thread has a row, so that readers of
    an empty page need no new snapshot at the first post. Another installation's differs, and so does that of
    a database that was restored (begin_new_epoch)."""
    newest = Incarnation.objects.order_by("-pk").values_list("epoch", flat=True).first()
    return newest or salted_hmac("kibitz.epoch", key).hexdigest()[:10]


def require_key(site: Site, key: str, page: Page) -> None:
    """Raises KeyMismatch where page and key disagree."""
    if thread_key(site.key, page.page_id) != key:
        raise KeyMismatch()


def lock_thread_of_page(site: Site, key: str, page: Page, *, seqs: int, posts: int, now: datetime) -> Thread:
    """The page's thread, locked and with its numbers taken as by lock_thread, in one statement unless this is
    its first post, which makes it."""
    locked = _locked_by_key(key, seqs, posts)
    if locked is None:
        _make_thread(site, key, page, now)
        locked = _locked_by_key(key, seqs, posts)
    if locked is None:
        raise NotFound("This thread is gone.")
    locked.site = site
    return locked


def _locked_by_key(key: str, seqs: int, posts: int) -> Thread | None:
    statement = (
        "UPDATE comments_thread SET seq = seq + %s, posts = posts + %s WHERE key = %s "  # noqa: S608
        f"RETURNING {columns_of(Thread)}"
    )
    return fetch(Thread, statement, [seqs, posts, key])


def _make_thread(site: Site, key: str, page: Page, now: datetime) -> None:
    Thread.objects.get_or_create(
        key=key,
        defaults={
            "site": site,
            "page_id": page.page_id,
            "url": page.url,
            "title": page.title,
            "epoch": first_epoch(key),
            "created": now,
        },
    )


def lock_thread(thread: Thread, *, seqs: int = 0, posts: int = 0) -> None:
    """Locks the row until the transaction ends, takes `seqs` numbers, changes the count of published posts,
    and refreshes `thread` in place. A rollback gives the numbers back, so `seq` has no holes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE comments_thread SET seq = seq + %s, posts = posts + %s WHERE id = %s "
            "RETURNING seq, posts, epoch, is_locked, pinned_post_id, title, slow_mode_seconds",
            [seqs, posts, thread.pk],
        )
        row = cursor.fetchone()
    if row is None:
        raise NotFound("This thread is gone.")
    thread.seq, thread.posts, thread.epoch, thread.title = row[0], row[1], row[2], row[5]
    thread.is_locked, thread.pinned_post_id, thread.slow_mode_seconds = bool(row[3]), row[4], row[6]


def lock_post(post: Post) -> tuple[Thread, Post]:
    """Locks the post's thread; both as they are under the lock. Raises UnknownPost where it is gone."""
    thread = Thread.objects.select_related("site").get(pk=post.thread_id)
    lock_thread(thread)
    locked = Post.objects.filter(pk=post.pk).first()
    if locked is None:
        raise UnknownPost()
    return thread, locked


def withdraw_post(thread: Thread, post: Post, kind: EventType, *, now: datetime) -> None:
    """Tells readers that a published post has become a stub; under the lock, `post` has its new status
    and is saved by the caller. It is unpinned first, as an event of its own."""
    if thread.pinned_post_id == post.pk:
        unpin(thread, now=now)
    lock_thread(thread, seqs=1, posts=-1)
    post.seq = thread.seq
    write_post_event(thread, kind, post, now=now)


def write_post_event(
    thread: Thread, kind: EventType, post: Post, *, now: datetime, parent_replies: int | None = None
) -> None:
    """Appends the event for `post` with the number that `thread.seq` holds since lock_thread.

    The first event of all brings the thread's own fields along: until then readers had an empty snapshot.
    """
    event: EventShape = {**_head(thread, kind), "post": post_shape(post), "parent_replies": parent_replies}
    if thread.seq == 1:
        event["thread"] = thread_shape(thread)
    _append(thread, event, now)


@dataclass(frozen=True, slots=True)
class PostChange:
    """What happens to one post of many: `posts` is what it adds to the thread's published ones, and
    `is_new_reply` whether its parent has one more listed reply from now on."""

    kind: EventType
    post: Post
    posts: int
    is_new_reply: bool


def write_post_changes(thread: Thread, changes: Sequence[PostChange], *, now: datetime) -> None:
    """Numbers changes of one thread in their order and appends their events, in a few statements for all of
    them. Under the thread's lock; the caller stores what the posts are now, but for `seq`."""
    if not changes:
        return
    seq, posts = thread.seq, thread.posts
    lock_thread(thread, seqs=len(changes), posts=sum(change.posts for change in changes))
    parents = [change.post.parent_id for change in changes if change.is_new_reply]
    gained = Counter(parent for parent in parents if parent is not None)
    replies = dict(Post.objects.filter(pk__in=list(gained)).values_list("pk", "replies"))
    events: list[EventShape] = []
    for change in changes:
        post, parent_id, parent_replies = change.post, change.post.parent_id, None
        seq, posts = seq + 1, posts + change.posts
        if change.is_new_reply and parent_id is not None:
            replies[parent_id] = parent_replies = replies[parent_id] + 1
        post.seq, post.replies = seq, replies.get(post.pk, post.replies)
        event: EventShape = {"seq": seq, "type": change.kind, "posts": posts}
        event |= {"post": post_shape(post), "parent_replies": parent_replies}
        if seq == 1:
            event["thread"] = {**thread_shape(thread), "posts": posts}
        events.append(event)
    Post.objects.bulk_update([change.post for change in changes], ["seq"])
    for parent, count in gained.items():
        Post.objects.filter(pk=parent).update(replies=F("replies") + count)
    append_events(
        thread_id=thread.pk, site=thread.site.key, key=thread.key, epoch=thread.epoch, events=events, now=now
    )


def count_reply(post: Post) -> int | None:
    """Adds a post that turns public to its parent's replies; the new count, None for a root.
    Under the thread's lock."""
    if post.parent_id is None:
        return None
    Post.objects.filter(pk=post.parent_id).update(replies=F("replies") + 1)
    return Post.objects.values_list("replies", flat=True).get(pk=post.parent_id)


def lock_against_posting(thread: Thread, *, is_locked: bool, now: datetime) -> None:
    """Closes or opens the thread, live."""
    _change(thread, "thread.locked" if is_locked else "thread.unlocked", now, is_locked=is_locked)


def slow_down(thread: Thread, seconds: int, *, now: datetime) -> None:
    """Sets how long one author has to wait between two posts, live; 0 ends slow mode."""
    _change(thread, "thread.slowed", now, slow_mode_seconds=seconds)


def retitle(thread: Thread, title: str, *, now: datetime) -> None:
    """Gives the thread another title, live."""
    _change(thread, "thread.retitled", now, title=one_line(title)[:TITLE_MAX_CHARS])


def pin(thread: Thread, post: Post, *, now: datetime) -> None:
    """Pins a published root to the top, in place of the one pinned before. Raises UnknownPost or Invalid."""
    if post.thread_id != thread.pk or post.status != Post.Status.PUBLISHED:
        raise UnknownPost()
    if post.parent_id is not None:
        raise Invalid("Only a top-level comment can be pinned.")
    _change(
        thread, "thread.pinned", now, with_post=lambda: Post.objects.get(pk=post.pk), pinned_post_id=post.pk
    )


def unpin(thread: Thread, *, now: datetime) -> None:
    """Pins nothing."""
    _change(thread, "thread.unpinned", now, pinned_post_id=None)


def begin_new_epoch(epoch: str, site: Site | None, *, now: datetime) -> int:
    """Gives every thread, or every one of the site, the epoch, which nobody has seen before; how many.

    For a database that knows less than its readers, its caches and the queue do: they take new snapshots. An
    event of the new epoch tells those who are connected. Events of the old one that still wait are done: who
    would get them has to begin anew. In many transactions: where it fails in between, run it again.
    """
    if site is None:
        for model in (Author, Event, Post, Thread):
            leave_out_ids(model, LOST_IDS)  # a token of an author who was lost must not become another's
    Incarnation.objects.create(epoch=epoch, began=now)
    threads = Thread.objects.filter(**({} if site is None else {"site": site})).exclude(epoch=epoch)
    changed = 0
    while keys := list(threads.order_by("pk").values_list("pk", flat=True)[:EPOCH_BATCH]):
        with transaction.atomic():
            Thread.objects.filter(pk__in=keys).update(epoch=epoch, seq=F("seq") + 1)
            Event.objects.filter(thread__in=keys, is_done=False).update(is_done=True)
            for thread in Thread.objects.filter(pk__in=keys).select_related("site"):
                _append(thread, {**_head(thread, "thread.retitled"), "thread": thread_shape(thread)}, now)
        changed += len(keys)
    return changed


def _change(
    thread: Thread,
    kind: EventType,
    now: datetime,
    with_post: Callable[[], Post] | None = None,
    **values: object,
) -> None:
    """One change of the thread's own fields and its event; a change to what is already so makes neither."""
    with transaction.atomic():
        lock_thread(thread)
        if all(getattr(thread, name) == value for name, value in values.items()):
            return
        lock_thread(thread, seqs=1)
        for name, value in values.items():
            setattr(thread, name, value)
        thread.save(update_fields=list(values))
        event: EventShape = {**_head(thread, kind), "thread": thread_shape(thread)}
        if with_post is not None:
            event["post"] = post_shape(with_post())
        _append(thread, event, now)


def _head(thread: Thread, kind: EventType) -> EventShape:
    return {"seq": thread.seq, "type": kind, "posts": thread.posts}


def _append(thread: Thread, event: EventShape, now: datetime) -> None:
    append_event(
        thread_id=thread.pk,
        site=thread.site.key,
        key=thread.key,
        epoch=thread.epoch,
        event=event,
        now=now,
    )
