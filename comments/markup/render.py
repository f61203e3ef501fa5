"""A Markdown subset to sanitized HTML; pure, so that preview, posts, edits and imports all get the same."""

from typing import Final

import nh3
from markdown_it import MarkdownIt

TAGS: Final = {"p", "br", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"}
# "*" is there because without it the sanitizer keeps its own, `lang` and `title`, on every tag.
ATTRIBUTES: Final[dict[str, set[str]]] = {"*": set(), "a": {"href"}, "ol": {"start"}}
SCHEMES: Final = {"http", "https", "mailto"}

_RULES: Final = [
    # block: no headings, tables, rules, raw HTML or reference definitions: a comment is prose, not a page
    "blockquote",
    "code",
    "fence",
    "list",
    # inline: no images; a link to one is enough, and no reader's browser calls a third party
    "backticks",
    "strikethrough",
    "emphasis",
    "link",
    "autolink",
    "linkify",
    "newline",
    "escape",
    "entity",
]
_markdown = MarkdownIt("zero", {"html": False, "linkify": True, "breaks": True, "maxNesting": 20})
_markdown.enable(_RULES)
_cleaner = nh3.Cleaner(
    tags=TAGS,
    attributes=ATTRIBUTES,
    url_schemes=SCHEMES,
    url_relative="deny",  # in the iframe they would lead to Kibitz itself
    link_rel="nofollow ugc noopener noreferrer",  # a comment's link opens no popup (signin.popup)
    set_tag_attribute_values={"a": {"target": "_blank"}},
)


def render(source: str) -> str:
    """The HTML of a comment's Markdown. The renderer makes no HTML it was not asked for; the sanitizer,
    run on every result, is what is trusted."""
    return _cleaner.clean(_markdown.render(source)).strip()
