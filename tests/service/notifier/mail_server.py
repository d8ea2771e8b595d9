"""A mail server that does what a test tells it to."""

import asyncio
import socket
from collections import defaultdict, deque
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """One mail that the server took in, whether or not it said so."""

    recipient: str
    raw: bytes
    sender: str = ""

    @property
    def mail(self) -> EmailMessage:
        """Return the mail as the standard library reads it."""
        return message_from_bytes(self.raw, _class=EmailMessage, policy=policy.default)


@dataclass
class MailServer:
    """Takes mail at 127.0.0.1:`port` while it is open.

    `rcpt[address]` and `data[address]` hold the next answers to that recipient: a reply, `hang up`, or `hang`
    (no answer until it closes); without one the mail is taken. `sender_replies` are the next answers to MAIL.
    """

    port: int
    utf8: bool = True
    pipelining: bool = True
    got: list[ReceivedMail] = field(default_factory=list)
    rcpt: dict[str, deque[str]] = field(default_factory=lambda: defaultdict(deque))
    data: dict[str, deque[str]] = field(default_factory=lambda: defaultdict(deque))
    sender_replies: deque[str] = field(default_factory=deque)
    connections: int = 0
    open_now: set["ServerConnection"] = field(default_factory=set)
    _server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.get_running_loop().create_server(self._speaker, "127.0.0.1", self.port)

    async def close(self) -> None:
        """Hang up on everybody and listen no more."""
        if self._server:
            self._server.close()
            self._server = None
        self.hang_up()

    def hang_up(self) -> None:
        """End every connection without a word."""
        for speaker in list(self.open_now):
            speaker.hang_up()

    def addressed(self, recipient: str) -> list[ReceivedMail]:
        """Return the mails to one recipient."""
        return [got for got in self.got if got.recipient == recipient]

    def _speaker(self) -> "ServerConnection":
        self.connections += 1
        return ServerConnection(self)

    async def handle_EHLO(  # noqa: N802  aiosmtpd's name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Say what the server can do."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", *responses[-1:]] if self.pipelining else responses

    async def handle_MAIL(  # noqa: N802  aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer to MAIL."""
        if self.sender_replies:
            return self.sender_replies.popleft()
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Ok"

    async def handle_RCPT(  # noqa: N802  as above
        self,
        server: "ServerConnection",
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Answer to RCPT."""
        if answer := await self._answer(server, self.rcpt[address]):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: "ServerConnection", _session: Session, envelope: Envelope) -> str:  # noqa: N802  as above
        """Answer to the end of the message."""
        (recipient,) = envelope.rcpt_tos
        assert isinstance(envelope.original_content, bytes)
        self.got.append(ReceivedMail(recipient, envelope.original_content, envelope.mail_from or ""))
        return await self._answer(server, self.data[recipient]) or "250 2.0.0 Ok: queued"

    async def _answer(self, server: "ServerConnection", answers: deque[str]) -> str | None:
        if not answers:
            return None
        answer = answers.popleft()
        if answer == "hang":
            await server.gone.wait()
        if answer in {"hang", "hang up"}:
            server.hang_up()
            return "421 never seen"
        return answer


class ServerConnection(SMTP):
    """One connection."""

    def __init__(self, server: MailServer) -> None:
        super().__init__(
            server,
            enable_SMTPUTF8=server.utf8,
            loop=asyncio.get_running_loop(),
            hostname="mail.test",
            ident="ready",
        )
        self.mail_server = server
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Enter it into the list."""
        super().connection_made(transport)
        self.mail_server.open_now.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        """Take it off the list."""
        self.gone.set()
        self.mail_server.open_now.discard(self)
        super().connection_lost(error)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  aiosmtpd's name
        """Hang up in mid-message where the recipient's address says so."""
        if (
            self.envelope
            and "hang-up-in-data" in str(self.envelope.rcpt_tos)
            and self.mail_server.rcpt["in-data"]
        ):
            self.mail_server.rcpt["in-data"].popleft()
            await self.push("354 go on")
            self.hang_up()
            return
        await super().smtp_DATA(arg)

    def hang_up(self) -> None:
        """End the connection without a word."""
        transport: Any = self.transport
        if transport:
            transport.abort()


def free_port() -> int:
    """Ask the system for a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
