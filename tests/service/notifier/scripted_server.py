"""A mail server that speaks as a script says.

Each reply can be replaced by any bytes, silence, or the end of the connection.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Self, TypeAlias

Say: TypeAlias = Callable[[asyncio.StreamWriter, bytes], Awaitable[None]]
"""Writes what stands for the usual reply."""

USUAL = {
    "greeting": b"220 mail.test ready\r\n",
    "ehlo": b"250-mail.test\r\n250-PIPELINING\r\n250-SMTPUTF8\r\n250 AUTH PLAIN\r\n",
    "helo": b"250 mail.test\r\n",
    "starttls": b"454 4.7.0 not now\r\n",
    "auth": b"235 2.7.0 welcome\r\n",
    "mail": b"250 2.1.0 ok\r\n",
    "rcpt": b"250 2.1.5 ok\r\n",
    "data": b"354 go on\r\n",
    "end": b"250 2.0.0 queued\r\n",
    "rset": b"250 2.0.0 ok\r\n",
    "quit": b"221 2.0.0 bye\r\n",
}
NO_PIPELINING = USUAL["ehlo"].replace(b"250-PIPELINING\r\n", b"")


@dataclass(frozen=True, slots=True)
class Odd:
    """What is sent instead of the usual reply, and whether it leaves the server's state unknown."""

    say: Say
    doubtful: bool = False


@dataclass
class ScriptedServer:
    """`odd(step, connection)` says what is said instead of the usual reply, or nothing.

    `connection` counts from 1.

    `taken` counts the messages that came whole, by recipient; `heard` those of them whose usual 250 was said.
    `faults` tells of commands on a connection of which nobody could know where it stood.
    """

    odd: Callable[[str, int], Odd | None] = lambda _step, _connection: None
    usual: dict[str, bytes] = field(default_factory=lambda: dict(USUAL))
    port: int = 0
    taken: Counter[bytes] = field(default_factory=Counter)
    heard: Counter[bytes] = field(default_factory=Counter)
    commands: list[bytes] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    connections: int = 0
    open_now: int = 0
    most_open: int = 0
    _server: asyncio.Server | None = None
    _tasks: set["asyncio.Task[None] | None"] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=2**20)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server:
            self._server.close()
        for task in list(self._tasks):
            if task:
                task.cancel()
        await asyncio.gather(*filter(None, self._tasks), return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        self.connections += 1
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            await _Speaker(self, self.connections, reader, writer).speak()
        except (
            ConnectionError,
            asyncio.IncompleteReadError,
            asyncio.CancelledError,
            asyncio.LimitOverrunError,
        ):
            pass
        finally:
            self.open_now -= 1
            writer.transport.abort()
            self._tasks.discard(task)


class _Speaker:
    """One connection."""

    def __init__(
        self, server: ScriptedServer, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server = server
        self._number = number
        self._reader = reader
        self._writer = writer
        self._doubtful = False
        self._recipient: bytes | None = None

    async def speak(self) -> None:
        said = await self._say("greeting")
        while line := await self._reader.readline():
            self._server.commands.append(line)
            step = line[:4].strip().lower().decode("latin-1")
            step = "starttls" if step == "star" else step
            if step == "mail" and self._doubtful:
                self._server.faults.append(
                    f"a mail began on connection {self._number}, whose state nobody could know"
                )
            if step == "data" and self._recipient is None:
                self._writer.write(b"503 5.5.1 no valid recipients\r\n")
                continue
            said = await self._say(step)
            if step in {"mail", "rset"}:
                self._recipient = None
            elif step == "rcpt" and said[:1] == b"2":
                self._recipient = line.partition(b"<")[2].partition(b">")[0]
            elif step == "data" and said[:3] == b"354":
                await self._message()
            elif step == "quit":
                return

    async def _message(self) -> None:
        text = b""
        while not text.endswith(b"\r\n.\r\n") and text != b".\r\n":
            text += await self._reader.readuntil(b"\r\n")
        recipient = self._recipient or b""
        self._server.taken[recipient] += 1
        said = await self._say("end")
        self._server.heard[recipient] += said == self._server.usual["end"]

    async def _say(self, step: str) -> bytes:
        """Say what there is to say; return the usual reply, or nothing where something else was said."""
        usual = self._server.usual.get(step, b"500 5.5.2 what?\r\n")
        odd = self._server.odd(step, self._number)
        if odd is None:
            self._writer.write(usual)
            await self._writer.drain()
            return usual
        self._doubtful = self._doubtful or odd.doubtful
        await odd.say(self._writer, usual)
        await self._writer.drain()
        return b""


def reply(text: bytes, *, doubtful: bool = False) -> Odd:
    """Say these bytes instead."""

    async def say(writer: asyncio.StreamWriter, _usual: bytes) -> None:
        writer.write(text)
        await writer.drain()

    return Odd(say, doubtful)
