"""The SMTP server of the mail sink, in a process of its own; stores no mail.

Each line of its log is a recipient and when its mail was complete (`time.monotonic_ns()`, the same clock in
all processes of a machine).
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import uvloop

from deploy.ports import HOST

GREETING = b"220 bench-sink ESMTP\r\n"
EHLO = b"250-bench-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES\r\n"
OK, GO_ON, BYE, UNKNOWN = b"250 2.0.0 Ok\r\n", b"354 Go on\r\n", b"221 2.0.0 Bye\r\n", b"500 5.5.2 What?\r\n"
ANSWERS = {
    b"HELO": OK,
    b"EHLO": EHLO,
    b"MAIL": OK,
    b"RCPT": OK,
    b"DATA": GO_ON,
    b"RSET": OK,
    b"NOOP": OK,
    b"QUIT": BYE,
}
LINE, END = b"\r\n", b"\r\n.\r\n"


class SinkProtocol(asyncio.Protocol):
    """One connection; commands may arrive together (PIPELINING)."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._rest = b""
        self._recipients: list[bytes] = []
        self._in_data = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(GREETING)

    def data_received(self, data: bytes) -> None:
        """Parse commands and messages, and answer all of them at once."""
        self._rest += data
        answers: list[bytes] = []
        while (answer := self._take_message() if self._in_data else self._take_command()) is not None:
            answers.append(answer)
        if answers:
            self._transport.write(b"".join(answers))
            if answers[-1] is BYE:
                self._transport.close()

    def _take_command(self) -> bytes | None:
        line, found, rest = self._rest.partition(LINE)
        if not found:
            return None
        verb = line[:4].upper()
        if verb == b"RCPT":
            self._recipients.append(line[line.find(b"<") + 1 : line.find(b">")])
        elif verb == b"DATA":
            # An empty message is only its end mark, whose first line end belongs to the command before.
            self._in_data, rest = True, LINE + rest
        elif verb in {b"MAIL", b"RSET"}:
            self._recipients = []
        self._rest = rest
        return ANSWERS.get(verb, UNKNOWN)

    def _take_message(self) -> bytes | None:
        end = self._rest.find(END)
        if end < 0:
            return None
        self._rest = self._rest[end + len(END) :]
        self._in_data = False
        now = b" %d\n" % time.monotonic_ns()
        self._write(b"".join(recipient + now for recipient in self._recipients))
        self._recipients = []
        return OK


def serve(port: int, log: Path) -> None:
    """Listen until the process is ended."""
    uvloop.run(_serve(port, log))


async def _serve(port: int, log: Path) -> None:
    with log.open("ab", buffering=0) as lines:
        async with await asyncio.get_running_loop().create_server(
            lambda: SinkProtocol(lines.write), HOST, port
        ) as server:
            await server.serve_forever()
