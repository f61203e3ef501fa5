"""Atom: the newest posts of a thread and of a site."""

import re
from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.feedgenerator import Atom1Feed
from django.utils.xmlutils import SimplerXMLGenerator

from comments.pages.still_answers import ATOM, kept, refused_words, still
from comments.pages.still_posts import permalink
from comments.pages.still_thread import found_thread, named_key, page_url, still_url
from comments.sites.models import Site
from comments.sites.services import get_site
from comments.threads.bootstrap import public_base
from comments.threads.latest import latest_of_site, latest_of_thread
from comments.threads.models import Post

# XML 1.0 has no form at all for these, escaped or not.
_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_THREADING: Final = "http://purl.org/syndication/thread/1.0"  # RFC 4685


class Feed(Atom1Feed):
    """With the posts' HTML as content, what they answer, and a time of its own where it is empty."""

    def root_attributes(self) -> dict[str, str]:
        return {**super().root_attributes(), "xmlns:thr": _THREADING}

    def latest_post_date(self) -> datetime:
        moments: list[datetime] = [item["updateddate"] for item in self.items]
        return max(moments, default=self.feed["began"])

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, {**item, "description": None})  # which would be a summary
        handler.addQuickElement("content", item["description"], {"type": "html"})
        if item["answers"]:
            ref, href = item["answers"]
            handler.addQuickElement(
                "thr:in-reply-to", attrs={"ref": ref, "href": href} if href else {"ref": ref}
            )


@still(refused_words)
def of_site(request: HttpRequest, site: str) -> HttpResponse:
    """`/t/{site}/atom/`: of all its threads; with `page_id` or `url` of that page's alone."""
    found = get_site(site)
    if "page_id" in request.GET or "url" in request.GET:
        return _of_thread(request, found, named_key(found, request))
    name = found.name or found.key
    address = f"{public_base(request)}/t/{found.key}/atom/"
    feed = Feed(
        title=xml_text(f"Comments on {name}"),
        link=found.origins[0] if found.origins else address,
        description=None,
        author_name=xml_text(name),
        feed_url=address,
        feed_guid=f"tag:kibitz.invalid,{found.created:%Y-%m-%d}:{found.key}",
        began=found.created,
    )
    return _written(request, found, feed, latest_of_site(found))


@still(refused_words)
def of_thread(request: HttpRequest, site: str, key: str) -> HttpResponse:
    """`/t/{site}/{key}/atom/`."""
    return _of_thread(request, get_site(site), key)


def _of_thread(request: HttpRequest, site: Site, key: str) -> HttpResponse:
    thread = found_thread(site, key)
    base = still_url(request, site, key)
    url = page_url(thread)
    title = (thread.title if thread else "") or url or site.name or site.key
    feed = Feed(
        title=xml_text(f"Comments on {title}"),
        link=xml_text(url or base),
        description=None,
        author_name=xml_text(site.name or site.key),
        feed_url=f"{base}atom/",
        feed_guid=_guid(site, key),
        began=thread.created if thread else site.created,
    )
    return _written(request, site, feed, latest_of_thread(thread) if thread else [])


def _written(request: HttpRequest, site: Site, feed: Feed, posts: list[Post]) -> HttpResponse:
    for post in posts:
        thread = post.thread
        url = page_url(thread) or still_url(request, site, thread.key)
        answers = (
            None
            if post.parent_id is None
            else (_guid(site, thread.key, post.parent_id), xml_text(permalink(url, post.parent_id)))
        )
        feed.add_item(
            title=xml_text(f"{post.author_name} on {thread.title or url}"),
            link=xml_text(permalink(url, post.pk)),
            description=xml_text(post.html),
            author_name=xml_text(post.author_name) or "?",
            pubdate=post.created,
            updateddate=post.edited or post.created,
            unique_id=_guid(site, thread.key, post.pk),
            answers=answers,
        )
    text = feed.writeString("utf-8")
    return kept(request, HttpResponse(text, content_type=ATOM), site)


def xml_text(text: str) -> str:
    return _NOT_IN_XML.sub("", text)


def _guid(site: Site, key: str, post_id: int | None = None) -> str:
    """Stays the same wherever Kibitz or the site's page moves to. A name of nobody's: RFC 2606, 2."""
    post = "" if post_id is None else f"/{post_id}"
    return f"tag:kibitz.invalid,{site.created:%Y-%m-%d}:{site.key}/{key}{post}"
