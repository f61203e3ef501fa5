"""A thread for who runs no script: as a page of its own, and as a fragment for a site's own page."""

from dataclasses import dataclass, field
from typing import Any, Final, get_args

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from comments.errors import Invalid, NotFound, UnknownPost
from comments.events.shapes import PostShape, post_shape
from comments.pages.branches import Branch, branches
from comments.pages.script_json import script_json
from comments.pages.still_answers import kept, queried, refused_page, refused_words, shown_in, still
from comments.pages.still_posts import Setting, ShownPost, Words, shown_posts
from comments.pages.structured_data import discussion
from comments.sites.models import Site
from comments.sites.services import get_site, origin_of, require_origin
from comments.sites.texts import counted_text, document_text, known_tag, page_texts
from comments.threads import queries
from comments.threads.bootstrap import public_base
from comments.threads.models import Post, Thread
from comments.threads.page import KEY_PATTERN, thread_key
from comments.threads.serializers import SnapshotQuery
from comments.threads.services import Page

SORTS: Final = get_args(queries.Sort)
PAGE_NAME_MAX_CHARS: Final = 2_000


@dataclass(frozen=True, slots=True)
class SortLink:
    label: str
    href: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class StillPage:
    """What both templates show."""

    site: str
    key: str
    epoch: str
    seq: int
    title: str
    url: str  # of the site's own page, without fragment; "" where it is not known
    canonical: str
    feed: str
    count: int
    counted: str
    locked: bool
    posts: list[ShownPost]
    next: str
    first: str  # "" on the first page
    is_branch: bool
    is_indexed: bool
    sorts: list[SortLink] = field(default_factory=list)
    data: SafeString = field(default_factory=SafeString)


@still(refused_page)
def by_name(request: HttpRequest, site: str) -> HttpResponse:
    """`/t/{site}/?page_id=…&url=…`: leads to the page's own address."""
    found = get_site(site)
    target = f"/t/{found.key}/{named_key(found, request)}/"
    kept_query = {name: request.GET[name] for name in ("sort", "lang") if name in request.GET}
    return HttpResponseRedirect(f"{target}?{urlencode(kept_query)}" if kept_query else target)


@still(refused_page)
def page(request: HttpRequest, site: str, key: str) -> HttpResponse:
    """`/t/{site}/{key}/`: a page of the thread, or with `root` one of its branches."""
    found = get_site(site)
    return _answered(request, found, "kibitz/still_thread.html", _still_page(request, found, key))


@still(refused_words)
def fragment(request: HttpRequest, site: str, key: str) -> HttpResponse:
    """`/t/{site}/{key}/fragment/`: the posts alone, without script or style, for another page."""
    return _fragment(request, get_site(site), key)


@still(refused_words)
def fragment_by_name(request: HttpRequest, site: str) -> HttpResponse:
    """`/t/{site}/fragment/?page_id=…`: at once, for an include does not follow where it is led."""
    found = get_site(site)
    return _fragment(request, found, named_key(found, request))


def named_key(site: Site, request: HttpRequest) -> str:
    """The key of the page that a query names. Raises Invalid, OriginNotAllowed."""
    page_id, url = (request.GET.get(name, "").strip() for name in ("page_id", "url"))
    if any("\x00" in value or len(value) > PAGE_NAME_MAX_CHARS for value in (page_id, url)):
        raise Invalid("The page's address or id is too long.")
    if not page_id and not url:
        raise Invalid("The address names no page: it needs page_id or url.")
    named = Page.named(page_id=page_id, url=url, title="")
    if url:
        require_origin(site, url)
    return thread_key(site.key, named.page_id)


def found_thread(site: Site, key: str) -> Thread | None:
    """None where nobody has written yet. Raises NotFound for what is no key, or another site's."""
    if not KEY_PATTERN.fullmatch(key):
        raise NotFound("There is no thread at this address.")
    thread = Thread.objects.filter(key=key).first()
    if thread is not None and thread.site_id != site.pk:
        raise NotFound("There is no thread at this address.")
    return thread


def page_url(thread: Thread | None) -> str:
    """The site's own page, fit for a link; "" where that is not known."""
    url = thread.url if thread else ""
    return url.partition("#")[0] if origin_of(url) else ""


def still_url(request: HttpRequest, site: Site, key: str) -> str:
    return f"{public_base(request)}/t/{site.key}/{key}/"


def _fragment(request: HttpRequest, site: Site, key: str) -> HttpResponse:
    response = _answered(request, site, "kibitz/still_fragment.html", _still_page(request, site, key))
    response["X-Robots-Tag"] = "noindex"  # it belongs into another page
    return response


def _answered(request: HttpRequest, site: Site, template: str, shown: StillPage) -> HttpResponse:
    response = render(request, template, {**shown_in(request, site), "page": shown})
    return kept(request, response, site, mark=f"{shown.epoch}-{shown.seq}")


def _still_page(request: HttpRequest, site: Site, key: str) -> StillPage:
    asked = queried(request, SnapshotQuery, "sort", "cursor", "root", "after")
    lang, sort, root = known_tag(request.GET.get("lang", "")), asked["sort"], asked.get("root")
    thread, base = found_thread(site, key), still_url(request, site, key)
    spoken = {"lang": lang} if "lang" in request.GET else {}  # links go on in the language that was asked for
    words = Words(lang, page_texts(lang, site.texts))
    url = page_url(thread)
    if root is None:
        snapshot = queries.thread_page(key, sort=sort, cursor=asked["cursor"])
        posts = snapshot["posts"]
        following = {"sort": sort, "cursor": snapshot["next"]}
    else:
        snapshot = queries.branch_page(key, root_id=root, after_id=asked.get("after", root))
        posts = [_root(thread, root), *snapshot["posts"]]
        following = {"root": root, "after": snapshot["next"]}
    grouped = branches(posts)
    if root is not None:  # the rest of it comes with the next page
        grouped = [Branch(branch.root, branch.entries, has_more=False) for branch in grouped]
    setting = Setting(
        words=words,
        url=url,
        pinned=snapshot["thread"]["pinned"],
        has_votes=site.has_votes,
        branch_href=_href(base, **spoken, root=""),
        elsewhere=_elsewhere(posts, words),
    )
    name = (thread.title if thread else "") or url or site.name or site.key
    is_first = root is None and not asked["cursor"]
    return StillPage(
        site=site.key,
        key=key,
        epoch=snapshot["epoch"],
        seq=snapshot["seq"],
        title=document_text(lang, "titleOn", name),
        url=url,
        canonical=url or base,
        feed=f"{base}atom/",
        count=snapshot["thread"]["posts"],
        counted=counted_text(lang, words.text["comments"], snapshot["thread"]["posts"]),
        locked=snapshot["thread"]["locked"],
        posts=shown_posts(grouped, setting),
        next=_href(base, **spoken, **following) if snapshot["next"] else "",
        first="" if is_first else _href(base, **spoken, sort=sort),
        is_branch=root is not None,
        is_indexed=site.is_indexed and bool(posts),
        sorts=[SortLink(words.text[each], _href(base, **spoken, sort=each), each == sort) for each in SORTS],
        data=script_json(discussion(site, thread, url, grouped)) if thread and url else SafeString(),
    )


def _root(thread: Thread | None, root: int) -> PostShape:
    """A branch's first post, if the public list has it. Raises UnknownPost."""
    post = Post.objects.filter(thread=thread, pk=root, root=None, is_listed=True).first()
    if post is None:
        raise UnknownPost()
    return post_shape(post)


def _elsewhere(posts: list[PostShape], words: Words) -> dict[int, str]:
    missing = {post["parent"] or 0 for post in posts} - {0, *(post["id"] for post in posts)}
    if not missing:
        return {}
    shapes = map(post_shape, Post.objects.filter(pk__in=missing, is_listed=True))
    return {shape["id"]: words.name(shape) for shape in shapes}


def _href(base: str, **query: Any) -> str:
    """The order of the names is the order of the arguments, so that a value can be put behind the last."""
    return f"{base}?{urlencode(query)}"
