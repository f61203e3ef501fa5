"""People who write whatever happens: new comments at Poisson arrivals, edits, deletes and votes beside them.

What is not answered is sent again, under the same Idempotency-Key, until it is: nobody knows whether an
unanswered post was stored, and an author who asks again finds out.
"""

import contextlib
import http.client
import json
import random
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from loadtest.convergence.ledger import Ledger
from loadtest.stack import Stack, Thread
from loadtest.texts import texts

HANDS: Final = 48  # connections; so many posts may wait for an answer before the next is late
ANSWER_SECONDS: Final = 10.0
PAUSE_SECONDS: Final = (0.1, 0.5)  # before what was not answered is sent again
KEPT: Final = 400  # of the latest posts, those that may still be edited, deleted or voted on
REPLIES: Final = 0.3
# For each new comment, so many of these.
CHANGES: Final = {"edit": 0.15, "delete": 0.05, "vote": 0.3}


class NotTaken(Exception):
    """The API refused for good what it should have taken; the text says what it answered."""


@dataclass(frozen=True, slots=True)
class Sent:
    """When a new comment was first sent, how long until its 201, and how often it was refused before."""

    at: float
    seconds: float
    tries: int


@dataclass(slots=True)
class _Own:
    """A comment that its author may change; one change at a time."""

    id: int
    thread: Thread
    token: str
    lock: threading.Lock = field(default_factory=threading.Lock)
    is_deleted: bool = False


class Authors:
    """Writes into the threads until `finish`; what was answered is in the ledger, every attempt in `sent`."""

    def __init__(
        self,
        stack: Stack,
        threads: Sequence[Thread],
        ledger: Ledger,
        *,
        per_second: float,
        chance: random.Random,
    ) -> None:
        self.sent: list[Sent] = []
        self.refusals: list[str] = []  # for good: there should be none
        self.unanswered = 0  # attempts that had no answer, or were told to come back
        self._stack = stack
        self._threads = threads
        self._ledger = ledger
        self._per_second = per_second
        self._chance = chance
        self._texts = texts()
        self._own: deque[_Own] = deque(maxlen=KEPT)
        self._due: deque[tuple[float, str]] = deque()
        self._changed = threading.Condition()
        self._is_over = False
        self._clock = threading.Thread(target=self._keep_time, name="authors' clock", daemon=True)
        self._hands = [threading.Thread(target=self._write, name="author", daemon=True) for _ in range(HANDS)]
        for thread in (self._clock, *self._hands):
            thread.start()

    def finish(self, *, seconds: float) -> bool:
        """Begins nothing new, and waits until everything begun is answered; False where that takes longer."""
        with self._changed:
            self._is_over = True
            self._due.clear()
            self._changed.notify_all()
        give_up_at = time.monotonic() + seconds
        for thread in (self._clock, *self._hands):
            thread.join(max(0.0, give_up_at - time.monotonic()))
        return not any(thread.is_alive() for thread in self._hands)

    def _keep_time(self) -> None:
        rate = self._per_second * (1 + sum(CHANGES.values()))
        kinds, weights = ("post", *CHANGES), (1.0, *CHANGES.values())
        due = time.monotonic()
        while not self._is_over:
            due += self._chance.expovariate(rate)
            time.sleep(max(0.0, due - time.monotonic()))
            with self._changed:
                self._due.append((due, self._chance.choices(kinds, weights)[0]))
                self._changed.notify()

    def _write(self) -> None:
        api = _Api(self._stack)
        works: dict[str, Callable[[_Api, float], None]] = {
            "post": self._post,
            "edit": self._edit,
            "delete": self._delete,
            "vote": self._vote,
        }
        while (work := self._next()) is not None:
            due, kind = work
            try:
                works[kind](api, due)
            except NotTaken as refusal:
                self.refusals.append(f"{kind}: {refusal}")
        api.close()

    def _next(self) -> tuple[float, str] | None:
        with self._changed:
            while not self._due and not self._is_over:
                self._changed.wait()
            return self._due.popleft() if self._due else None

    def _post(self, api: "_Api", due: float) -> None:
        thread = self._chance.choice(self._threads)
        name, body = self._chance.choice(self._texts)
        content: dict[str, Any] = {"body": body, "name": name, "page": thread.page}
        parent = self._pick(thread) if self._chance.random() < REPLIES else None
        if parent is None:
            self._post_content(api, due, thread, content)
            return
        with parent.lock:  # nobody deletes it meanwhile
            if not parent.is_deleted:
                content["parent"] = parent.id
            self._post_content(api, due, thread, content)

    def _post_content(self, api: "_Api", due: float, thread: Thread, content: dict[str, Any]) -> None:
        request = _Request("POST", f"threads/{thread.key}/posts/", content, key=str(uuid.uuid4()))
        answer, tries = self._until_answered(api, request)
        now = time.monotonic()
        self._ledger.posted(thread.key, answer.content, now)
        self.sent.append(Sent(due, now - due, tries))
        self._own.append(_Own(answer.content["id"], thread, answer.token))

    def _edit(self, api: "_Api", due: float) -> None:
        with self._picked() as own:
            if own is None:
                return
            body = f"{self._chance.choice(self._texts)[1]} (edited {uuid.uuid4().hex[:8]})"
            request = _Request("PATCH", f"posts/{own.id}/", {"body": body}, token=own.token)
            answer, _ = self._until_answered(api, request)
            self._ledger.edited(own.thread.key, answer.content, time.monotonic())

    def _delete(self, api: "_Api", due: float) -> None:
        with self._picked() as own:
            if own is None:
                return
            own.is_deleted = True
            # 409: an attempt whose answer was lost had deleted it.
            self._until_answered(api, _Request("DELETE", f"posts/{own.id}/", token=own.token), also=(409,))
            self._ledger.deleted(own.thread.key, own.id)

    def _vote(self, api: "_Api", due: float) -> None:
        with self._picked() as own:
            if own is not None:
                value = self._chance.choice((1, -1))
                self._until_answered(api, _Request("PUT", f"posts/{own.id}/vote/", {"value": value}))

    @contextlib.contextmanager
    def _picked(self) -> Iterator[_Own | None]:
        """A post that is there, held for one change; None where none is at hand."""
        own = self._pick()
        with own.lock if own is not None else contextlib.nullcontext():
            yield None if own is None or own.is_deleted else own

    def _pick(self, thread: Thread | None = None) -> _Own | None:
        own = [post for post in list(self._own) if thread is None or post.thread is thread]
        return self._chance.choice(own) if own else None

    def _until_answered(
        self, api: "_Api", request: "_Request", *, also: Sequence[int] = ()
    ) -> tuple["_Answer", int]:
        """The answer, which a status of `also` is too, and how many attempts had none. Raises NotTaken."""
        tries = 0
        while True:
            answer = api.call(request)
            if answer is not None and (answer.status < 300 or answer.status in also):
                return answer, tries
            if answer is not None and answer.status not in {502, 503, 504}:
                raise NotTaken(f"{request.method} {request.path}: {answer.status} {answer.content}")
            tries += 1
            self.unanswered += 1
            time.sleep(random.uniform(*PAUSE_SECONDS))  # noqa: S311  no secret


class _Request(NamedTuple):
    method: str
    path: str  # below /api/v1/
    body: object = None
    key: str = ""  # Idempotency-Key
    token: str = ""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    content: Any
    token: str


class _Api:
    """One author's connection to the front."""

    def __init__(self, stack: Stack) -> None:
        self._connection = http.client.HTTPConnection(*stack.address, timeout=ANSWER_SECONDS)

    def call(self, request: _Request) -> _Answer | None:
        """None where no answer came."""
        headers = {"X-Kibitz": "1", "Content-Type": "application/json"}
        if request.key:
            headers["Idempotency-Key"] = request.key
        if request.token:
            headers["Authorization"] = f"Bearer {request.token}"
        text = None if request.body is None else json.dumps(request.body)
        try:
            self._connection.request(request.method, f"/api/v1/{request.path}", text, headers)
            answer = self._connection.getresponse()
            raw = answer.read()
            content = json.loads(raw) if raw else None
        except (OSError, http.client.HTTPException, ValueError):
            self._connection.close()
            return None
        return _Answer(answer.status, content, answer.headers.get("X-Kibitz-Token", ""))

    def close(self) -> None:
        self._connection.close()
