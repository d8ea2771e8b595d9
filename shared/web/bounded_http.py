"""A uvicorn HTTP/1.1 protocol with limits on head size, on waiting times and on connections.

uvicorn has no time limit for a head, a silent connection, or a response that the client does not read;
`uvicorn --http shared.web.bounded_http:BoundedHttp` ends all three.
"""

import json
import resource
import struct
import termios
from asyncio import BaseTransport, TimerHandle, Transport
from collections import Counter
from collections.abc import Sequence
from fcntl import ioctl
from http import HTTPStatus
from typing import Any, cast
from weakref import WeakKeyDictionary, WeakSet

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MAX_HEAD_BYTES = 32 * 1024
MAX_HEADERS = 100
HEAD_SECONDS = 15.0
"""From the connection, or the first byte of a later request, to the end of its head."""
BODY_SECONDS = 60.0
"""From the end of a head to the end of its body: enough for the longest body on a very slow network."""
READ_SECONDS = 30.0
"""A client that reads nothing of its response for this long is disconnected; a slow reader is not."""
STALLED_SECONDS = 5.0
"""A connection without reads for this long counts as waiting when there are too many connections."""
LOOK_SECONDS = 1.0
LINGER_SECONDS = 1.0
"""A refused client may read the response this long; closing at once could discard the response."""
MAX_CONNECTIONS = max(64, min(resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2, 10_000))
"""Connections open at once in one process.

Beyond, the client with the most waiting connections (for its own request, or for itself to read) loses its
oldest one.
"""

_waiting: WeakKeyDictionary[Any, dict["BoundedHttp", None]] = WeakKeyDictionary()
_looked_at: WeakSet[Any] = WeakSet()


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol for one connection, with limits."""

    _timer: TimerHandle | None = None
    _in_head = True
    _head_bytes = 0
    _refused = False
    _unread = 0
    _read_at = 0.0
    _answering: RequestResponseCycle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Start the time limit of the first request; close a waiting connection if there are too many."""
        super().connection_made(cast("Transport", transport))  # uvloop's is one in all but name
        self._waiting_here = _waiting.setdefault(self.server_state, {})
        self._wait_for_client(HEAD_SECONDS)
        if self.server_state not in _looked_at:
            _looked_at.add(self.server_state)
            self.loop.call_later(LOOK_SECONDS, _look, self)
        if len(self.connections) > MAX_CONNECTIONS:
            stalled = (
                each
                for each in cast("set[BoundedHttp]", self.connections)
                if each.is_stalled and each not in self._waiting_here
            )
            _longest_waiting([*stalled, *self._waiting_here]).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timers and the response in progress.

        uvicorn stops the response of the latest request, which may be a later one.
        """
        self._client_is_done()
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Process received bytes, unless the client was refused or its head is too long."""
        if self._refused:
            return
        self._head_bytes += len(data)
        if self._in_head and self._timer is None:
            self._wait_for_client(HEAD_SECONDS)
        super().data_received(data)
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "head-too-long")

    def on_headers_complete(self) -> None:
        """Pass a request to the app, and start the time limit of its body."""
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        self._in_head, self._head_bytes = False, 0
        if self._refused:
            return
        if size > MAX_HEAD_BYTES or len(self.headers) > MAX_HEADERS:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "head-too-long")
            return
        self._wait_for_client(BODY_SECONDS)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Pass on a part of the body.

        Bytes between and after parts (extensions, trailers) count as head bytes.
        """
        self._head_bytes = 0
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Stop the time limit: the app's response is next."""
        self._in_head, self._head_bytes = True, 0
        self._client_is_done()
        if not self._refused:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request, for as long as uvicorn keeps an idle connection."""
        super().on_response_complete()
        if not self.pipeline and not self.transport.is_closing():
            self._waiting_here[self] = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def resume_writing(self) -> None:
        """Continue to write: the client has read."""
        self._read_at = self.loop.time()
        super().resume_writing()

    @property
    def is_stalled(self) -> bool:
        """True if the client has not read its response for a while."""
        return self._unread > 0 and self.loop.time() - self._read_at >= STALLED_SECONDS

    def look(self, now: float) -> None:
        """Note whether the client has read since the last look.

        Close the connection after `READ_SECONDS` without.
        """
        waiting = self.transport.get_write_buffer_size()
        unread = waiting + _unread_by_system(self.transport) if waiting else 0
        if not self._unread or unread < self._unread:
            self._read_at = now
        self._unread = unread
        if unread and now - self._read_at >= READ_SECONDS:
            self.transport.abort()

    def _wait_for_client(self, seconds: float) -> None:
        self._client_is_done()
        self._waiting_here[self] = None
        self._timer = self.loop.call_later(seconds, self._give_up)

    def _client_is_done(self) -> None:
        self._waiting_here.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        """End a request that is too slow; a client that has sent nothing gets no response."""
        if not self._in_head and not self.flow.read_paused:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "body-too-slow")
        elif not self._in_head:  # the app is not done with what has come
            self._wait_for_client(BODY_SECONDS)
        elif self._head_bytes:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "head-too-slow")
        else:
            self.transport.close()

    def _refuse(self, status: HTTPStatus, slug: str) -> None:
        """Send the reason and close; where a response is in progress already, only close."""
        self._refused = True
        self._client_is_done()
        if self.transport.is_closing():
            return
        if self.cycle is not None and (self.cycle.response_started and not self.cycle.response_complete):
            self.transport.close()
            return
        body = json.dumps(
            {"type": f"urn:asiointi:problem:{slug}", "title": TITLES[slug], "status": status}
        ).encode()
        lines = (
            f"HTTP/1.1 {status} {status.phrase}",
            *ANSWER_HEADERS,
            f"Content-Length: {len(body)}",
            "",
            "",
        )
        self.transport.write("\r\n".join(lines).encode() + body)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)


TITLES = {
    "head-too-long": "The head of the request is too long",
    "head-too-slow": "The head of the request came too slowly",
    "body-too-slow": "The body of the request came too slowly",
}
ANSWER_HEADERS = (
    "Content-Type: application/problem+json",
    "Cache-Control: no-store",
    "X-Content-Type-Options: nosniff",
    "Connection: close",
)


def _look(one: BoundedHttp) -> None:
    """Check all connections of a server, for as long as there are any."""
    now = one.loop.time()
    for each in [*cast("set[BoundedHttp]", one.connections)]:
        each.look(now)
    if one.connections:
        one.loop.call_later(LOOK_SECONDS, _look, one)
    else:
        _looked_at.discard(one.server_state)


def _unread_by_system(transport: Transport) -> int:
    """Return how many bytes the system has buffered that the client has not received.

    Our own buffer shrinks only when a third of them are gone.
    """
    try:
        (count,) = struct.unpack(
            "i", ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
        )
    except (OSError, ValueError):
        return 0
    return int(count)


def _longest_waiting(waiting: Sequence[BoundedHttp]) -> BoundedHttp:
    """Return the oldest waiting connection of the client that has the most of them."""
    whose = Counter(each.client[0] if each.client else "" for each in waiting)
    host, _ = whose.most_common(1)[0]
    return next(each for each in waiting if (each.client[0] if each.client else "") == host)
