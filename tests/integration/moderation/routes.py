"""Every address that the project serves."""

from collections.abc import Iterator
from typing import Any, Final

from django.urls import URLPattern, URLResolver, get_resolver


def leaf_patterns(patterns: list[Any], route: str = "", namespace: str = "") -> Iterator[tuple[str, str]]:
    """Each route of the project, and its name."""
    for one in patterns:
        here = route + str(one.pattern)
        if isinstance(one, URLResolver):
            within = f"{namespace}{one.namespace}:" if one.namespace else namespace
            yield from leaf_patterns(one.url_patterns, here, within)
        else:
            assert isinstance(one, URLPattern)
            yield here, f"{namespace}{one.name}" if one.name else ""


ROUTES: Final = list(leaf_patterns(get_resolver().url_patterns))
