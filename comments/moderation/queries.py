"""What moderators see: the queues, and each post with what is needed to decide about it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any, Final, Literal

from django.db.models import Count, Q, QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.text import Truncator

from comments.audit.models import Action
from comments.errors import InvalidCursor
from comments.events.shapes import rfc3339
from comments.identity.models import Author
from comments.moderation.models import AuthorNote, Claim
from comments.posting.models import Flag
from comments.screening.models import HeldFor
from comments.screening.phases import phase_title
from comments.sites.models import Site
from comments.threads.models import Post

Queue = Literal["pending", "reported", "spam", "shadowed", "all"]
Order = Literal["newest", "oldest"]

QUEUES: Final[tuple[Queue, ...]] = ("pending", "reported", "spam", "shadowed", "all")
PER_PAGE: Final = 50
PER_PAGE_MAX: Final = 200
BRIEF_MAX: Final = 2_000  # of numbers and statuses alone
SEARCHED_MAX: Final = 20_000  # of each site's posts of one status: a search of a million takes seconds
LANES_MAX: Final = 60  # beyond that many queries a page has the database sort
HISTORY: Final = 5  # earlier decisions about a post
EXCERPT_CHARS: Final = 300


@dataclass(frozen=True, slots=True)
class Asked:
    """Which page of a queue: `cursor` is what the page before said, and the rest is what is looked for."""

    order: Order = "newest"
    cursor: str = ""
    limit: int = PER_PAGE
    text: str = ""
    author: int | None = None
    thread: int | None = None


def counts(sites: QuerySet[Site]) -> dict[str, int]:
    """How many posts wait in each queue but "all"."""
    waiting = ["pending", "spam", "shadowed"]
    by_status = dict(
        Post.objects.filter(site__in=sites, status__in=waiting)
        .values_list("status")
        .annotate(number=Count("*"))
    )
    reported = Post.objects.filter(site__in=sites, open_flags__gt=0).count()
    return {name: by_status.get(name, 0) for name in waiting} | {"reported": reported}


def queue_page(queue: Queue, sites: Sequence[int], asked: Asked) -> tuple[list[Post], str | None]:
    """A page of a queue by the time of writing, and the cursor of the next one, None where there is none.
    Raises InvalidCursor."""
    lanes = [_lane(queue, status, sites) for status in _statuses(queue)]
    if len(sites) * len(lanes) <= LANES_MAX:
        lanes = [lane.filter(site=site) for lane in lanes for site in sites]
    found = [post for lane in lanes for post in _first_of(lane, asked)]
    is_newest_first = asked.order == "newest"
    found.sort(key=lambda post: (post.created, post.pk), reverse=is_newest_first)
    page = found[: asked.limit]
    last = page[-1] if len(found) > asked.limit else None
    return page, f"{last.created.isoformat()}~{last.pk}" if last else None


def _statuses(queue: Queue) -> Sequence[str]:
    """The statuses of a queue's posts; "all" has those whose text is there."""
    match queue:
        case "reported":
            return [Post.Status.PUBLISHED]
        case "all":
            return [s for s in Post.Status if s not in {Post.Status.DELETED, Post.Status.ERASED}]
    return [queue]


def _lane(queue: Queue, status: str, sites: Sequence[int]) -> QuerySet[Post]:
    """Posts of one status, which an index has in their order for each site. Fetched lane by lane and merged:
    the database would sort all of them for one page."""
    posts = Post.objects.filter(site__in=sites, status=status)
    if queue == "reported":
        return posts.filter(open_flags__gt=0)
    return posts.filter(is_listed=True) if status == Post.Status.PUBLISHED else posts


def _first_of(lane: QuerySet[Post], asked: Asked) -> list[Post]:
    sign, comparison = ("-", "lt") if asked.order == "newest" else ("", "gt")
    if asked.author is not None:
        lane = lane.filter(author=asked.author)
    if asked.thread is not None:
        lane = lane.filter(thread=asked.thread)
    if asked.text:
        lane = _searched(lane, asked.text)
    if asked.cursor:
        created, pk = _parsed(asked.cursor)
        beyond = Q(**{f"created__{comparison}": created}) | Q(created=created, **{f"pk__{comparison}": pk})
        # The first condition is what an index can begin at.
        lane = lane.filter(beyond, **{f"created__{comparison}e": created})
    return list(lane.order_by(f"{sign}created", f"{sign}pk")[: asked.limit + 1])


def _searched(lane: QuerySet[Post], text: str) -> QuerySet[Post]:
    """Those that say or are signed with the text, or come from the e-mail or network address, among the
    newest 20,000 of the lane."""
    newest = lane.order_by("-created", "-pk").values_list("created", flat=True)
    for beyond in newest[SEARCHED_MAX : SEARCHED_MAX + 1]:
        lane = lane.filter(created__gt=beyond)
    wanted = Q(body__icontains=text) | Q(author_name__icontains=text) | Q(author__email__iexact=text)
    if is_address(text):
        wanted |= Q(address=text)
    return lane.filter(wanted)


def for_moderators(posts: Sequence[Post], *, reader: int | None, now: datetime) -> list[dict[str, Any]]:
    """The posts with their context, in a number of queries that does not grow with theirs. `reader` is the
    account's number, for what is their own claim."""
    ids = [post.pk for post in posts]
    rows = {
        post.pk: post
        for post in Post.objects.filter(pk__in=ids).select_related("site", "thread", "parent", "author")
    }
    records = _records([post.author_id for post in rows.values() if post.author_id])
    flags = _grouped(
        Flag.objects.filter(post__in=ids, is_open=True).select_related("author").order_by("-pk"), "post_id"
    )
    history = _grouped(Action.objects.filter(post_id__in=ids).order_by("-pk"), "post_id")
    reasons = _grouped(HeldFor.objects.filter(post__in=ids).order_by("pk"), "post_id")
    claims = {
        claim.post_id: claim
        for claim in Claim.objects.filter(post__in=ids, until__gt=now).select_related("by")
    }
    return [
        {
            "id": post.pk,
            "site": {"key": post.site.key, "name": str(post.site)},
            "thread": _thread(post),
            "parent": None if post.parent is None else _parent(post.parent),
            "author": _author(post, records),
            "address": post.address,
            "body": post.body,
            "html": post.html,
            "created": rfc3339(post.created),
            "edited": None if post.edited is None else rfc3339(post.edited),
            "status": post.status,
            "featured": post.is_featured,
            "pinned": post.thread.pinned_post_id == post.pk,
            "replies": post.replies,
            "up": post.up,
            "down": post.down,
            "flags": [
                {"reason": flag.reason, "by": str(flag.author), "created": rfc3339(flag.created)}
                for flag in flags[post.pk]
            ],
            "reasons": [
                {"phase": phase_title(held.phase), "outcome": held.outcome, "reason": held.reason}
                for held in reasons[post.pk]
            ],
            "claim": _claim(claims.get(post.pk), reader),
            "history": [
                {"kind": row.kind, "by": row.by, "reason": row.reason, "created": rfc3339(row.created)}
                for row in history[post.pk][:HISTORY]
            ],
        }
        for post in (rows[pk] for pk in ids if pk in rows)
    ]


def _thread(post: Post) -> dict[str, Any]:
    thread = post.thread
    return {
        "id": thread.pk,
        "key": thread.key,
        "title": str(thread),
        "url": thread.url,
        "locked": thread.is_locked,
    }


def _parent(parent: Post) -> dict[str, Any]:
    return {
        "id": parent.pk,
        "name": parent.author_name,
        "status": parent.status,
        "excerpt": Truncator(parent.body).chars(EXCERPT_CHARS),
    }


def _author(post: Post, records: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """Who wrote it, by the name that stands above it, and their record on the site."""
    author = post.author
    if author is None:
        return {"id": None, "name": post.author_name}
    return {
        "id": author.pk,
        "name": post.author_name,
        "email": author.email,
        "since": rfc3339(author.created),
        "trust": author.trust,
        "shadow_banned": author.is_shadow_banned,
        "banned": author.banned_at is not None,
        "banned_until": None if author.banned_until is None else rfc3339(author.banned_until),
        **records[author.pk],
    }


def _records(authors: Iterable[int]) -> dict[int, dict[str, Any]]:
    """How many posts each author has, by what became of them, and what moderators noted."""
    ids = set(authors)
    found: dict[int, dict[str, Any]] = {pk: {"posts": defaultdict(int), "notes": 0} for pk in ids}
    by_status = Post.objects.filter(author__in=ids).values_list("author_id", "status")
    for author_id, status, number in by_status.annotate(number=Count("*")):
        found[author_id]["posts"][status] = number
    notes = AuthorNote.objects.filter(author__in=ids).values_list("author_id").annotate(number=Count("*"))
    for author_id, number in notes:
        found[author_id]["notes"] = number
    return found


def authors_seen(author: Author) -> list[str]:
    """The addresses from which the author wrote last, newest first."""
    rows = Post.objects.filter(author=author).order_by("-created").values_list("address", flat=True)
    return list(dict.fromkeys(address for address in rows[:50] if address))


def _claim(claim: Claim | None, reader: int | None) -> dict[str, Any] | None:
    if claim is None:
        return None
    return {
        "by": claim.by.get_username(),
        "until": rfc3339(claim.until),
        "mine": reader is not None and claim.by_id == reader,
    }


def _grouped(rows: Iterable[Any], name: str) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[getattr(row, name)].append(row)
    return found


def is_address(text: str) -> bool:
    """Whether it is an IP address, of either kind."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _parsed(cursor: str) -> tuple[datetime, int]:
    moment, _, pk = cursor.partition("~")
    try:
        created = parse_datetime(moment)
    except ValueError:
        created = None
    if created is None or created.tzinfo is None or not pk.isascii() or not pk.isdigit() or len(pk) > 18:
        raise InvalidCursor()
    return created, int(pk)
