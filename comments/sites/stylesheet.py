"""An owner's own style for the comments: which CSS may stand in the frame's document."""

from collections.abc import Iterable
from typing import Final

import tinycss2
from django.core.exceptions import ValidationError
from tinycss2.ast import Node

STYLESHEET_MAX_BYTES: Final = 16_384
AT_RULES: Final = {"media", "supports", "container", "layer", "keyframes", "starting-style"}
# What fetches, or what old browsers ran as a script. The frame's policy stops these, too.
_FETCHING: Final = {
    "url",
    "src",
    "image",
    "image-set",
    "-webkit-image-set",
    "cross-fade",
    "element",
    "expression",
}
_SCRIPTING: Final = {"behavior", "-moz-binding"}
_CLOSED: Final = {"() block", "[] block", "{} block", "function"}


def validate_stylesheet(css: str) -> None:
    """Raises ValidationError with the line of each thing that may not be there."""
    size = len(css.encode())
    if size > STYLESHEET_MAX_BYTES:
        raise ValidationError(f"{size} bytes are too long; the most is {STYLESHEET_MAX_BYTES}.")
    if "</" in css or "<!" in css:
        raise ValidationError("`</` and `<!` are markup, and cannot stand in a stylesheet.")
    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    try:
        errors = list(dict.fromkeys(_problems(rules)))
    except RecursionError:
        errors = ["That is nested too deep."]
    if errors:
        raise ValidationError(errors)


def _problems(nodes: Iterable[Node]) -> Iterable[str]:
    for node in nodes:
        line = f"Line {node.source_line}"
        if node.type == "error":
            yield f"{line}: {node.message}."
        elif node.type == "at-rule" and node.lower_at_keyword not in AT_RULES:
            yield f"{line}: @{node.at_keyword} is not possible here."
        elif node.type == "at-keyword" and node.lower_value not in AT_RULES:
            yield f"{line}: @{node.value} is not possible here."
        elif node.type == "url" or (node.type == "function" and node.lower_name in _FETCHING):
            yield f"{line}: nothing can be loaded from here; url() and its like are not possible."
        elif node.type == "ident" and node.lower_value in _SCRIPTING:
            yield f"{line}: {node.value} is not possible here."
        yield from _problems(_inside(node))


def _inside(node: Node) -> list[Node]:
    if node.type in {"qualified-rule", "at-rule"}:
        return [*node.prelude, *(node.content or [])]
    if node.type == "function":
        return list(node.arguments)
    return list(node.content) if node.type in _CLOSED else []
