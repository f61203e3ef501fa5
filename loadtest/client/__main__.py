"""Many readers in one process: `python -m loadtest.client BASE_URL [ADDRESS]`, told what to do by JSON lines.

ADDRESS is the one that they connect from: one has 28,000 ports, and connecting grows slow long before that.

The commands and answers of embed/readers, which runs the embed's own engine: open, collect, posts, forget.
"""

import asyncio
import contextlib
import gc
import json
import os
import sys
from collections import Counter
from typing import Any, Final

from loadtest.client.network import Network
from loadtest.client.reader import Order, Reader
from loadtest.client.record import Record

OPENING_MAX: Final = 20  # at a time: what is measured is not a storm of page loads
OPEN_SECONDS: Final = 600.0  # who asks may give up before
LONGEST_COMMAND: Final = 1 << 24


class Program:
    """The readers of one process."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._record = Record()
        self._readers: list[Reader] = []

    async def answer(self, line: str) -> dict[str, Any]:
        try:
            command = json.loads(line)
            match command["do"]:
                case "open":
                    orders = [Order(**order) for order in command["readers"]]
                    opened = await self._open(orders)
                    gc.freeze()  # thousands of readers that stay: to look through them took most of the time
                    return {"done": "open", "open": opened}
                case "collect":
                    states = Counter({"live": 0, "reconnecting": 0, "offline": 0})
                    states.update(reader.live_state for reader in self._readers)
                    at = [
                        [reader.track.key, reader.track.epoch, reader.track.seq] for reader in self._readers
                    ]
                    return {"done": "collect", **self._record.collect(), "states": states, "at": at}
                case "posts":
                    return {"done": "posts", "readers": self._posts(command["from"])}
                case "forget":
                    for reader in self._readers:
                        reader.forget(command["below"])
                    return {"done": "forget"}
        except (ValueError, KeyError, TypeError) as error:
            return {"error": f"no command: {error!r}"}
        return {"error": f"no command: {line[:200]}"}

    async def _open(self, orders: list[Order]) -> int:
        """How many are open in the end."""
        opening = [Reader(order, self._network, self._record) for order in orders]
        self._readers += opening
        room = asyncio.Semaphore(OPENING_MAX)

        async def open_one(reader: Reader) -> None:
            async with room:
                await reader.open()

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(OPEN_SECONDS):
                await asyncio.gather(*map(open_one, opening))
        return sum(reader.live_state == "live" for reader in opening)

    def _posts(self, from_id: int) -> list[dict[str, Any]]:
        return [
            {
                "key": reader.track.key,
                "epoch": reader.track.epoch,
                "seq": reader.track.seq,
                "posts": reader.posts_from(from_id),
            }
            for reader in self._readers
        ]


async def main(base_url: str, address: str | None = None) -> None:
    commands = asyncio.StreamReader(limit=LONGEST_COMMAND)
    gc.set_threshold(
        50_000, 20, 100
    )  # readers make little garbage, and there are many of them to look through
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    async with Network(base_url, address) as network:
        program = Program(network)
        while line := await commands.readline():
            answer = json.dumps(await program.answer(line.decode()))
            # In a thread: whoever asked may be slow to read, and readers must not wait for that.
            await asyncio.to_thread(_write, f"{answer}\n".encode())


def _write(text: bytes) -> None:
    while text:
        text = text[os.write(sys.stdout.fileno(), text) :]


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(*sys.argv[1:]))
