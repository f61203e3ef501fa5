"""A network that can be made to fail: what stands between readers and the push node, and before the node.

    python -m loadtest.convergence.network READERS_PORT NODE_PORT PUSH_PORT PUSH_CONF

The node's socket for publishing is found in its configuration, which another start may write anew. It prints
`ready`, then takes a line at a time: `readers pass|silent`, `node pass|silent|broken`, and prints it back
when it is so. A program of its own, so that what passes through it waits for nobody else.
"""

import asyncio
import contextlib
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
CHUNK_BYTES: Final = 65_536
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_PUBLISH: Final = re.compile(r"listen unix:(\S+);")
_BROKEN: Final = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"

Opener = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Line:
    """TCP from readers to the push node. While it is silent nothing passes, either way, and nobody is told:
    as when every packet is lost."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._flows = asyncio.Event()
        self._flows.set()

    def set(self, mode: str) -> None:
        if mode == "pass":
            self._flows.set()
        else:
            self._flows.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._flows.wait()
        try:
            ahead, behind = await self._opener()
        except OSError:
            writer.close()
            return
        await asyncio.gather(self._pump(reader, behind), self._pump(ahead, writer))

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while chunk := await source.read(CHUNK_BYTES):
                await self._flows.wait()
                target.write(chunk)
                await target.drain()
        except OSError:
            pass
        finally:
            await self._flows.wait()  # the news of an end is lost too
            target.close()


class Node:
    """HTTP from formatters to the push node. Silent, it takes requests and never answers; broken, it answers
    500 to each."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._mode = "pass"

    def set(self, mode: str) -> None:
        self._mode = mode

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        node: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        try:
            while True:
                request = await _message(reader)
                if self._mode == "silent":
                    await reader.read()  # until whoever asked gives up
                    return
                if self._mode == "broken":
                    writer.write(_BROKEN)
                else:
                    node = node or await self._opener()
                    node[1].write(request)
                    writer.write(await _message(node[0]))
                await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()
            if node is not None:
                node[1].close()


async def _message(reader: asyncio.StreamReader) -> bytes:
    """A request or an answer with its body; raises IncompleteReadError, which is an EOFError."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return head + (await reader.readexactly(int(length[1])) if length else b"")


def _publish_socket(config: Path) -> str:
    """Raises OSError where there is none yet."""
    found = _PUBLISH.search(config.read_text())
    if found is None:
        raise FileNotFoundError(f"{config} names no socket")
    return found[1]


async def main(arguments: list[str]) -> None:
    readers_port, node_port, push_port = (int(port) for port in arguments[:3])
    line = Line(lambda: asyncio.open_connection(HOST, push_port))
    node = Node(lambda: asyncio.open_unix_connection(_publish_socket(Path(arguments[3]))))
    await asyncio.start_server(line.serve, HOST, readers_port, backlog=1_000)
    await asyncio.start_server(node.serve, HOST, node_port)
    print("ready", flush=True)
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    while order := (await orders.readline()).decode().split():
        (line if order[0] == "readers" else node).set(order[1])
        print(*order, flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(sys.argv[1:]))
