"""The usual post in one statement, where the database can: lock, rows and event in one round trip.

PostgreSQL can. The same changes one by one are six round trips, and for each a process and a backend wake up,
which took most of a post's time. What is not usual (a thread's first post, a thread that is closed or in slow
mode, a parent that is gone) changes nothing here; posting.services then goes step by step, and has an error
for each.
"""

from contextlib import nullcontext
from functools import cache
from typing import Final

from django.db import connection, transaction

from comments.events.outbox import queue_event
from comments.events.rows import execute
from comments.events.shapes import EventShape, compact_json, post_shape
from comments.events.wire import EventEntry
from comments.sites.models import Site
from comments.threads.models import Post

# That a parent was removed while this waited for the thread's lock goes unnoticed, as if the reply had been
# first.
_PARENT: Final = """
parent AS (
    SELECT id, thread_id, coalesce(root_id, id) AS root_id FROM comments_post
    WHERE id = %(parent)s AND is_listed AND status = 'published'
), """

# `seq > 0`: the first event of a thread tells more than this one does.
_THREAD: Final = """
thread AS (
    UPDATE comments_thread SET seq = seq + 1, posts = posts + 1 {from_parent}
    WHERE key = %(key)s AND seq > 0 AND NOT is_locked AND slow_mode_seconds = 0 AND moderation = ''
        {of_parent}
    RETURNING comments_thread.id, key, epoch, seq, posts
)"""

# One statement may change a row once, and the parent may be the root.
_COUNTED: Final = """,
counted AS (
    UPDATE comments_post above
    SET replies = replies + (above.id = parent.id)::int,
        branch_size = branch_size + (above.id = parent.root_id)::int
    FROM parent, thread WHERE above.id IN (parent.id, parent.root_id)
    RETURNING above.id, above.replies, above.branch_size
)"""

_AUTHOR: Final = """,
author AS (
    INSERT INTO comments_author (site_id, name, email, public_key, created)
    SELECT %(site)s, %(name)s, %(email)s, %(author_key)s, %(now)s FROM thread
    RETURNING id
)"""

_POST: Final = """,
post AS (
    INSERT INTO comments_post (
        site_id, thread_id, parent_id, root_id, branch_index, branch_size, author_id, author_name, author_key,
        by_member, body, html, badge, address, status, is_listed, seq, replies, up, down, best, controversy,
        created, idempotency_key, idempotency_digest)
    SELECT
        %(site)s, thread.id, {parent}, 0, {author}, %(name)s, %(author_key)s, %(by_member)s, %(body)s,
        %(html)s, %(badge)s, %(address)s::inet, 'published', true, thread.seq, 0, 0, 0, 0, 0, %(now)s,
        %(idempotency_key)s::uuid, %(idempotency_digest)s
    FROM thread
    RETURNING id, root_id, branch_index
)"""

_NO_PARENT: Final = "NULL, NULL, NULL"
_THE_PARENT: Final = """(SELECT id FROM parent), (SELECT root_id FROM parent),
        (SELECT branch_size FROM counted WHERE id = (SELECT root_id FROM parent))"""

_EVENT: Final = """,
event AS (
    INSERT INTO comments_event (thread_id, key, epoch, seq, data, created, is_done)
    SELECT
        thread.id, key, epoch, seq,
        '{{"seq":' || seq || ',"type":"post.created","posts":' || posts
            || ',"post":{{"id":' || post.id || ',"seq":' || seq || %(middle)s || {replies} || '}}',
        %(now)s, false
    FROM thread, post
    RETURNING id, data
)
SELECT
    thread.id, thread.epoch, thread.seq, {author}, post.id, post.root_id, post.branch_index,
    event.id, event.data
FROM thread, post, event
"""

# What the event's JSON begins and ends with before the database knows the numbers.
_OPENING: Final = '{"seq":0,"type":"post.created","posts":0,"post":{"id":null,"seq":0'
_CLOSING: Final = "null}"


def add_at_once(post: Post, site: Site, key: str) -> bool:
    """Stores a new post that shows at once, and its author who has no row yet, and queues its event.

    False, and nothing is changed, where the post is not a usual one. Raises IntegrityError for an idempotency
    key that is taken. A transaction of its own, unless the caller has one open.
    """
    author = post.author
    if connection.vendor != "postgresql" or author is None:
        return False
    values = {
        "key": key,
        "site": site.pk,
        "author": author.pk,
        "name": post.author_name,
        "author_key": post.author_key,
        "by_member": post.by_member,
        "email": author.email,
        "parent": post.parent_id,
        "body": post.body,
        "html": post.html,
        "badge": post.badge,
        "address": post.address,
        "idempotency_key": post.idempotency_key,
        "idempotency_digest": post.idempotency_digest,
        "now": post.created,
        "middle": _middle(post),
    }
    statement = _statement(is_new_author=author.pk is None, is_reply=post.parent_id is not None)
    with transaction.atomic() if connection.in_atomic_block else nullcontext():
        row = execute(statement, values)
    if row is None:
        return False
    post.thread_id, epoch, post.seq, author.pk, post.pk, post.root_id, post.branch_index, event_id, data = row
    post.author = author  # again: its row has a number now
    queue_event(EventEntry(event_id, key, epoch, post.seq, data, site.key))
    return True


def _middle(post: Post) -> str:
    """The event's JSON between the numbers that only the database knows."""
    event: EventShape = {
        "seq": 0,
        "type": "post.created",
        "posts": 0,
        "post": post_shape(post),
        "parent_replies": None,
    }
    text = compact_json(event)
    if not (text.startswith(_OPENING) and text.endswith(_CLOSING)):
        raise AssertionError("events.shapes and the statement disagree about an event's JSON")
    return text[len(_OPENING) : -len(_CLOSING)]


@cache
def _statement(*, is_new_author: bool, is_reply: bool) -> str:
    author = "(SELECT id FROM author)" if is_new_author else "%(author)s::bigint"
    replies = "(SELECT replies FROM counted WHERE id = (SELECT id FROM parent))" if is_reply else "'null'"
    parts = [
        "WITH ",
        _PARENT if is_reply else "",
        _THREAD.format(
            from_parent="FROM parent" if is_reply else "",
            of_parent="AND parent.thread_id = comments_thread.id" if is_reply else "",
        ),
        _COUNTED if is_reply else "",
        _AUTHOR if is_new_author else "",
        _POST.format(parent=_THE_PARENT if is_reply else _NO_PARENT, author=author),
        _EVENT.format(author=author, replies=replies),
    ]
    return "".join(parts)
