"""A bare SMTP connection: ready bytes out, MAIL, RCPT and DATA at once as the product sends them, answers counted and not read."""

import asyncio
from typing import Self, cast

from proof.bench.floors.sample_mail import SENDER

HOST = "127.0.0.1"
BEGINNING = b"MAIL FROM:<" + SENDER.encode() + b">\r\nRCPT TO:<"
GOOD = b"23"


class Refused(Exception):
    """The sink said something other than yes."""


class SmtpConnection(asyncio.Protocol):
    """One persistent connection, for one task at a time: `await (await SmtpConnection.open(port)).send(recipient, message)`."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._wanted = 1
        self._answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(cls, port: int) -> Self:
        """Connect to a sink on this machine and greet it."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, HOST, port)
        await connection._answered  # noqa: SLF001  its own class
        await connection._ask(b"EHLO bench\r\n", 1)  # noqa: SLF001  as above
        return connection

    async def send(self, recipient: bytes, message: bytes) -> None:
        """Send one mail, made ready by `ended`; raises `Refused`."""
        await self._ask(BEGINNING + recipient + b">\r\nDATA\r\n", 3)
        await self._ask(message, 1)

    def close(self) -> None:
        """Hang up."""
        if self._transport:
            self._transport.abort()

    async def _ask(self, commands: bytes, answers: int) -> None:
        assert self._transport is not None  # noqa: S101  connected in open()
        self._wanted = answers
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(commands)
        await self._answered

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Count answers; of one of several lines the last counts."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line[:1] not in GOOD:
                self._end(Refused(line.decode(errors="replace").strip()))
            self._wanted -= line[3:4] != b"-"
        if self._wanted <= 0 and not self._answered.done():
            self._answered.set_result(None)

    def connection_lost(self, _: Exception | None) -> None:
        """Let nobody wait for an answer that cannot come."""
        self._end(Refused("hung up"))

    def _end(self, refused: Refused) -> None:
        if not self._answered.done():
            self._answered.set_exception(refused)


def ended(mail: bytes) -> bytes:
    """Make a mail ready to be sent after DATA: dots stuffed, the end put on."""
    return mail.replace(b"\r\n.", b"\r\n..") + b".\r\n"
