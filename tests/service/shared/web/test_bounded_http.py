"""What a client may take of a server's memory, time and connections, shown by raw sockets.

And that ordinary clients notice nothing.
"""

import asyncio
import json
import logging
import socket
import struct
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from shared.web import bounded_http
from shared.web.bounded_http import BoundedHttp
from tests.eventually import eventually
from tests.infra.embedded import free_ports

HEAD, BODY = 0.6, 1.0
"""Seconds that a client has here."""
READ, STALLED = 1.5, 0.4
CONNECTIONS = 40
BIG = 8_000_000


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the bounds be reached within a second."""
    monkeypatch.setattr(bounded_http, "HEAD_SECONDS", HEAD)
    monkeypatch.setattr(bounded_http, "BODY_SECONDS", BODY)
    monkeypatch.setattr(bounded_http, "READ_SECONDS", READ)
    monkeypatch.setattr(bounded_http, "STALLED_SECONDS", STALLED)
    monkeypatch.setattr(bounded_http, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(bounded_http, "LINGER_SECONDS", 0.2)
    monkeypatch.setattr(bounded_http, "MAX_CONNECTIONS", CONNECTIONS)


@dataclass
class Served:
    """A server: what reached the app, and the connections to it."""

    port: int
    seen: list[str]
    connections: set[Any]
    lines: list[asyncio.StreamWriter] = field(default_factory=list)

    async def line(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.lines.append(writer)
        return reader, writer


@pytest.fixture(params=["uvloop", "asyncio"])
async def served(request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    """Return a server on each of the loops that uvicorn runs on: ours run on uvloop."""
    async with serving(request.param) as served:
        yield served


@asynccontextmanager
async def serving(loop: Literal["uvloop", "asyncio"]) -> AsyncIterator[Served]:
    app, seen = FastAPI(), list[str]()

    @app.post("/body")
    async def body(request: Request) -> int:
        seen.append("body")
        return len(await request.body())

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            for _ in range(8):
                yield b"data: x\n\n"
                await asyncio.sleep(HEAD / 2)

        return StreamingResponse(parts(), media_type="text/event-stream")

    @app.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(BODY * 1.5)
        return "done"

    _add_large_answers(app)
    (port,) = free_ports(1)
    options: dict[str, Any] = {"log_level": "error", "access_log": False, "timeout_graceful_shutdown": 1}
    server = uvicorn.Server(uvicorn.Config(app, port=port, http=BoundedHttp, loop=loop, **options))
    running = asyncio.create_task(asyncio.to_thread(server.run))

    async def started() -> bool:
        return server.started

    await eventually(started)
    served = Served(port, seen, server.server_state.connections)
    yield served
    for line in served.lines:
        line.close()
    await asyncio.gather(*(line.wait_closed() for line in served.lines), return_exceptions=True)
    server.should_exit = True
    await running


def _add_large_answers(app: FastAPI) -> None:
    @app.get("/big")
    async def big() -> Response:
        return Response(b"x" * BIG)

    @app.get("/parts")
    async def parts_of_much() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            for _ in range(80):
                yield b"x" * 100_000

        return StreamingResponse(parts())


async def answer(reader: asyncio.StreamReader) -> tuple[int, str]:
    """Read to the end of a connection.

    The status and the problem's name of the last answer, (0, "") where there is none.
    """
    async with asyncio.timeout(10):
        try:
            told = await reader.read()
        except ConnectionResetError:
            told = b""
    if not told:
        return 0, ""
    head, _, body = told[told.rindex(b"HTTP/1.1") :].partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["type"].rpartition(":")[2]


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"], ids=["endless", "ended"])
@pytest.mark.parametrize(
    "head",
    [
        b"X: " + b"x" * 40_000,
        b"".join(b"X-%d: 1\r\n" % number for number in range(101)) + b"X: 1",
        b"X: y\r\n" * 8_000 + b"X: 1",
    ],
    ids=["one-value", "many-headers", "very-many-headers"],
)
async def test_a_head_is_bounded(served: Served, head: bytes, end: bytes) -> None:
    reader, writer = await served.line()
    writer.write(b"GET /slow HTTP/1.1\r\nHost: a\r\n" + head + end)
    expected = (
        (408, "head-too-slow")
        if not end and len(head) < bounded_http.MAX_HEAD_BYTES
        else (431, "head-too-long")
    )
    assert await answer(reader) == expected


async def test_an_endless_head_is_cut_off_after_a_few_pieces(served: Served) -> None:
    _, writer = await served.line()
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
    sent = await asyncio.wait_for(_sent_until_cut_off(writer), 20)
    assert sent < 20_000_000


async def _sent_until_cut_off(writer: asyncio.StreamWriter) -> int:
    sent = 0
    with suppress(ConnectionError):
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536
            await asyncio.sleep(0.001)
    return sent


async def test_a_long_address_is_a_head_too(served: Served) -> None:
    reader, writer = await served.line()
    writer.write(b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert await answer(reader) == (431, "head-too-long")


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: a\r\n",
        b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nfour",
    ],
)
async def test_whoever_does_not_go_on_is_not_waited_for(served: Served, sent: bytes) -> None:
    reader, writer = await served.line()
    began = time.monotonic()
    writer.write(sent)
    told = await answer(reader)
    assert told == (
        (0, "") if not sent else (408, "body-too-slow") if b"POST" in sent else (408, "head-too-slow")
    )
    assert HEAD * 0.9 < time.monotonic() - began < HEAD + BODY + 10


async def test_a_head_that_comes_letter_by_letter_has_no_longer(served: Served) -> None:
    reader, writer = await served.line()
    told = asyncio.create_task(answer(reader))
    for letter in b"GET /slow HTTP/1.1\r\nHost: " + b"a" * 100:
        writer.write(bytes([letter]))
        await asyncio.sleep(0.02)
        if told.done():
            break
    assert await told == (408, "head-too-slow")


async def test_a_body_that_comes_letter_by_letter_has_no_longer(served: Served) -> None:
    reader, writer = await served.line()
    told = asyncio.create_task(answer(reader))
    writer.write(b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n")
    for _ in range(200):
        writer.write(b"x")
        await asyncio.sleep(0.02)
        if told.done():
            break
    assert await told == (408, "body-too-slow")


async def test_what_follows_a_refused_head_is_not_handled(served: Served) -> None:
    reader, writer = await served.line()
    long = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 40_000 + b"\r\n\r\n"
    writer.write(long + b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
    assert await answer(reader) == (431, "head-too-long")
    assert served.seen == []


@pytest.mark.parametrize(
    "after",
    [b"0\r\nX: " + b"x" * 600_000, b"0\r\n" + b"X: y\r\n" * 100_000, b"1;" + b"x" * 600_000],
    ids=["one-trailer", "many-trailers", "extension"],
)
async def test_what_a_chunked_body_has_beside_its_bytes_is_bounded_as_a_head_is(
    served: Served, after: bytes
) -> None:
    reader, writer = await served.line()
    writer.write(b"POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n" + after)
    assert await answer(reader) == (431, "head-too-long")
    assert served.seen == ["body"]


async def test_a_chunked_body_of_many_pieces_is_none_of_that(served: Served) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(2_000):
            yield b"x" * 50

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}") as client:
        assert (await client.post("/body", content=pieces())).json() == 100_000


async def test_idle_connections_shut_nobody_out(served: Served) -> None:
    for _ in range(CONNECTIONS * 3):
        await served.line()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}") as client:
        assert (await client.post("/body", content=b"x" * 60_000)).json() == 60_000


@contextmanager
def asking_for(path: str, port: int, *, times: int = 1, last: bytes = b"") -> Iterator[socket.socket]:
    """Return a connection that asks for much, and takes little at a time."""
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        line.connect(("127.0.0.1", port))
        line.sendall((f"GET {path} HTTP/1.1\r\nHost: a\r\n".encode() + last + b"\r\n") * times)
        line.setblocking(False)  # noqa: FBT003  the socket's own
        yield line


@pytest.mark.parametrize(
    ("times", "last"), [(1, b""), (1, b"Connection: close\r\n"), (8, b"")], ids=["one", "last", "pipelined"]
)
async def test_whoever_does_not_read_an_answer_is_not_waited_for(
    served: Served, times: int, last: bytes
) -> None:
    async def is_gone() -> bool:
        return not served.connections

    with asking_for("/big", served.port, times=times, last=last):
        await asyncio.sleep(READ / 2)
        assert len(served.connections) == 1
        await eventually(is_gone)


async def test_a_client_that_breaks_off_among_pipelined_answers_is_not_logged(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    async def is_gone() -> bool:
        return not served.connections

    with asking_for("/parts", served.port, times=8) as line:
        await asyncio.sleep(0.3)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await eventually(is_gone)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}") as client:
        assert (await client.post("/body", content=b"x")).json() == 1, "nothing else is disturbed"
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_whoever_reads_slowly_gets_everything(served: Served) -> None:
    with asking_for("/big", served.port, last=b"Connection: close\r\n") as line:
        told, until = 0, time.monotonic() + 3 * READ
        while part := await asyncio.wait_for(
            asyncio.get_running_loop().sock_recv(line, 1_024 if time.monotonic() < until else 65_536), 10
        ):
            told += len(part)
            await asyncio.sleep(READ / 10 if time.monotonic() < until else 0)
    assert told > BIG


async def test_clients_that_do_not_read_shut_nobody_out(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_http, "READ_SECONDS", 60)

    async def all_are_stalled() -> bool:
        return len([each for each in [*served.connections] if each.is_stalled]) == CONNECTIONS

    with ExitStack() as lines:
        for _ in range(CONNECTIONS):
            lines.enter_context(asking_for("/big", served.port, times=8))
        await eventually(all_are_stalled)
        for _ in range(20):
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}") as client:
                assert (await client.post("/body", content=b"x" * 60_000)).json() == 60_000


async def test_ordinary_clients_notice_nothing(served: Served) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}", timeout=20) as client:
        streams = [asyncio.create_task(client.get("/stream")) for _ in range(5)]
        for pause in (0, 0, HEAD * 1.5, 0):
            await asyncio.sleep(pause)
            assert (
                await client.post("/body", content=b"x" * 100_000, headers={"X-Long": "x" * 20_000})
            ).json() == 100_000
        assert (await client.get("/slow")).json() == "done"
        assert [(await stream).text.count("data") for stream in streams] == [8] * 5


async def test_requests_that_come_together_are_answered_in_their_order(served: Served) -> None:
    reader, writer = await served.line()
    sizes = [3, 70_000, 1]
    writer.write(
        b"".join(
            b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (size, b"x" * size)
            for size in sizes
        )
    )
    told = b""
    async with asyncio.timeout(10):
        while told.count(b"HTTP/1.1 200") < len(sizes) or not told.endswith(b"\r\n\r\n1"):
            told += await reader.read(65_536)
    assert [int(part.rpartition(b"\r\n\r\n")[2]) for part in told.split(b"HTTP/1.1 200")[1:]] == sizes
