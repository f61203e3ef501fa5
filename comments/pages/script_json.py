"""JSON that cannot end the script element it stands in."""

from typing import Any, Final

from django.utils.safestring import SafeString, mark_safe

from comments.events.shapes import compact_json

_ESCAPES: Final = {
    ord("<"): "\\u003c",
    ord(">"): "\\u003e",
    ord("&"): "\\u0026",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


def script_json(value: Any) -> SafeString:
    escaped = compact_json(value).translate(_ESCAPES)
    return mark_safe(escaped)  # noqa: S308  no markup is left in it
