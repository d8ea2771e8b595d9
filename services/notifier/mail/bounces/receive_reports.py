"""Takes in reports over SMTP or LMTP.

Only for return paths of ours, and a report is answered with 250 only once it is committed.

Small on purpose, for anybody may connect: one recipient a mail, no relaying, and a limit on everything that a
peer could make endless.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Literal

from shared.process.logs import get_log

log = get_log(__name__)

MAX_CONNECTIONS, MAX_MISTAKES = 50, 20
MAX_BYTES, MAX_DISCARDED, MAX_LINE_LENGTH, MAX_COMMAND_LENGTH = 4 << 20, 32 << 20, 64 << 10, 2_048
COMMAND_SECONDS, SESSION_SECONDS = 300.0, 1_800.0
YOUNG_SECONDS = 30.0
"""While all connections are taken, one that is older gives way to a new one.

Nobody who only holds them keeps reports out.
"""
PATH = re.compile(r"(?i)(?:from|to):\s?<([^<>\s]{0,512})>((?: \S+)*)")
FEATURES = ("PIPELINING", f"SIZE {MAX_BYTES}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")
GREETINGS = {"smtp": ("HELO", "EHLO"), "lmtp": ("LHLO",)}

TakeIn = Callable[[bytes, str], Awaitable[object]]


class TooMuch(Exception):
    """The peer sends more than any report needs."""


class Conversation:
    """One connection.

    `takes(address)` is true if reports come there; `take_in(mail, address)` returns after its commit.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        protocol: str,
        takes: Callable[[str], bool],
        take_in: TakeIn,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._greetings = GREETINGS[protocol]
        self._takes = takes
        self._take_in = take_in
        self._greeted = False
        self._sender: str | None = None
        self._recipient: str | None = None
        self._mistakes = 0

    async def run(self) -> None:
        """Talk until the peer leaves, or has made too many mistakes."""
        await self._say("220 reports ready")
        while self._mistakes < MAX_MISTAKES:
            line = await self._line()
            if line is None:
                await self._refuse("500 5.5.2 line too long")
                continue
            verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            if verb.upper() == "QUIT":
                await self._say("221 2.0.0 bye")
                return
            await self._answer(verb.upper(), rest)
        await self._say("421 4.7.0 too many mistakes")

    async def _answer(self, verb: str, rest: str) -> None:
        if verb in self._greetings:
            self._greeted, self._sender, self._recipient = True, None, None
            features = () if verb == "HELO" else FEATURES
            lines = ("reports", *features)
            await self._say("\r\n".join(f"250{' ' if line is lines[-1] else '-'}{line}" for line in lines))
        elif verb in {"RSET", "NOOP"}:
            if verb == "RSET":
                self._sender = self._recipient = None
            await self._say("250 2.0.0 ok")
        elif not self._greeted:
            await self._refuse(f"503 5.5.1 {self._greetings[-1]} first")
        elif verb == "MAIL":
            await self._begin(rest)
        elif verb == "RCPT":
            await self._address(rest)
        elif verb == "DATA":
            await self._receive()
        else:
            await self._refuse("502 5.5.1 not here")

    async def _begin(self, rest: str) -> None:
        path = PATH.fullmatch(rest)
        size = re.search(r"(?i) SIZE=(\d{1,20})(?: |$)", path[2]) if path else None
        if path is None:
            await self._refuse("501 5.5.4 MAIL FROM:<address>")
        elif self._sender is not None:
            await self._refuse("503 5.5.1 one mail at a time")
        elif size and int(size[1]) > MAX_BYTES:
            await self._refuse("552 5.3.4 too large")
        else:
            self._sender = path[1]
            await self._say("250 2.1.0 ok")

    async def _address(self, rest: str) -> None:
        path = PATH.fullmatch(rest)
        if path is None or self._sender is None:
            await self._refuse(
                "501 5.5.4 RCPT TO:<address> after MAIL" if path is None else "503 5.5.1 MAIL first"
            )
        elif not self._takes(path[1]):
            await self._refuse("550 5.1.1 no such mailbox: only reports about our own mails are taken here")
        elif self._recipient is not None:
            await self._say("452 4.5.3 one recipient at a time")
        else:
            self._recipient = path[1]
            await self._say("250 2.1.5 ok")

    async def _receive(self) -> None:
        recipient, self._sender = self._recipient, None
        if recipient is None:
            await self._refuse("503 5.5.1 RCPT first")
            return
        self._recipient = None
        await self._say("354 go ahead")
        mail = await self._content()
        if mail is None:
            await self._refuse("552 5.3.4 too large")
            return
        try:
            await self._take_in(mail, recipient)
        except Exception as error:  # noqa: BLE001  after any error, the peer keeps the report and comes again
            log.warning("report_not_taken_in", error=type(error).__name__)
            await self._say("451 4.3.0 cannot keep it now, try again later")
        else:
            await self._say("250 2.0.0 taken in")

    async def _content(self) -> bytes | None:
        """Read up to the line with a dot; `None` where it was larger than is kept."""
        kept, size, at_start = bytearray(), 0, True
        while True:
            line, ended = await self._piece()
            if at_start and line == b".\r\n":
                return bytes(kept) if size <= MAX_BYTES else None
            size += len(line)
            if size > MAX_DISCARDED:
                raise TooMuch
            if size <= MAX_BYTES:
                kept += line[1:] if at_start and line.startswith(b".") else line
            at_start = ended

    async def _piece(self) -> tuple[bytes, bool]:
        """Read a line, or as much of one as fits.

        Only CR LF ends a line, so that nothing can be smuggled past a server before us.
        """
        async with asyncio.timeout(COMMAND_SECONDS):
            try:
                return await self._reader.readuntil(b"\r\n"), True
            except asyncio.LimitOverrunError as error:
                return await self._reader.readexactly(error.consumed), False

    async def _line(self) -> bytes | None:
        """Read a command; `None` for one that is too long."""
        line, ended = await self._piece()
        size = len(line)
        while not ended:
            rest, ended = await self._piece()
            size += len(rest)
            if size > MAX_DISCARDED:
                raise TooMuch
        return line if size <= MAX_COMMAND_LENGTH else None

    async def _refuse(self, answer: str) -> None:
        self._mistakes += 1
        await self._say(answer)

    async def _say(self, answer: str) -> None:
        self._writer.write(answer.encode() + b"\r\n")
        async with asyncio.timeout(COMMAND_SECONDS):
            await self._writer.drain()


@asynccontextmanager
async def receiving(
    host: str, port: int, protocol: Literal["smtp", "lmtp"], takes: Callable[[str], bool], take_in: TakeIn
) -> AsyncIterator[asyncio.Server]:
    """Listen for as long as the context lasts."""
    open_now: dict[asyncio.StreamWriter, float] = {}

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(open_now) >= MAX_CONNECTIONS and not _has_given_way(open_now):
            log.warning("too_many_connections", open=len(open_now))
            writer.write(b"421 4.7.0 too many connections\r\n")
            writer.close()
            return
        open_now[writer] = time.monotonic()
        try:
            async with asyncio.timeout(SESSION_SECONDS):
                await Conversation(reader, writer, protocol, takes, take_in).run()
        except (OSError, EOFError, TimeoutError, TooMuch) as error:
            log.info("conversation_ended", reason=type(error).__name__)
        finally:
            open_now.pop(writer, None)
            writer.close()

    server = await asyncio.start_server(converse, host, port, limit=MAX_LINE_LENGTH)
    try:
        yield server
    finally:
        server.close()
        for writer in list(open_now):
            with suppress(OSError):
                writer.transport.abort()


def _has_given_way(open_now: dict[asyncio.StreamWriter, float]) -> bool:
    """End the oldest conversation, unless that is young.

    Whoever was in the middle of a report brings it again.
    """
    oldest, begun = next(iter(open_now.items()))
    if time.monotonic() - begun < YOUNG_SECONDS:
        return False
    log.warning("oldest_conversation_gives_way", open=len(open_now))
    del open_now[oldest]
    oldest.transport.abort()
    return True
