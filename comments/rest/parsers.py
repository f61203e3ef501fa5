"""JSON in, bounded in size and depth."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.parsers import BaseParser

from comments.errors import MalformedJson, TooLarge


class BoundedJSONParser(BaseParser):
    """Raises TooLarge or MalformedJson, for JSON nested beyond Python's recursion limit too."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit: int = settings.API_BODY_MAX_BYTES
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLarge()
        try:
            return json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
            raise MalformedJson() from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
