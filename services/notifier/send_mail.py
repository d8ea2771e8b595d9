"""One persistent SMTP connection: sends one mail after another and says what the server answered."""

import contextlib
import re
import ssl
from dataclasses import dataclass
from typing import Literal, NamedTuple

from aiosmtplib import SMTP, SMTPException, SMTPResponse, SMTPStatus

from services.notifier.address import MailboxAddress
from services.notifier.domain import ReplyClass

CONNECT_SECONDS = 10.0
QUIT_SECONDS = 2.0
START_INPUT, TEMPORARY, SERVICE_CLOSING = 354, 400, 421
ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?= |$)")


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


class Reply(NamedTuple):
    """What became of a mail: the class of the answer, and its codes (`550 5.1.1`) without the words, which may repeat the address."""

    kind: ReplyClass
    codes: str


class ServerAway(Exception):
    """The server takes no mail from us at all: it cannot be reached, refuses the login, or closes before a recipient was named."""


class MailConnection:
    """A connection that is opened when it is needed and kept; used by one task at a time."""

    def __init__(self, server: MailServer, sender: str) -> None:
        self._server = server
        self._sender = sender.encode()
        self._smtp: SMTP | None = None

    async def send(self, to: MailboxAddress, message: bytes) -> Reply:
        """Send ready bytes (CRLF line ends) to one address.

        Raises `ServerAway`, and then nothing was sent. A connection that went down while it was idle is opened anew without a word.
        """
        known = self._smtp if self._smtp and self._smtp.is_connected else None
        try:
            smtp = known or await self._connect()
            if to.needs_utf8 and not smtp.supports_extension("smtputf8"):
                return Reply("bad-address", "no SMTPUTF8")
            refused = await self._begin(smtp, to)
        except ServerAway:
            if not known:
                raise
            smtp = await self._connect()
            refused = await self._begin(smtp, to)
        return refused or await self._hand_over(smtp, to, message)

    async def check(self) -> None:
        """Connect and begin a mail, as a probe; raises `ServerAway`."""
        smtp = await self._connect()
        await self._begin(smtp, MailboxAddress("", needs_utf8=False))
        await self._reset(smtp)

    async def close(self) -> None:
        """Take leave of the server."""
        if self._smtp and self._smtp.is_connected:
            with contextlib.suppress(SMTPException, OSError):
                await self._smtp.quit(timeout=QUIT_SECONDS)
        self._drop()

    async def _connect(self) -> SMTP:
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
        self._smtp = smtp
        return smtp

    async def _begin(self, smtp: SMTP, to: MailboxAddress) -> Reply | None:
        """Name the sender; nothing is known of a recipient yet, so a lost connection says nothing about this mail."""
        options = (b"SMTPUTF8",) if to.needs_utf8 else ()
        try:
            answer = await smtp.execute_command(b"MAIL", b"FROM:<" + self._sender + b">", *options)
        except (SMTPException, OSError) as error:
            self._drop()
            raise ServerAway(type(error).__name__) from error
        if answer.code == SERVICE_CLOSING:
            self._drop()
            raise ServerAway("421")
        return await self._refused(smtp, answer)

    async def _hand_over(self, smtp: SMTP, to: MailboxAddress, message: bytes) -> Reply:
        try:
            answer = await smtp.execute_command(b"RCPT", b"TO:<" + to.address.encode() + b">")
            if refused := await self._refused(smtp, answer):
                return refused
            answer = await _data(smtp, message)
            return await self._refused(smtp, answer) or Reply("2xx", _codes(answer))
        except (SMTPException, OSError) as error:
            # A server that goes away here may have taken the mail: it is sent again with the same Message-ID.
            self._drop()
            return Reply("connection", type(error).__name__)

    async def _refused(self, smtp: SMTP, answer: SMTPResponse) -> Reply | None:
        kind = _kind(answer.code)
        if kind == "2xx":
            return None
        if kind == "connection" or answer.code == SERVICE_CLOSING:
            self._drop()
        else:
            await self._reset(smtp)
        return Reply(kind, _codes(answer))

    async def _reset(self, smtp: SMTP) -> None:
        try:
            await smtp.rset()
        except (SMTPException, OSError):
            self._drop()

    def _drop(self) -> None:
        if self._smtp:
            self._smtp.close()
            self._smtp = None


async def _data(smtp: SMTP, message: bytes) -> SMTPResponse:
    """Hand the message over; it is ready as it is, so aiosmtplib's own search for line ends and dots is left out."""
    answer = await smtp.execute_command(b"DATA")
    if answer.code != START_INPUT or smtp.protocol is None:
        return answer if answer.code >= TEMPORARY else SMTPResponse(SMTPStatus.invalid_response, "")
    smtp.protocol.write(message.replace(b"\r\n.", b"\r\n..") + b".\r\n")
    return await smtp.protocol.read_response(timeout=smtp.timeout)


def _kind(code: int) -> ReplyClass:
    classes: dict[int, ReplyClass] = {2: "2xx", 4: "4xx", 5: "5xx"}
    return classes.get(code // 100, "connection")


def _codes(answer: SMTPResponse) -> str:
    enhanced = ENHANCED.match(answer.message)
    return f"{answer.code} {enhanced.group()}" if enhanced else str(answer.code)
