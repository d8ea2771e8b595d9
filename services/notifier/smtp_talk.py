"""Commands and answers on an open SMTP connection; several commands may go out at once where the server offers PIPELINING (RFC 2920)."""

import asyncio
from typing import NamedTuple, cast

LONGEST_ANSWER = 64 * 1024
MALFORMED = -1


class Answer(NamedTuple):
    """The code and the last line of one answer."""

    code: int
    text: bytes


class ConnectionGone(ConnectionError):
    """The server ended the connection, or gave no answer in time."""


class SmtpTalk(asyncio.Protocol):
    """Takes a connection over once it is greeted, encrypted and logged in; used by one task at a time."""

    def __init__(self, transport: asyncio.BaseTransport, timeout: float) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._timeout = timeout
        self._rest = b""
        self._answers: list[Answer] = []
        self._wanted = 0
        self._came: asyncio.Future[None] | None = None
        self._gone = False
        self._transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        """Say whether the server is still there, and silent as it should be: an unasked answer is its leave-taking."""
        return not (self._gone or self._answers or self._transport.is_closing())

    async def ask(self, commands: bytes, count: int, answers: list[Answer]) -> None:
        """Send ready commands and append their `count` answers to `answers`; raises `ConnectionGone`, and then those that came are there."""
        if not self.is_open:
            raise ConnectionGone("closed while idle")
        self._wanted = count
        self._came = asyncio.get_running_loop().create_future()
        self._transport.write(commands)
        try:
            async with asyncio.timeout(self._timeout):
                await self._came
        except TimeoutError as error:
            raise ConnectionGone("no answer in time") from error
        finally:
            self._came = None
            answers += self._answers
            self._answers = []
        if len(answers) < count and self._gone:
            raise ConnectionGone("hung up")

    def close(self) -> None:
        """End the connection without a word."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take answers apart; of an answer of several lines the last one counts."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line[3:4] != b"-":
                self._answers.append(Answer(int(line[:3]) if line[:3].isdigit() else MALFORMED, line[4:].rstrip()))
        if len(self._rest) > LONGEST_ANSWER:
            self.close()
        if len(self._answers) >= self._wanted:
            self._wake()

    def connection_lost(self, _: Exception | None) -> None:
        """Let nobody wait for an answer that cannot come."""
        self._gone = True
        self._wake()

    def _wake(self) -> None:
        if self._came and not self._came.done():
            self._came.set_result(None)
