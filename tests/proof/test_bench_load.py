"""The load generator times answers from when requests were due; the sink accepts mail in any pieces."""

import asyncio
import json
import time
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
from hypothesis import given
from hypothesis import strategies as st

from deploy.ports import free_base
from proof.bench.load.connection import is_whole
from proof.bench.load.load import Load
from proof.bench.load.send import send
from proof.bench.sink.serve import SinkProtocol
from proof.bench.sink.sink import open_sink

FORM = {"first_name": "Päivi", "email": "x@y.example"}


@given(st.integers(0, 99_999_999))
def test_every_request_is_one_valid_http_message_of_its_own_address(number: int) -> None:
    load = Load(port=1, run="r7", form=FORM, count=1)
    head, _, body = load.writer()(number).partition(b"\r\n\r\n")
    facts = json.loads(body)
    assert facts["form"] == {"first_name": "Päivi", "email": load.address_of(number)}
    assert f"Content-Length: {len(body)}" in head.decode()
    assert f"Idempotency-Key: bench-r7-{number:08d}\r\n" in head.decode()


def test_an_answer_is_whole_when_its_length_or_its_last_chunk_is_there() -> None:
    assert not is_whole(b"HTTP/1.1 202 Accepted\r\nContent-Length: 5", b"abcd")
    assert is_whole(b"HTTP/1.1 202 Accepted\r\ncontent-length: 5", b"abcde")
    assert not is_whole(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked", b"5\r\nabcde\r\n")
    assert is_whole(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked", b"5\r\nabcde\r\n0\r\n\r\n")


async def slow_server(port: int, seconds: float) -> asyncio.Server:
    """Answer each request after some time, one connection at a time."""
    turn = asyncio.Lock()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            async with turn:
                await asyncio.sleep(seconds)
            writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}")

    async def serve_until_gone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    return await asyncio.start_server(serve_until_gone, "127.0.0.1", port)


async def test_in_an_open_loop_a_late_answer_counts_from_when_its_request_was_due() -> None:
    port = free_base(26_000)
    async with await slow_server(port, 0.02):
        sent = await send(Load(port=port, run="r1", form=FORM, count=20, rate=200.0))
    # Due every 5 ms, answered every 20 ms: the last one waits for all before it.
    assert sent.statuses == {202: 20}
    assert sent.due[19] - sent.due[0] == 95_000_000
    assert sent.ms(sent.answered)[19] > 19 * 15
    assert sent.ms(sent.answered)[19] > sent.ms(sent.answered)[0] + 200


async def test_in_a_closed_loop_no_client_has_two_under_way() -> None:
    port = free_base(26_000)
    async with await slow_server(port, 0.005):
        sent = await send(Load(port=port, run="r1", form=FORM, count=12, clients=2))
    assert sent.accepted == 12
    assert all(
        sum(begin <= moment < end for begin, end in zip(sent.sent, sent.answered, strict=True)) <= 2
        for moment in sent.sent
    )


async def test_what_is_not_accepted_is_counted_and_never_timed() -> None:
    load = Load(port=free_base(26_000), run="r1", form=FORM, count=3, rate=100.0)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", load.port)
    async with server:
        sent = await send(load)
    assert (sent.statuses, sent.accepted, sent.ms(sent.answered)) == ({0: 3}, 0, [])


async def test_the_sink_notes_when_each_mail_came(tmp_path: Path) -> None:
    port = free_base(26_000)
    async with open_sink(port, tmp_path) as sink:
        before = time.monotonic_ns()
        smtp = aiosmtplib.SMTP(hostname="127.0.0.1", port=port)
        async with smtp:
            for to in ("a@x.example", "b@x.example", "a@x.example"):
                mail = EmailMessage()
                mail["From"], mail["To"], mail["Subject"] = "c@x.example", to, "Hei"
                mail.set_content(".\n..\nTerve\n")
                await smtp.send_message(mail)
        assert await sink.wait(3, 5) == 3
    assert list(sink.arrivals) == ["a@x.example", "b@x.example"]
    assert before < sink.arrivals["a@x.example"] < sink.arrivals["b@x.example"] < time.monotonic_ns()


class Written(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.content = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep it."""
        self.content += data

    def close(self) -> None:
        """Keep that, too."""
        self.content += b"(closed)"


@given(st.lists(st.integers(1, 30)))
async def test_the_sink_understands_commands_however_they_are_cut(cuts: list[int]) -> None:
    log: list[bytes] = []
    talk = (
        b"EHLO a\r\nMAIL FROM:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n.\r\n"
        b"MAIL FROM:<c@d>\r\nRCPT TO:<g@h>\r\nDATA\r\nx: y\r\n\r\nz\r\n..\r\n.\r\nQUIT\r\n"
    )
    sink, transport = SinkProtocol(log.append), Written()
    sink.connection_made(transport)
    for length in cuts:
        sink.data_received(talk[:length])
        talk = talk[length:]
    sink.data_received(talk)
    answers = [line[:4] for line in transport.content.split(b"\r\n")[6:]]
    assert answers == [
        b"250 ",
        b"250 ",
        b"354 ",
        b"250 ",
        b"250 ",
        b"250 ",
        b"354 ",
        b"250 ",
        b"221 ",
        b"(clo",
    ]
    assert [line.split()[0] for line in b"".join(log).splitlines()] == [b"e@f", b"g@h"]
