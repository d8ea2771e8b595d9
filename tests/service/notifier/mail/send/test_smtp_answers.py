"""Answers of mail servers that no library server gives: odd ones, late ones, ones at the wrong moment."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from services.notifier.mail.send.open_session import MailServer, ServerAway
from services.notifier.mail.send.send_mail import MailConnection
from services.notifier.mail.smtp_limits import limits
from shared.text.mail_address import MailboxAddress
from tests.service.notifier.builders import SENDER
from tests.service.notifier.mail_server import free_port

TO = MailboxAddress("anna@kansalainen.example", needs_utf8=False)
PAUSE = 0.01
MESSAGE = b"Subject: x\r\n\r\n.dot\r\n"


@asynccontextmanager
async def script(
    *conversations: Sequence[tuple[bytes, bytes]],
) -> AsyncIterator[tuple[MailConnection, list[bytes]]]:
    """Return a connection to a server and what that was told.

    In each conversation the server waits for some bytes and then answers, several times; `|` parts an answer
    into packets.
    """
    told: list[bytes] = []
    left = list(conversations)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        for awaited, answer in left.pop(0):
            told.append(await reader.readuntil(awaited))
            for piece in answer.split(b"|"):
                writer.write(piece)
                await asyncio.sleep(PAUSE)  # so that each piece is a packet of its own
        await writer.drain()
        writer.close()

    port = free_port()
    async with await asyncio.start_server(serve, "127.0.0.1", port):
        connection = MailConnection(MailServer("127.0.0.1", port, limits=limits(2, {})))
        yield connection, told
        await connection.close()


HELLO = (b"\r\n", b"250-mail.test\r\n250 PIPELINING\r\n")


async def test_a_server_that_wants_a_message_for_nobody_gets_an_empty_one() -> None:
    refused = [
        HELLO,
        (b"DATA\r\n", b"250 ok\r\n550 5.1.1 no such user\r\n354 go on\r\n"),
        (b".\r\n", b"554 no valid recipients\r\n"),
        (b"RSET\r\n", b"250 ok\r\n"),
    ]
    taken = [
        (b"DATA\r\n", b"250 ok\r\n250 ok\r\n354 go on\r\n"),
        (b"\r\n.\r\n", b"250 2.0.0 taken\r\n"),
        (b"QUIT\r\n", b"221 bye\r\n"),
    ]
    async with script([*refused, *taken]) as (connection, told):
        assert await connection.send(TO, MESSAGE, SENDER) == ("5xx", "550 5.1.1", "recipient")
        assert await connection.send(TO, MESSAGE, SENDER) == ("2xx", "250 2.0.0", None)
    assert told[2] == b".\r\n"
    assert b"\r\n..dot\r\n" in told[5]


async def test_answers_in_pieces_and_of_several_lines_are_put_together() -> None:
    envelope = (b"DATA\r\n", b"250-well\r\n250|-known\r\n250 ok\r\n25|0 ok\r|\n354 go on\r\n")
    async with script([HELLO, envelope, (b"\r\n.\r\n", b"250-a\r\n|250 2.0.0 taken\r\n")]) as (connection, _):
        assert await connection.send(TO, MESSAGE, SENDER) == ("2xx", "250 2.0.0", None)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"250 ok\r\n421 4.7.0 too many\r\n503 no\r\n", "4xx"),
        (b"250 ok\r\nwhat?\r\n503 no\r\n", "connection"),
        (b"250 ok\r\n250 ok\r\n250 what?\r\n", "connection"),
        (b"250 ok\r\n250 ok\r\n452 4.3.1 full\r\n", "4xx"),
        (b"250 ok\r\n550 5.1.1 who?\r\n503 no\r\n", "5xx"),
        (b"250 ok\r\n504 5.5.2 <localhost>: Helo command rejected\r\n503 no\r\n", "connection"),
        (b"250 ok\r\n550 too many emails per second\r\n503 no\r\n", "connection"),
    ],
)
async def test_each_answer_to_the_envelope_has_its_class(answer: bytes, kind: str) -> None:
    async with script([HELLO, (b"DATA\r\n", answer)]) as (connection, _):
        assert (await connection.send(TO, MESSAGE, SENDER)).kind == kind


@pytest.mark.parametrize(
    "conversation",
    [
        [HELLO],
        [HELLO, (b"DATA\r\n", b"421 4.3.2 closing\r\n")],
        [HELLO, (b"DATA\r\n", b"530 5.7.0 Must issue a STARTTLS command first\r\n503 no\r\n503 no\r\n")],
        [HELLO, (b"DATA\r\n", b"550 5.7.1 you?\r\n503 no\r\n503 no\r\n")],
        [HELLO, (b"DATA\r\n", b"450 4.7.1 too much mail\r\n503 no\r\n503 no\r\n")],
        [(b"\r\n", b"554 go away\r\n"), (b"\r\n", b"554 no\r\n")],
    ],
)
async def test_a_server_that_takes_no_sender_is_away(conversation: Sequence[tuple[bytes, bytes]]) -> None:
    async with script(conversation) as (connection, _):
        with pytest.raises(ServerAway):
            await connection.send(TO, MESSAGE, SENDER)


async def test_leave_taken_while_idle_is_no_answer_to_the_next_mail() -> None:
    taken = [
        (b"DATA\r\n", b"250 ok\r\n250 ok\r\n354 go on\r\n"),
        (b"\r\n.\r\n", b"250 taken\r\n421 closing an idle connection\r\n"),
    ]
    async with script([HELLO, *taken], [HELLO, *taken]) as (connection, _):
        assert (await connection.send(TO, MESSAGE, SENDER)).kind == "2xx"
        await asyncio.sleep(0.1)
        assert (await connection.send(TO, MESSAGE, SENDER)).kind == "2xx"
