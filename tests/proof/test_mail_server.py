"""The mail server misbehaves as its file says; what it kept without a word stands in its log."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from proof.chaos.mail_server import FaultySMTP, Receiver

MAIL = b"From: a@kunta.example\r\nTo: b@chaos.example\r\nMessage-ID: <one@kunta.example>\r\n\r\nHei\r\n"


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[int]:
    loop, receiver = asyncio.get_running_loop(), Receiver(tmp_path)
    async with await loop.create_server(lambda: FaultySMTP(receiver, loop=loop), "127.0.0.1", 0) as server:
        yield int(server.sockets[0].getsockname()[1])
    receiver.close()


async def send(port: int) -> None:
    async with SMTP(hostname="127.0.0.1", port=port, timeout=5, start_tls=False) as client:
        await client.sendmail("a@kunta.example", ["b@chaos.example"], MAIL)


def kept(folder: Path) -> list[Path]:
    return list((folder / "mail" / "new").iterdir())


def told(folder: Path) -> list[bool]:
    return [json.loads(line)["told"] for line in (folder / "mail.jsonl").read_text().splitlines()]


async def test_as_one_should(port: int, tmp_path: Path) -> None:
    await send(port)
    assert [file.read_bytes() for file in kept(tmp_path)] == [MAIL]
    assert told(tmp_path) == [True]


@pytest.mark.parametrize(("mode", "code"), [("refuse", 554), ("defer", 451), ("disk-full", 452)])
async def test_a_refusal_keeps_nothing(port: int, tmp_path: Path, mode: str, code: int) -> None:
    (tmp_path / "mode").write_text(mode)
    with pytest.raises(SMTPResponseException) as refusal:
        await send(port)
    assert refusal.value.code == code
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
    assert told(tmp_path) == [False]
