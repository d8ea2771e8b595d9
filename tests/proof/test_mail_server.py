"""The mail server misbehaves as its file says; what it kept without a word stands in its log."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiosmtpd import smtp
from aiosmtpd.smtp import Envelope
from aiosmtplib import SMTP, SMTPException, SMTPRecipientsRefused, SMTPResponseException

from proof.chaos.audit.read_journals import read_bounced, read_unacknowledged
from proof.chaos.bounces import Bounces
from proof.chaos.mail_server import FaultySMTP, Receiver
from tests.eventually import eventually

NOBODY = 9
MAIL = b"From: a@kunta.example\r\nTo: b@chaos.example\r\nMessage-ID: <one@kunta.example>\r\n\r\nHei\r\n"


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[int]:
    loop, receiver = asyncio.get_running_loop(), Receiver(tmp_path, Bounces(tmp_path / "bounces", NOBODY))
    async with await loop.create_server(lambda: FaultySMTP(receiver, loop=loop), "127.0.0.1", 0) as server:
        yield int(server.sockets[0].getsockname()[1])
    receiver.close()


async def send(port: int) -> None:
    async with SMTP(hostname="127.0.0.1", port=port, timeout=5, start_tls=False) as client:
        await client.sendmail("a@kunta.example", ["b@chaos.example"], MAIL)


def kept(folder: Path) -> list[Path]:
    return list((folder / "mail" / "new").iterdir())


def confirmed(folder: Path) -> list[bool]:
    return [json.loads(line)["confirmed"] for line in (folder / "mail.jsonl").read_text().splitlines()]


async def test_as_one_should(port: int, tmp_path: Path) -> None:
    await send(port)
    assert [file.read_bytes() for file in kept(tmp_path)] == [MAIL]
    assert confirmed(tmp_path) == [True]


@pytest.mark.parametrize(
    ("mode", "code"), [("refuse", 550), ("defer", 451), ("disk-full", 452), ("no-sender", 530)]
)
async def test_a_refusal_keeps_nothing(port: int, tmp_path: Path, mode: str, code: int) -> None:
    (tmp_path / "mode").write_text(mode)
    with pytest.raises((SMTPResponseException, SMTPRecipientsRefused)) as refusal:
        await send(port)
    refused: SMTPResponseException = getattr(refusal.value, "recipients", [refusal.value])[0]
    assert refused.code == code
    assert kept(tmp_path) == []


async def test_hanging_up_in_data_keeps_nothing(port: int, tmp_path: Path) -> None:
    (tmp_path / "mode").write_text("hang-up-in-data")
    with pytest.raises((SMTPException, OSError)):
        await send(port)
    assert kept(tmp_path) == []


async def test_hanging_up_after_data_keeps_the_mail_and_says_nothing(port: int, tmp_path: Path) -> None:
    (tmp_path / "mode").write_text("hang-up-after-data")
    with pytest.raises((SMTPException, OSError)):
        await send(port)
    assert len(kept(tmp_path)) == 1
    assert confirmed(tmp_path) == [False]


async def test_a_limit_of_rate_takes_one_mail_and_refuses_the_next(port: int, tmp_path: Path) -> None:
    (tmp_path / "mode").write_text("rate")
    await send(port)
    with pytest.raises(SMTPException):
        await send(port)
    assert len(kept(tmp_path)) == 1


async def test_a_limit_of_connections_greets_two_and_turns_the_third_away(port: int, tmp_path: Path) -> None:
    (tmp_path / "mode").write_text("few-connections")
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
    assert [(await reader.readline())[:3] for reader, _ in connections] == [b"220", b"220"]
    with pytest.raises(SMTPException):
        await send(port)
    for _, writer in connections:
        writer.close()
        await writer.wait_closed()
    await eventually(lambda: send(port))


async def test_a_slow_greeting_comes_all_the_same(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proof.chaos.mail_server.GREETING_SECONDS", 0.5)
    (tmp_path / "mode").write_text("slow-greeting")
    began = time.monotonic()
    await send(port)
    assert time.monotonic() - began >= 0.5


async def test_a_mail_that_bounces_is_taken_and_reported_though_the_server_dies_meanwhile(
    port: int, tmp_path: Path
) -> None:
    (tmp_path / "mode").write_text("bounce")
    await send(port)
    assert kept(tmp_path) == []
    assert read_bounced(tmp_path / "mail.jsonl") == {"<one@kunta.example>"}
    assert read_unacknowledged(tmp_path / "mail.jsonl") == set()
    reports: list[Envelope] = []

    class Taker:
        async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
            reports.append(envelope)
            return "250 OK"

    loop = asyncio.get_running_loop()
    async with await loop.create_server(lambda: smtp.SMTP(Taker(), loop=loop), "127.0.0.1", 0) as listener:
        Bounces(tmp_path / "bounces", int(listener.sockets[0].getsockname()[1])).go_on()
        await eventually(lambda: _reported(reports))
    assert reports[0].rcpt_tos == ["a@kunta.example"]
    assert b"<one@kunta.example>" in (reports[0].original_content or b"")
    await eventually(lambda: asyncio.to_thread(_empty, tmp_path / "bounces"))


async def _reported(reports: list[Envelope]) -> None:
    assert len(reports) == 1


def _empty(folder: Path) -> None:
    assert not list(folder.iterdir())
