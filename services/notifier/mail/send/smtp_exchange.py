"""Commands and replies on one SMTP connection, pipelined if the server offers that (RFC 2920)."""

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, cast

from services.notifier.mail.smtp_limits import TimedStep

MAX_REPLY_LENGTH = 64 * 1024
BLOCK = 64 * 1024
LINE = re.compile(rb"(\d{3})(?:([ -])(.*))?", re.DOTALL)
BEGUN = re.compile(rb"\d{3} ")


class Answer(NamedTuple):
    """A reply: the code and text of its last line, and the texts of the lines before."""

    code: int
    text: bytes
    before: Sequence[bytes] = ()


UNREADABLE = Answer(-1, b"")


class ConnectionGone(ConnectionError):
    """The server ended the connection, gave no reply in time, or one that cannot be read."""


class SmtpTalk(asyncio.Protocol):
    """The client's side of a connection, used by one task at a time.

    Each step may take its `limits` (seconds).
    """

    def __init__(self, limits: Mapping[TimedStep, float]) -> None:
        self._limits = limits
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._before: list[tuple[int, bytes]] = []
        self._answers: deque[Answer] = deque()
        self._size = 0
        self._doubtful = self._gone = self._paused = False
        self._happened: asyncio.Future[None] | None = None

    @property
    def transport(self) -> asyncio.Transport:
        """Return the transport below; a protocol that was never connected has none."""
        if self._transport is None:
            raise ConnectionGone("not connected")
        return self._transport

    @property
    def is_open(self) -> bool:
        """True if the server is there, silent as between two commands, and was never in an unknown state."""
        unread = self._answers or self._before or self._rest
        closed = self._gone or self._transport is None or self._transport.is_closing()
        return not (closed or unread or self._doubtful)

    async def ask(self, commands: bytes, steps: Sequence[TimedStep], answers: list[Answer]) -> None:
        """Send ready commands and append the reply to each step to `answers`.

        Raises `ConnectionGone`; the replies that came before it are there then.
        """
        if not self.is_open:
            raise ConnectionGone("closed, or its state is unknown")
        self.transport.write(commands)
        for step in steps:
            answers.append(await self.answer(step))  # noqa: PERF401  what came before a failure is kept

    async def hand_over(self, message: bytes) -> Answer:
        """Send a message with its final dot, block by block, and give the reply."""
        if not self.is_open:
            raise ConnectionGone("an unexpected reply before the message")
        for start in range(0, len(message), BLOCK):
            self.transport.write(message[start : start + BLOCK])
            try:
                await self._until(lambda: not self._paused or self._gone, "block")
            except TimeoutError as error:
                raise ConnectionGone("the message was not read in time") from error
        return await self.answer("end")

    async def answer(self, step: TimedStep) -> Answer:
        """Wait for the next reply."""
        why = "hung up"
        try:
            await self._until(lambda: bool(self._answers) or self._gone, step)
            # After the final dot only one reply is to come, so that what cannot be read can be passed over.
            while step == "end" and self._answers and self._answers[0] is UNREADABLE:
                self._answers.popleft()
                await self._until(lambda: bool(self._answers) or self._gone, step)
        except TimeoutError:
            why = "no reply in time"
        if self._answers:
            self._size = 0
            if (answer := self._answers.popleft()) is UNREADABLE:
                raise ConnectionGone("malformed reply")
            return answer
        self._doubtful = True
        if BEGUN.match(self._rest):
            # The last line has its code, and only its end is missing.
            return Answer(int(self._rest[:3]), self._rest[4:].rstrip())
        raise ConnectionGone(why)

    async def start_tls(
        self, upgrade: Callable[[asyncio.Transport], Awaitable[asyncio.Transport | None]]
    ) -> None:
        """Encrypt the connection; what was received before it was not encrypted (RFC 3207 4.2)."""
        if not self.is_open:
            raise ConnectionGone("an unexpected reply before TLS")
        self._transport = await upgrade(self.transport)

    def close(self) -> None:
        """End the connection without a word."""
        if self._transport:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take replies apart; of a reply of several lines the last one counts (RFC 5321 4.2.1)."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line.rstrip(b"\r"))
        self._size += len(data)
        self._doubtful = self._doubtful or b"\x00" in data
        if self._size > MAX_REPLY_LENGTH:
            self._gone = True
            self.close()
        self._wake()

    def _line(self, line: bytes) -> None:
        if match := LINE.fullmatch(line):
            code, mark, text = int(match[1]), match[2], match[3] or b""
            if mark == b"-":
                self._before.append((code, text))
                return
            self._doubtful = self._doubtful or any(other != code for other, _ in self._before)
            self._answers.append(Answer(code, text.rstrip(), [before for _, before in self._before]))
            self._before = []
            return
        self._doubtful = True
        # An empty line is no reply. Behind any other it is unknown which reply is whose.
        if line.strip():
            self._answers.append(UNREADABLE)

    def pause_writing(self) -> None:
        """Remember that the server does not read."""
        self._paused = True

    def resume_writing(self) -> None:
        """Let the next block go."""
        self._paused = False
        self._wake()

    def connection_lost(self, _: Exception | None) -> None:
        """Let nobody wait for a reply that cannot come."""
        self._gone = True
        self._wake()

    async def _until(self, happened: Callable[[], bool], step: TimedStep) -> None:
        if happened():
            return
        async with asyncio.timeout(self._limits[step]):
            while not happened():
                self._happened = asyncio.get_running_loop().create_future()
                await self._happened

    def _wake(self) -> None:
        if self._happened and not self._happened.done():
            self._happened.set_result(None)
