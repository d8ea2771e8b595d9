"""A minimal HTTP/1.1 keep-alive connection that sends prepared bytes."""

import asyncio
import time
from typing import NamedTuple

from deploy.ports import HOST

NO_STATUS = 0


class Answer(NamedTuple):
    """The status (0: the connection broke), the body, and when its last byte came (`time.monotonic_ns()`)."""

    status: int
    body: bytes
    at: int


class Connection(asyncio.Protocol):
    """Used by one task at a time; reconnects if the server closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._answer: asyncio.Future[Answer] | None = None

    async def open(self) -> None:
        """Connect, unless it is open."""
        while self._transport is not None and self._transport.is_closing():  # noqa: ASYNC110  connection_lost() comes by itself
            await asyncio.sleep(0)
        if self._transport is None:
            self._transport, _ = await asyncio.get_running_loop().create_connection(
                lambda: self, HOST, self._port
            )

    async def exchange(self, request: bytes) -> Answer:
        """Send a request and return the response; once more if the server closed an idle connection."""
        was_open, self._received = self._transport is not None, b""
        try:
            await self.open()
        except OSError:
            return Answer(NO_STATUS, b"", time.monotonic_ns())
        assert self._transport is not None  # noqa: S101  opened above
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        answer = await self._answer
        return (
            await self.exchange(request)
            if answer.status == NO_STATUS and was_open and not self._received
            else answer
        )

    def data_received(self, data: bytes) -> None:
        """Collect a response until it is complete."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if found and is_whole(head, body):
            self._end(Answer(int(head[9:12]), body, time.monotonic_ns()))

    def connection_lost(self, _: Exception | None) -> None:
        """End the wait for a response that cannot come."""
        self._transport = None
        self._end(Answer(NO_STATUS, b"", time.monotonic_ns()))

    def _end(self, answer: Answer) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_result(answer)


def is_whole(head: bytes, body: bytes) -> bool:
    """True if a body is complete, by the head's length or by the last chunk."""
    lowered = head.lower()
    _, found, rest = lowered.partition(b"content-length:")
    if not found:
        return body.endswith(b"0\r\n\r\n") or b"chunked" not in lowered
    return len(body) >= int(rest.partition(b"\r\n")[0])
