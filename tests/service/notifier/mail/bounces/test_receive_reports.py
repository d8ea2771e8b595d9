"""The listener takes reports to its own return paths, and bears whatever else a peer does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import pytest

from services.notifier.mail.bounces import receive_reports
from services.notifier.mail.bounces.receive_reports import receiving
from tests.eventually import eventually
from tests.service.notifier.bounce_reports import send_raw
from tests.service.notifier.mail_server import free_port

OURS = "bounces+x@kunta.example"
HELLO = b"EHLO relay.example\r\n"
ENVELOPE = b"MAIL FROM:<> SIZE=20\r\nRCPT TO:<bounces+x@kunta.example>\r\nDATA\r\n"


@asynccontextmanager
async def listener(
    protocol: Literal["smtp", "lmtp"] = "smtp",
) -> AsyncIterator[tuple[int, list[tuple[bytes, str]]]]:
    """Listen; return the port and what was taken in."""
    taken: list[tuple[bytes, str]] = []

    async def take_in(mail: bytes, recipient: str) -> None:
        if b"refuse me" in mail:
            raise OSError
        taken.append((mail, recipient))

    port = free_port()
    async with receiving("127.0.0.1", port, protocol, lambda address: address.lower() == OURS, take_in):
        yield port, taken


def codes(answered: bytes) -> list[int]:
    """Return the code of each answer, without the lines between."""
    return [int(line[:3]) for line in answered.splitlines() if line[3:4] == b" "]


async def test_several_reports_come_over_one_connection_byte_for_byte() -> None:
    first, second = b"Subject: 1\r\n\r\n..dots.\r\n.\r\r\n\xff\n.\n", b"x" * 200_000
    async with listener() as (port, taken):
        stuffed = first.replace(b"\r\n.", b"\r\n..")
        said = HELLO + ENVELOPE + stuffed + b"\r\n.\r\n" + ENVELOPE + second + b"\r\n.\r\nQUIT\r\n"
        assert codes(await send_raw(port, said)) == [220, 250, 250, 250, 354, 250, 250, 250, 354, 250, 221]
    assert taken == [(first + b"\r\n", OURS), (second + b"\r\n", OURS)]


async def test_a_line_that_does_not_end_as_the_standard_has_it_smuggles_no_second_report() -> None:
    async with listener() as (port, taken):
        inner = b"a\n.\nMAIL FROM:<>\r\n\n.\r\nRCPT TO:<bounces+x@kunta.example>\r\n.\n"
        await send_raw(port, HELLO + ENVELOPE + inner + b"\r\n.\r\nQUIT\r\n")
    assert len(taken) == 1


async def test_over_lmtp_each_report_has_its_own_answer() -> None:
    async with listener("lmtp") as (port, taken):
        said = (
            b"EHLO x\r\nLHLO relay.example\r\n"
            + ENVELOPE
            + b"a\r\n.\r\n"
            + ENVELOPE
            + b"refuse me\r\n.\r\nQUIT\r\n"
        )
        assert codes(await send_raw(port, said)) == [
            220,
            503,
            250,
            250,
            250,
            354,
            250,
            250,
            250,
            354,
            451,
            221,
        ]
    assert len(taken) == 1


async def test_what_is_out_of_place_is_refused_and_too_much_of_it_ends_the_conversation() -> None:
    async with listener() as (port, taken):
        said = (
            b"MAIL FROM:<>\r\n"
            + HELLO
            + b"DATA\r\nRCPT TO:<x@y>\r\nMAIL FROM:x\r\nMAIL FROM:<> SIZE=99999999999\r\nMAIL FROM:<>\r\n"
            b"MAIL FROM:<>\r\n"
        )
        said += b"RCPT TO:<root@kunta.example>\r\n" + 2 * b"RCPT TO:<bounces+x@kunta.example>\r\n"
        said += b"VRFY root\r\n"
        said += b"RSET\r\nDATA\r\n\xff\xfe\r\nQUIT\r\n"
        assert codes(await send_raw(port, said)) == [
            220,
            503,
            250,
            503,
            503,
            501,
            552,
            250,
            503,
            550,
            250,
            452,
            502,
            250,
            503,
            502,
            221,
        ]
        assert codes(await send_raw(port, HELLO + b"EXPN x\r\n" * 100))[-1] == 421
    assert taken == []


async def test_a_report_that_is_too_large_is_refused_and_the_next_one_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(receive_reports, "MAX_BYTES", 300_000)
    async with listener() as (port, taken):
        said = HELLO + ENVELOPE + b"x" * 300_000 + b"\r\n.\r\n" + ENVELOPE + b"small\r\n.\r\nQUIT\r\n"
        assert codes(await send_raw(port, said)) == [220, 250, 250, 250, 354, 552, 250, 250, 354, 250, 221]
    assert [mail for mail, _ in taken] == [b"small\r\n"]


async def test_endless_lines_and_silence_end_the_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receive_reports, "MAX_DISCARDED", 400_000)
    monkeypatch.setattr(receive_reports, "COMMAND_SECONDS", 0.2)
    async with listener() as (port, taken):
        assert codes(await send_raw(port, HELLO + ENVELOPE + b"x" * 900_000)) == [220, 250, 250, 250, 354]
        assert codes(await send_raw(port, b"x" * 900_000)) == [220]
        assert codes(await send_raw(port, b"x" * 5_000 + b"\r\nQUIT\r\n")) == [220, 500, 221]
        assert codes(await send_raw(port, HELLO)) == [220, 250]
    assert taken == []


async def test_too_many_connections_are_sent_away_until_some_are_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(receive_reports, "MAX_CONNECTIONS", 2)
    async with listener() as (port, _):
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for reader, _writer in held:
            assert (await reader.readline()).startswith(b"220")
        assert codes(await send_raw(port, b"QUIT\r\n")) == [421]
        for _reader, writer in held:
            writer.close()

        async def welcome() -> None:
            assert codes(await send_raw(port, b"QUIT\r\n")) == [220, 221]

        await eventually(welcome)


async def test_nobody_keeps_reports_out_by_holding_every_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receive_reports, "MAX_CONNECTIONS", 2)
    monkeypatch.setattr(receive_reports, "YOUNG_SECONDS", 0.2)
    async with listener() as (port, taken):
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for reader, writer in held:
            assert (await reader.readline()).startswith(b"220")
            writer.write(b"N")

        async def brought() -> None:
            assert codes(await send_raw(port, HELLO + ENVELOPE + b"a\r\n.\r\nQUIT\r\n"))[-2:] == [250, 221]

        await eventually(brought)
        assert await held[0][0].read() == b"", "the oldest gave way"
        held[1][1].write(b"OOP\r\n")
        assert (await held[1][0].readline()).startswith(b"250"), "one was enough"
        for _reader, writer in held:
            writer.close()
    assert taken == [(b"a\r\n", OURS)]
