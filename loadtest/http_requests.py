"""Raw HTTP/1.1 requests for the closed loop; pure."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from loadtest.stack import Thread

# What the front adds for the API; sent where a request goes to the API's own socket.
FORWARDED: Final = "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\n"


def get(path: str, host: str, headers: str = "") -> bytes:
    """`headers` are whole lines."""
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n".encode()


def post(path: str, host: str, body: Mapping[str, object], headers: str = "") -> bytes:
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nX-Kibitz: 1\r\n"
        f"Content-Length: {len(content)}\r\n{headers}\r\n"
    )
    return head.encode() + content


def posts(threads: Sequence[Thread], texts: Sequence[tuple[str, str]], host: str) -> Iterator[bytes]:
    """Posts to the threads in turn, each with a text of about 200 characters of its own."""
    number = 0
    while True:
        number += 1
        thread = threads[number % len(threads)]
        author, body = texts[number % len(texts)]
        text = f"{number}: {body} {texts[(number * 7) % len(texts)][1]}"[:200]
        content = {"body": text, "name": author, "page": thread.page}
        yield post(f"/api/v1/threads/{thread.key}/posts/", host, content)


def pages(paths_of_page: Sequence[Sequence[str]], host: str) -> Iterator[bytes]:
    """What browsers ask for one after the other: all of a page's paths, then those of another page."""
    order = random.Random(1)  # noqa: S311  the same pages each time
    while True:
        for path in order.choice(paths_of_page):
            yield get(path, host, "Accept-Encoding: gzip, deflate, br\r\n")
