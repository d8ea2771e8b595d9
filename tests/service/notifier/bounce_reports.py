"""What the tests of returned mails do.

Take reports in over a socket, write them, and look at what came of it.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiosmtplib import SMTP, SMTPResponseException
from sqlalchemy import Row

from services.notifier.mail.bounces.receive_reports import receiving
from services.notifier.mail.bounces.return_path import return_paths
from services.notifier.mail.bounces.take_in import Inbox
from services.notifier.settings import Settings
from services.notifier.write.contents import ContentsBox
from shared.database.engine import Sessions
from tests.pure.notifier.mail.bounces.report_samples import HEAD, UNKNOWN_USER, standard
from tests.service.notifier.builders import PRIVATE_KEY, fetch_rows
from tests.service.notifier.mail_server import free_port

RETURN_PATH = "bounces@kunta.example"


def inbox_of(settings: Settings, sessions: Sessions) -> Inbox:
    """Make what reports are taken in by."""
    return Inbox(sessions, return_paths(settings), ContentsBox(PRIVATE_KEY))


@asynccontextmanager
async def report_listener(settings: Settings, sessions: Sessions) -> AsyncIterator[int]:
    """Listen as the process does; return the port."""
    inbox, port = inbox_of(settings, sessions), free_port()
    async with receiving("127.0.0.1", port, settings.inbound_protocol, inbox.paths.takes, inbox.take_in):
        yield port


async def send_report(port: int, to: str, raw: bytes) -> tuple[int, str]:
    """Bring a report as a mail server does; return the answer."""
    async with SMTP(hostname="127.0.0.1", port=port) as smtp:
        await smtp.ehlo()
        try:
            await smtp.mail("")
            await smtp.rcpt(to)
            answer = await smtp.data(raw)
        except SMTPResponseException as error:
            return error.code, error.message
        return answer.code, answer.message


def build_report(fields: str = UNKNOWN_USER, note: str = "Sorry.") -> bytes:
    """Write a report; another note makes it another one."""
    return standard(HEAD + fields, note)


async def bounced_outcomes(sessions: Sessions) -> Sequence[Row[Any]]:
    """Return the outcomes of mails that came back."""
    return await fetch_rows(sessions, "select * from outcomes where state = 'bounced' order by id")


async def send_raw(port: int, said: bytes) -> bytes:
    """Say bytes to a listener and give everything it answers until it leaves, or says no more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    answered = b""
    try:
        async with asyncio.timeout(5):
            while piece := await reader.read(65_536):
                answered += piece
    except (TimeoutError, ConnectionError):
        pass
    writer.close()
    return answered
