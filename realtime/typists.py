"""How many type in a thread without a socket to say so, as on the push tier; told to its readers."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from comments.events.redis_clients import blocking_client, command_client
from comments.events.wire import typed_channel
from realtime.beside import repeat
from realtime.presence_store import bucketed, typing_in
from realtime.publisher import Frame, Publisher

LOOK_EVERY_SECONDS: Final = 1.0  # a thread is told no more often
SAY_AGAIN_SECONDS: Final = (
    4.0  # what changed is said at once; to whom came later, and whose 8 s are nearly over
)
BLOCK_SECONDS: Final = 1.0  # how long a stop signal may wait
MAX_THREADS: Final = 10_000
# A thread whose frames keep a carrier busy for so long has 10,000 readers: they are told of posts alone.
HEAVY_SECONDS: Final = 0.1
HEAVY_FOR_SECONDS: Final = 60.0


@dataclass(slots=True)
class _Thread:
    """A thread in which somebody typed a moment ago."""

    site: str
    shown: int = 0
    told_at: float = float("-inf")
    look_at: float = float("-inf")


class Typists:
    """Hears from the web tier where somebody types, and publishes `{"typing": n}` while they do.

    Who types is in Redis, and ends there by itself. The formatter of the thread's stream asks once a second,
    for all threads in which somebody types, and not at all while there are none. Nothing is owed: while Redis
    or a carrier is away, nobody is told.
    """

    def __init__(
        self, url: str, index: int, publisher: Publisher, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._channel = typed_channel(index)
        # Any: redis-py types every answer as "this, or an Awaitable of it".
        self._listener: Any = blocking_client(url, block_seconds=BLOCK_SECONDS)
        self._client: Any = command_client(url)
        self._publisher = publisher
        self._clock = clock
        self._threads: dict[str, _Thread] = {}
        self._heavy: dict[str, float] = {}  # until when a thread counts as one that takes a carrier long

    def run(self, stop: threading.Event) -> None:
        """Works until `stop` is set; nothing but that ends it."""
        repeat(lambda: self._listen(stop), stop, what="who types")
        self._client.close()
        self._listener.close()

    def _listen(self, stop: threading.Event) -> None:
        with self._listener.pubsub(ignore_subscribe_messages=True) as subscription:
            subscription.subscribe(self._channel)
            while not stop.is_set():
                self.hear(subscription)
                self.tell()

    def hear(self, subscription: Any) -> None:
        """Takes in what is said until the next look at a thread is due."""
        due = min((thread.look_at for thread in self._threads.values()), default=float("inf"))
        wait = max(0.0, min(BLOCK_SECONDS, due - self._clock()))
        while (message := subscription.get_message(timeout=wait)) is not None:
            key, _, site = str(message["data"]).partition(" ")
            self.note(key, site)
            wait = 0.0

    def note(self, key: str, site: str) -> None:
        """Somebody types there."""
        if key in self._threads or key in self._heavy or len(self._threads) >= MAX_THREADS:
            return  # known, and looked at once a second
        self._threads[key] = _Thread(site)

    def note_delivery(self, delivery_seconds: Mapping[str, float]) -> None:
        """What a frame to the readers of threads costs, as their last ones showed."""
        for key, seconds in delivery_seconds.items():
            if seconds >= HEAVY_SECONDS:
                self._heavy[key] = self._clock() + HEAVY_FOR_SECONDS

    def tell(self) -> None:
        """Publishes what changed in threads that are due. Raises redis.RedisError, PublishFailed."""
        now = self._clock()
        self._heavy = {key: until for key, until in list(self._heavy.items()) if until > now}
        for key in self._heavy:
            self._threads.pop(key, None)
        due = [key for key, thread in self._threads.items() if thread.look_at <= now]
        if not due:
            return
        frames = []
        for key, (typing, without_socket) in zip(due, typing_in(self._client, due), strict=True):
            thread = self._threads[key]
            thread.look_at = now + LOOK_EVERY_SECONDS
            shown = bucketed(typing)
            is_old_news = shown == thread.shown
            if not is_old_news or (shown and now - thread.told_at >= SAY_AGAIN_SECONDS):
                thread.shown, thread.told_at = shown, now
                frames.append(Frame(key, f'{{"typing":{shown}}}', site=thread.site))
            if not without_socket and is_old_news:
                del self._threads[key]  # a second after the last was told, so that nobody is told sooner
        if frames:
            self.note_delivery(self._publisher.publish(frames).delivery_seconds)
