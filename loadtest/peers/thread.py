"""The one thread that every system shows: 50 comments, each third a reply to the one before it."""

from dataclasses import dataclass
from typing import Final

from loadtest.texts import texts

COMMENTS: Final = 50


@dataclass(frozen=True, slots=True)
class Comment:
    """`parent` is a number of the same thread; those count from 1."""

    number: int
    author: str
    body: str
    parent: int | None


def comments() -> list[Comment]:
    """As loadtest.seed puts them into Kibitz."""
    written = list(texts())
    return [
        Comment(number, *written[number % len(written)], None if number % 3 else number - 1)
        for number in range(1, COMMENTS + 1)
    ]


def replies_to(number: int) -> list[Comment]:
    return [comment for comment in comments() if comment.parent == number]
