"""A thread in schema.org's words, for search engines."""

import html
import re
from typing import Any, Final

from django.utils.html import strip_tags

from comments.events.shapes import PostShape, rfc3339
from comments.pages.branches import Branch
from comments.pages.still_posts import permalink
from comments.sites.models import Site
from comments.threads.models import Thread

DEPTH_NESTED: Final = 10  # deeper replies are listed beside each other, and name what they answer
_BLOCK_ENDS: Final = re.compile(r"<br\s*/?>|</(p|li|pre|blockquote)>")


def discussion(site: Site, thread: Thread, url: str, branches: list[Branch]) -> dict[str, Any]:
    """A DiscussionForumPosting about the site's own page, with the comments of one page nested in it."""
    return {
        "@context": "https://schema.org",
        "@type": "DiscussionForumPosting",
        "@id": f"{url}#kibitz",
        "url": url,
        "mainEntityOfPage": url,
        "headline": thread.title or url,
        "author": {"@type": "Organization", "name": site.name or site.key},
        "datePublished": rfc3339(thread.created),
        "commentCount": thread.posts,
        "interactionStatistic": {
            "@type": "InteractionCounter",
            "interactionType": "https://schema.org/CommentAction",
            "userInteractionCount": thread.posts,
        },
        "comment": [comment for branch in branches for comment in _comments(branch, url)],
    }


def _comments(branch: Branch, url: str) -> list[dict[str, Any]]:
    """A stub says nothing, so its replies stand in its place."""
    top: list[dict[str, Any]] = []
    made: list[dict[str, Any]] = []
    lists: list[list[dict[str, Any]]] = [top]  # by depth: where replies to the latest post there belong
    for entry in branch.entries:
        depth = min(entry.depth, DEPTH_NESTED)
        del lists[depth + 1 :]
        if entry.post["status"] != "published":
            lists.append(lists[depth])
            continue
        comment = _comment(entry.post, url)
        if entry.post["parent"] is not None:
            comment["parentItem"] = {"@type": "Comment", "@id": permalink(url, entry.post["parent"])}
        lists[depth].append(comment)
        lists.append(lists[depth] if depth == DEPTH_NESTED else comment["comment"])
        made.append(comment)
    for comment in made:
        if not comment["comment"]:
            del comment["comment"]
    return top


def _comment(post: PostShape, url: str) -> dict[str, Any]:
    comment: dict[str, Any] = {
        "@type": "Comment",
        "@id": permalink(url, post["id"]),
        "url": permalink(url, post["id"]),
        "author": {"@type": "Person", "name": post["author"]["name"]},
        "datePublished": post["created"],
        "text": plain_text(post["html"]),
        "upvoteCount": post["up"],
        "downvoteCount": post["down"],
        "comment": [],
    }
    if post["edited"]:
        comment["dateModified"] = post["edited"]
    return comment


def plain_text(markup: str) -> str:
    """What a comment says, without its markup."""
    return html.unescape(strip_tags(_BLOCK_ENDS.sub("\n", markup))).strip()
