"""Thousands of odd operations on a push instance: stale ids, every carrier, junk, resets, publishes."""

import random
import socket
import time
from collections import Counter
from contextlib import suppress
from typing import Final, Self

from tests.nginx.instances import KEY, Push, live_path
from tests.nginx.talk import BROWSER_HEADERS, PING, Refused, Stream, WebSocket, ask, connected

OPEN_AT_MOST: Final = 150
BUSY_KEYS: Final = [KEY, KEY[::-1]]
QUIET_KEYS: Final = [
    letter * 26 for letter in "abcdefghijklmnop"
]  # without messages: where stale ids do harm
CARRIERS: Final = {
    "text/event-stream": "EventSource",
    "*/*": "long poll",
    "multipart/mixed": "multipart",
    "application/octet-stream": "chunked",
}
EXTENSIONS: Final = [
    "",
    "permessage-deflate; client_max_window_bits",
    "permessage-deflate",
    "x-webkit-deflate-frame",
]


class Hammer:
    """Blows that are the same for the same seed; `done` counts them by name."""

    def __init__(self, push: Push, seed: int) -> None:
        self._push = push
        self._random = random.Random(seed)
        self._open: list[Stream] = []
        self.done: Counter[str] = Counter()
        self._open.append(WebSocket(connected(push.port), live_path(KEY)))

    def strike(self, times: int) -> None:
        """So many blows; that connections break is all in a day's work."""
        blows = {
            self._open_web_socket: 30,
            self._open_other: 25,
            self._send_junk: 12,
            self._reset: 12,
            self._close: 6,
            self._publish: 12,
            self._odd_request: 3,
        }
        for blow in self._random.choices([*blows], weights=[*blows.values()], k=times):
            self.done[blow.__name__.strip("_")] += 1
            if len(self._open) > OPEN_AT_MOST:
                self._close()
            with suppress(ConnectionError, TimeoutError):
                blow()
            while not self._open:
                self._open_web_socket()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while self._open:
            self._open.pop().close()

    def _open_web_socket(self) -> None:
        connection = self._connected()
        extensions = self._random.choice(EXTENSIONS)
        with suppress(Refused):
            self._open.append(WebSocket(connection, self._path(), self._id_headers(), extensions=extensions))

    def _open_other(self) -> None:
        accept = self._random.choice([*CARRIERS])
        self.done[CARRIERS[accept]] += 1
        headers = {"Host": "127.0.0.1", "Accept": accept, **BROWSER_HEADERS, **self._id_headers()}
        self._open.append(Stream(self._connected(), self._path(), headers))

    def _connected(self) -> socket.socket:
        return connected(self._push.port, timeout_seconds=0.2)  # a long poll would wait; nobody else does

    def _send_junk(self) -> None:
        reader = self._random.choice(self._open)
        opcode = self._random.randrange(16)
        content = self._random.randbytes(self._random.choice([0, 1, 8, 125]))
        match reader, self._random.randrange(4):
            case WebSocket(), 0:
                reader.send(opcode, content)
            case WebSocket(), 1:
                reader.send(opcode, content, claimed=self._random.choice([126, 70_000, 2**40, 2**63]))
            case WebSocket(), 2:
                reader.send(PING, content)
            case _:
                reader.connection.sendall(self._random.randbytes(self._random.randrange(1, 300)))

    def _reset(self) -> None:
        self._take().reset()

    def _close(self) -> None:
        self._take().close()

    def _publish(self) -> None:
        text = self._random.choice(["{}", '{"head":1}', "x" * 5000, "y" * 60_000])
        self._push.publish(text, key=self._random.choice(BUSY_KEYS), deflated=self._random.random() < 0.5)

    def _odd_request(self) -> None:
        method = self._random.choice(["DELETE", "POST", "PUT", "OPTIONS", "HEAD", "PROPFIND"])
        ask(self._push.port, method, self._path(), self._id_headers(), b"junk")

    def _take(self) -> Stream:
        return self._open.pop(self._random.randrange(len(self._open)))

    def _path(self) -> str:
        path = live_path(self._random.choice(BUSY_KEYS + QUIET_KEYS))
        if self._random.random() < 0.5:
            path += f"&last_event_id={self._message_id()}"
        return path

    def _id_headers(self) -> dict[str, str]:
        """Names of messages in the headers that Nchan knows; half of the time none."""
        headers = {}
        if self._random.random() < 0.25:
            headers["Last-Event-ID"] = self._message_id()
        if self._random.random() < 0.2:
            headers["If-Modified-Since"] = time.strftime(
                "%a, %d %b %Y %H:%M:%S GMT", time.gmtime(self._message_time())
            )
        if self._random.random() < 0.2:
            headers["If-None-Match"] = str(self._random.randrange(-3, 4))
        if self._random.random() < 0.1:
            headers["Sec-WebSocket-Protocol"] = "ws+meta.nchan"
        return headers

    def _message_id(self) -> str:
        tag = self._random.choice(["0", "1", "7", "-1", "99999", "[0]", "0,[1]", "", "x"])
        return self._random.choice([f"{self._message_time()}:{tag}", tag, "%00", "-5:-5", "1:2,3:4"])

    def _message_time(self) -> int:
        return int(time.time()) + self._random.choice([-100_000, -60, -7, -2, -1, 0, 0, 1, 60])
