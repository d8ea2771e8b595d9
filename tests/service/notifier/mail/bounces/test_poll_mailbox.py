"""Reports are read out of a mailbox where nobody brings them: Debian's Dovecot, over TLS."""

import asyncio
import imaplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psutil
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from services.notifier.mail.bounces.poll_mailbox import MailboxReader
from services.notifier.settings import Settings
from shared.database.engine import Sessions
from shared.web.health import Liveness
from tests.eventually import eventually
from tests.infra.dovecot import PASSWORD, USER, ImapServer, dovecot
from tests.pure.notifier.mail.bounces.report_samples import HEAD, UNKNOWN_USER, standard
from tests.service.notifier.bounce_reports import RETURN_PATH, bounced_outcomes, inbox_of
from tests.service.notifier.builders import (
    Citizen,
    fetch_rows,
    handle_batch,
    make_settings,
    running_dispatcher,
    wait_for_delivery,
)
from tests.service.notifier.mail_server import MailServer

PERSON = b"From: aino@posti.example\nSubject: Kysymys\n\nMilloin asiani on valmis?\n"


@pytest.fixture
async def imap(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ImapServer]:
    """Return a running server whose certificate is trusted."""
    async with dovecot() as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.certificates))
        yield server


@pytest.fixture
def settings(notifier_database: str, mail_server: MailServer, imap: ImapServer) -> Settings:
    """Return settings that look into the mailbox all the time."""
    place = {
        "imap_host": "localhost",
        "imap_port": imap.port,
        "imap_username": USER,
        "imap_password": SecretStr(PASSWORD),
    }
    return make_settings(
        notifier_database, mail_server.port, return_path=RETURN_PATH, imap_seconds=0.1, **place
    )


async def wait_until_closed(port: int) -> None:
    """Wait until this process has no connection to a port; one only dropped fails a test by its warning."""

    async def closed() -> None:
        peers = [each.raddr for each in psutil.Process().net_connections() if each.status == "ESTABLISHED"]
        assert port not in {peer.port for peer in peers}

    await eventually(closed, 10)


@asynccontextmanager
async def polling(settings: Settings, sessions: Sessions) -> AsyncIterator[None]:
    """Read the mailbox for as long as the context lasts."""
    reader = MailboxReader(settings, inbox_of(settings, sessions), Liveness(None, (MailboxReader.loop,)))
    work = asyncio.create_task(reader.run())
    try:
        yield
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


async def sent_mails(settings: Settings, sessions: Sessions, count: int) -> list[str]:
    """Have receipts sent; gives their Message-IDs."""
    citizens = [Citizen() for _ in range(count)]
    async with running_dispatcher(settings, sessions) as dispatcher:
        await handle_batch(sessions, [citizen.registered() for citizen in citizens], dispatcher)
        return [(await wait_for_delivery(sessions, citizen)).message_id for citizen in citizens]


async def test_reports_are_taken_in_and_what_people_wrote_stays_unread(
    settings: Settings, sessions: Sessions, mail_server: MailServer, imap: ImapServer
) -> None:
    first, second = await sent_mails(settings, sessions, 2)
    paths = {str(got.mail["Message-ID"]): got.sender for got in mail_server.got}
    imap.deliver("1", PERSON)
    # One names our mail by its Message-ID alone; of the other the mailbox' server kept where it was sent to.
    imap.deliver("2", standard(HEAD + UNKNOWN_USER, returned=f"Message-ID: {first}\n"))
    imap.deliver(
        "3", f"Delivered-To: {paths[second]}\n".encode() + standard(HEAD + UNKNOWN_USER, returned="")
    )
    imap.deliver("4", b"\xff\xfe\x00" * 100)

    async def taken_in() -> None:
        assert {row.message_id for row in await bounced_outcomes(sessions)} == {first, second}
        assert imap.unread() == {"1", "4"}

    async with polling(settings, sessions):
        await eventually(taken_in, 20)
        imap.deliver("5", PERSON + b"Terveisin Aino\n")

        async def read_on() -> None:
            assert [
                row.last_uid for row in await fetch_rows(sessions, "select last_uid from mailbox_positions")
            ] == [5]

        await eventually(read_on, 20)
    assert imap.unread() == {"1", "4", "5"}
    # A position that was lost has everything read again, and changes nothing.
    async with sessions.begin() as session:
        await session.execute(text("delete from mailbox_positions"))
    async with polling(settings, sessions):
        await eventually(read_on, 20)
    assert len(await bounced_outcomes(sessions)) == 2


async def test_while_the_database_is_away_nothing_is_marked_as_read(
    settings: Settings, sessions: Sessions, imap: ImapServer
) -> None:
    (mail,) = await sent_mails(settings, sessions, 1)
    imap.deliver("1", standard(HEAD + UNKNOWN_USER, returned=f"Message-ID: {mail}\n"))
    async with sessions.begin() as session:
        await session.execute(text("alter table outcomes rename to elsewhere"))
    reader = MailboxReader(settings, inbox_of(settings, sessions), Liveness(None, ()))
    with pytest.raises(Exception, match="outcomes"):
        await reader.read_all()
    assert imap.unread() == {"1"}
    async with sessions.begin() as session:
        await session.execute(text("alter table elsewhere rename to outcomes"))
    await reader.read_all()
    assert len(await bounced_outcomes(sessions)) == 1
    assert imap.unread() == set()


@pytest.mark.parametrize("at", range(0, 12, 2))
async def test_a_look_that_is_cancelled_leaves_no_connection_open(
    settings: Settings, sessions: Sessions, imap: ImapServer, at: int
) -> None:
    imap.deliver("1", PERSON)
    reader = MailboxReader(settings, inbox_of(settings, sessions), Liveness(None, ()))
    look = asyncio.create_task(reader.read_all())
    await asyncio.sleep(at / 300)
    look.cancel()
    await asyncio.wait([look])
    await wait_until_closed(imap.port)


async def test_a_mailbox_that_refuses_is_left(
    settings: Settings, sessions: Sessions, imap: ImapServer
) -> None:
    wrong = settings.model_copy(update={"imap_password": SecretStr("wrong")})
    reader = MailboxReader(wrong, inbox_of(wrong, sessions), Liveness(None, ()))
    with pytest.raises(imaplib.IMAP4.error):
        await reader.read_all()
    await wait_until_closed(imap.port)


async def test_a_server_that_cannot_prove_who_it_is_gets_no_password(
    settings: Settings, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    reader = MailboxReader(settings, inbox_of(settings, sessions), Liveness(None, ()))
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        await reader.read_all()
