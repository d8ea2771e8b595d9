"""HTTP/1.1 as our servers speak it: heads are bounded in bytes, heads, bodies and the reading of answers in time, connections in number.

uvicorn reads a head for as long as it comes, and a connection stays open without a word, or with an answer that nobody reads;
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

MOST_HEAD_BYTES = 32 * 1024
MOST_HEADERS = 100
HEAD_SECONDS = 15.0
"""From the connection, or the first byte of a later request, to the end of its head."""
BODY_SECONDS = 60.0
"""From the end of a head to the end of its body: the longest body of ours takes less on the slowest of networks."""
READ_SECONDS = 30.0
"""For so long a client may read nothing of what waits for it; one that reads on, however slowly, gets all of it."""
STALLED_SECONDS = 5.0
"""After so long without reading a connection counts among those that wait, when there are too many."""
LOOK_SECONDS = 1.0
LINGER_SECONDS = 1.0
"""For so long a refused client may read why: closed at once, its own unread words would take our answer along."""
MOST_CONNECTIONS = max(64, min(resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2, 10_000))
"""Open at once in one process; beyond, whoever has the most that wait for their own request, or for themselves to read, loses the oldest of them."""

_waiting: WeakKeyDictionary[Any, dict["BoundedHttp", None]] = WeakKeyDictionary()
_looked_at: WeakSet[Any] = WeakSet()


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol for one connection, with bounds."""

    _timer: TimerHandle | None = None
    _in_head = True
    _head_bytes = 0
    _refused = False
    _unread = 0
    _read_at = 0.0
    _answering: RequestResponseCycle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Begin to wait for the first request."""
        super().connection_made(cast("Transport", transport))  # uvloop's is one in all but name
        self._waiting_here = _waiting.setdefault(self.server_state, {})
        self._wait_for_client(HEAD_SECONDS)
        if self.server_state not in _looked_at:
            _looked_at.add(self.server_state)
            self.loop.call_later(LOOK_SECONDS, _look, self)
        if len(self.connections) > MOST_CONNECTIONS:
            stalled = (
                each
                for each in cast("set[BoundedHttp]", self.connections)
                if each.is_stalled and each not in self._waiting_here
            )
            _longest_waiting([*stalled, *self._waiting_here]).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting, and stop the answer that is under way: uvicorn stops that of the latest request, which may be a later one's."""
        self._client_is_done()
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless the client was refused, or its head grows too long."""
        if self._refused:
            return
        self._head_bytes += len(data)
        if self._in_head and self._timer is None:
            self._wait_for_client(HEAD_SECONDS)
        super().data_received(data)
        if self._head_bytes > MOST_HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "head-too-long")

    def on_headers_complete(self) -> None:
        """Hand a request to the app, and wait for its body."""
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        self._in_head, self._head_bytes = False, 0
        if self._refused:
            return
        if size > MOST_HEAD_BYTES or len(self.headers) > MOST_HEADERS:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "head-too-long")
            return
        self._wait_for_client(BODY_SECONDS)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body; what comes between parts and after the last (extensions, trailers) is counted as a head is."""
        self._head_bytes = 0
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait for nothing more: what comes next is the answer."""
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
        """Write on: the client has read."""
        self._read_at = self.loop.time()
        super().resume_writing()

    @property
    def is_stalled(self) -> bool:
        """Say whether the client has not read for a while what waits for it."""
        return self._unread > 0 and self.loop.time() - self._read_at >= STALLED_SECONDS

    def look(self, now: float) -> None:
        """Note whether the client has read since the last look, and end the connection where it has not for too long."""
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
        """End what the client did not; one that has not said a word is not answered."""
        if not self._in_head and not self.flow.read_paused:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "body-too-slow")
        elif not self._in_head:  # the app is not done with what has come
            self._wait_for_client(BODY_SECONDS)
        elif self._head_bytes:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "head-too-slow")
        else:
            self.transport.close()

    def _refuse(self, status: HTTPStatus, slug: str) -> None:
        """Say why and close; where an answer is under way already, only close."""
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
    """Look at all connections of a server, for as long as there are any."""
    now = one.loop.time()
    for each in [*cast("set[BoundedHttp]", one.connections)]:
        each.look(now)
    if one.connections:
        one.loop.call_later(LOOK_SECONDS, _look, one)
    else:
        _looked_at.discard(one.server_state)


def _unread_by_system(transport: Transport) -> int:
    """Give how many bytes the system has taken over and not brought to the client: our own buffer shrinks only when a third of them are gone."""
    try:
        (count,) = struct.unpack(
            "i", ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
        )
    except (OSError, ValueError):
        return 0
    return int(count)


def _longest_waiting(waiting: Sequence[BoundedHttp]) -> BoundedHttp:
    """Give the oldest that waits, of whoever has the most of them."""
    whose = Counter(each.client[0] if each.client else "" for each in waiting)
    host, _ = whose.most_common(1)[0]
    return next(each for each in waiting if (each.client[0] if each.client else "") == host)
