"""One persistent SMTP connection: sends one mail after another and says what the server answered."""

import contextlib
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from aiosmtplib import SMTP, SMTPException

from services.notifier.address import MailboxAddress
from services.notifier.classify_reply import Concern, Step, concern_of
from services.notifier.domain import ReplyClass
from services.notifier.settings import Settings
from services.notifier.smtp_talk import Answer, ConnectionGone, SmtpTalk

CONNECT_SECONDS = 10.0
START_INPUT, SERVICE_CLOSING = 354, 421
STEPS: tuple[Step, ...] = ("mail", "rcpt", "data")
EXPECTED = (2, 2, 3)
"""The first digits that MAIL, RCPT and DATA are answered with when all is well."""
ENHANCED = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}(?= |$)")


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where the mail server is, how to log in, and how long (seconds) one of its answers may take."""

    host: str
    port: int
    tls: Literal["none", "starttls", "tls"] = "none"
    username: str | None = None
    password: str | None = None
    timeout: float = 30.0
    tls_context: ssl.SSLContext | None = None


def mail_server(settings: Settings) -> MailServer:
    """Read where the mail server is out of the settings."""
    return MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        tls=settings.smtp_tls,
        username=settings.smtp_username,
        password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
        timeout=settings.smtp_timeout,
    )


class Reply(NamedTuple):
    """What became of a mail: the class of the answer, and its codes (`550 5.1.1`) without the words, which may repeat the address."""

    kind: ReplyClass
    codes: str


class ServerAway(Exception):
    """The server takes no mail from us at all: it cannot be reached, refuses the login, or closes before it took a sender."""


class MailConnection:
    """A connection that is opened when it is needed and kept; used by one task at a time."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._talk: SmtpTalk | None = None
        self._pipelining = self._utf8 = False

    async def send(self, to: MailboxAddress, message: bytes, return_path: str) -> Reply:
        """Send ready bytes (CRLF line ends) to one address; `return_path` is the envelope's sender, where bounces go.

        Raises `ServerAway`, and then nothing was sent. A connection that went down while it was idle is opened anew.
        """
        was_open = self._talk is not None and self._talk.is_open
        try:
            return await self._send(to, message, return_path)
        except ServerAway:
            if not was_open:
                raise
            return await self._send(to, message, return_path)

    async def check(self, return_path: str) -> None:
        """Connect and begin a mail, as a probe; raises `ServerAway`."""
        self._drop()
        talk = await self._connect()
        answers: list[Answer] = []
        try:
            await talk.ask(b"MAIL FROM:<" + return_path.encode() + b">\r\n", 1, answers)
        except ConnectionGone as error:
            self._drop()
            raise ServerAway(str(error)) from error
        if _refused_by_server(answers):
            self._drop()
            raise ServerAway(_codes(answers[0]))
        await self._reset(talk)

    async def close(self) -> None:
        """Take leave of the server."""
        if self._talk and self._talk.is_open:
            with contextlib.suppress(ConnectionGone):
                await self._talk.ask(b"QUIT\r\n", 1, [])
        self._drop()

    async def _send(self, to: MailboxAddress, message: bytes, return_path: str) -> Reply:
        talk = self._talk if self._talk and self._talk.is_open else await self._connect()
        if to.needs_utf8 and not self._utf8:
            return Reply("bad-address", "no SMTPUTF8")
        begun: list[Answer] = []
        try:
            await self._begin(talk, to, return_path, begun)
        except ConnectionGone as error:
            self._drop()
            if not begun or _refused_by_server(begun):
                raise ServerAway(str(error)) from error
            return _refusal(begun) or Reply("connection", str(error))
        if _refused_by_server(begun):
            self._drop()
            raise ServerAway(_codes(begun[0]))
        if refused := _refusal(begun):
            # A server that waits for a message that nobody is to get has that ended by an empty one.
            await self._recover(talk, refused, b".\r\n" if begun[-1].code == START_INPUT else b"")
            return refused
        return await self._hand_over(talk, message)

    async def _begin(self, talk: SmtpTalk, to: MailboxAddress, return_path: str, answers: list[Answer]) -> None:
        sender = b"MAIL FROM:<" + return_path.encode() + (b"> SMTPUTF8\r\n" if to.needs_utf8 else b">\r\n")
        recipient = b"RCPT TO:<" + to.address.encode() + b">\r\n"
        if self._pipelining:
            await talk.ask(sender + recipient + b"DATA\r\n", len(EXPECTED), answers)
            return
        for command, expected in zip((sender, recipient, b"DATA\r\n"), EXPECTED, strict=True):
            await talk.ask(command, 1, answers)
            if answers[-1].code // 100 != expected:
                return

    async def _hand_over(self, talk: SmtpTalk, message: bytes) -> Reply:
        answers: list[Answer] = []
        try:
            await talk.ask(message.replace(b"\r\n.", b"\r\n..") + b".\r\n", 1, answers)
        except ConnectionGone as error:
            # The server may have taken the mail: it is sent again with the same Message-ID.
            self._drop()
            return Reply("connection", str(error))
        reply = Reply(_kind("end", answers[0]), _codes(answers[0]))
        if reply.kind == "connection" or answers[0].code == SERVICE_CLOSING:
            self._drop()
        return reply

    async def _recover(self, talk: SmtpTalk, refused: Reply, ending: bytes) -> None:
        """Make the connection ready for the next mail, where that can be done."""
        if refused.kind == "connection" or refused.codes.startswith(str(SERVICE_CLOSING)):
            self._drop()
        else:
            await self._reset(talk, ending)

    async def _reset(self, talk: SmtpTalk, ending: bytes = b"") -> None:
        try:
            if ending:
                await talk.ask(ending, 1, [])
            await talk.ask(b"RSET\r\n", 1, [])
        except ConnectionGone:
            self._drop()

    async def _connect(self) -> SmtpTalk:
        """Let aiosmtplib greet, encrypt and log in, and take the connection over from it."""
        self._drop()
        server = self._server
        smtp = SMTP(
            hostname=server.host,
            port=server.port,
            timeout=server.timeout,
            use_tls=server.tls == "tls",
            start_tls=server.tls == "starttls",
            tls_context=server.tls_context,
            username=server.username,
            password=server.password,
        )
        try:
            await smtp.connect(timeout=min(CONNECT_SECONDS, server.timeout))
            if smtp.is_ehlo_or_helo_needed:
                await smtp.ehlo()
        except (SMTPException, OSError, ValueError) as error:
            smtp.close()
            raise ServerAway(type(error).__name__) from error
        if smtp.transport is None:
            raise ServerAway("closed after the greeting")
        self._pipelining, self._utf8 = smtp.supports_extension("pipelining"), smtp.supports_extension("smtputf8")
        self._talk = SmtpTalk(smtp.transport, server.timeout)
        return self._talk

    def _drop(self) -> None:
        if self._talk:
            self._talk.close()
            self._talk = None


def _kind(step: Step, answer: Answer) -> ReplyClass:
    classes: dict[int, ReplyClass] = {2: "2xx", 4: "4xx", 5: "5xx"}
    kind = classes.get(answer.code // 100, "connection")
    return "connection" if kind == "5xx" and _concern(step, answer) in {"server", "rate"} else kind


def _concern(step: Step, answer: Answer) -> Concern:
    return concern_of(step, answer.code, _enhanced(answer), answer.text.decode("latin-1"))


def _refused_by_server(answers: Sequence[Answer]) -> bool:
    """Say whether the server takes no sender at all."""
    return answers[0].code // 100 != EXPECTED[0] and _concern("mail", answers[0]) in {"server", "rate"}


def _refusal(answers: Sequence[Answer]) -> Reply | None:
    """Give the first answer to MAIL, RCPT or DATA that is not as it should be."""
    for step, answer, expected in zip(STEPS, answers, EXPECTED, strict=False):
        if answer.code // 100 != expected:
            kind = _kind(step, answer)
            return Reply("connection" if kind == "2xx" else kind, _codes(answer))
    return None


def _enhanced(answer: Answer) -> str:
    enhanced = ENHANCED.match(answer.text)
    return enhanced.group().decode() if enhanced else ""


def _codes(answer: Answer) -> str:
    return f"{answer.code} {_enhanced(answer)}".rstrip()
