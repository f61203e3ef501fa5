"""A real mail server on the loopback, which takes mail, refuses it, hangs, or is away."""

import asyncio
import email
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from typing import Any, Final, cast

from aiosmtpd.smtp import SMTP, Envelope

logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd's own, with every line that was said

OK: Final = "250 OK"
Refusal = Callable[[str], str]  # what is answered to a recipient


@dataclass(frozen=True, slots=True)
class Arrived:
    sender: str
    recipients: list[str]
    message: EmailMessage

    def part(self, subtype: str) -> str:
        """The text of text/plain or text/html."""
        [found] = [part for part in self.message.walk() if part.get_content_type() == f"text/{subtype}"]
        return str(found.get_content())


@dataclass
class MailServer:
    """`answer` and `to_data` may be changed at any time; `arrived` is what came."""

    port: int = 0
    answer: Refusal = lambda recipient: OK
    to_data: str = OK
    hangs: bool = False  # when it hears of a recipient
    hangs_up_after: int = 0  # so many mails over one connection; 0: never
    arrived: list[Arrived] = field(default_factory=list)
    connections: int = 0
    tried: list[str] = field(default_factory=list)  # recipients, as often as they were named
    tls: ssl.SSLContext | None = None  # for STARTTLS, which then is a must
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _listening: Any = None

    # What aiosmtpd asks its handler.

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.tried.append(address)
        if self.hangs:
            await asyncio.sleep(3_600)  # ends with the server
        said = self.answer(address)
        if said == OK:
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:  # noqa: N802
        if self.to_data != OK:
            return self.to_data
        message = email.message_from_bytes(cast(bytes, envelope.content), policy=default)
        self.arrived.append(Arrived(envelope.mail_from or "", list(envelope.rcpt_tos), message))
        session.mails = getattr(session, "mails", 0) + 1
        if session.mails == self.hangs_up_after:
            assert server.transport is not None
            server.transport.close()
        return OK

    def _protocol(self) -> SMTP:
        self.connections += 1
        return SMTP(
            self,
            hostname="mail.test",
            loop=self._loop,
            tls_context=self.tls,
            require_starttls=self.tls is not None,
        )

    # Up and down.

    def start(self) -> None:
        """On the port that it had before, if it had one."""
        listening = socket.create_server(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        self._listening = self._do(self._loop.create_server(self._protocol, sock=listening))

    def stop(self) -> None:
        async def close() -> None:
            self._listening.close()
            await asyncio.sleep(0)

        self._do(close())

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _end(self) -> None:
        async def cancel_all() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self.stop()
        self._do(cancel_all())


@contextmanager
def mail_server(tls: ssl.SSLContext | None = None) -> Iterator[MailServer]:
    server = MailServer(tls=tls)
    thread = threading.Thread(target=server._loop.run_forever, daemon=True)
    thread.start()
    try:
        server.start()
        yield server
    finally:
        server._end()
        server._loop.call_soon_threadsafe(server._loop.stop)
        thread.join(10)
        server._loop.close()


@contextmanager
def silent_server() -> Iterator[int]:
    """The port of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield int(listening.getsockname()[1])
