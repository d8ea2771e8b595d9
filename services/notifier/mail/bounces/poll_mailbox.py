"""Reads reports out of a mailbox over IMAP, where no server can bring them to us.

How far it has read is in the database, by the mailbox's own numbers (UID), and is written after what was
read: a mail may be read twice, and never not at all. Mails that are no reports about our mails stay unread,
for the people who read the mailbox.
"""

import asyncio
import imaplib
import ssl
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import text

from services.notifier.mail.bounces.take_in import Inbox
from services.notifier.settings import Settings
from shared.process.backoff import Backoff
from shared.process.logs import get_log
from shared.web.health import Liveness

log = get_log(__name__)

TIMEOUT_SECONDS = 30.0
AT_ONCE = 50
MOST_BYTES = 4 << 20
AWAY = (OSError, imaplib.IMAP4.error)

POSITION = text(
    "select last_uid from mailbox_positions where mailbox = :mailbox and uid_validity = :validity"
)
ADVANCE = text("""
insert into mailbox_positions as known (mailbox, uid_validity, last_uid) values (:mailbox, :validity, :uid)
on conflict (mailbox) do update set
  last_uid = case when known.uid_validity = excluded.uid_validity
    then greatest(known.last_uid, excluded.last_uid)
    else excluded.last_uid end,
  uid_validity = excluded.uid_validity""")


class Found(NamedTuple):
    """One mail of the mailbox."""

    uid: int
    raw: bytes


class MailboxReader:
    """One loop: `await MailboxReader(…).run()` looks into the mailbox until it is cancelled."""

    loop = "mailbox"

    def __init__(self, settings: Settings, inbox: Inbox, liveness: Liveness) -> None:
        self._settings = settings
        self._inbox = inbox
        self._liveness = liveness
        self._name = f"{settings.imap_username}@{settings.imap_host}/{settings.imap_folder}"

    async def run(self) -> None:
        """Read until cancelled; a mailbox that is away is tried again."""
        backoff = Backoff(first=1.0, most=max(1.0, self._settings.imap_seconds))
        while True:
            self._liveness.beat(self.loop)
            try:
                await self.read_all()
                backoff.reset()
                delay = self._settings.imap_seconds
            except Exception as error:  # noqa: BLE001  the mailbox or the database is away, or answers nonsense: nothing was marked as read
                log.warning("mailbox_away", error=type(error).__name__)
                delay = backoff.next_delay()
            await self._rest(delay)

    async def _rest(self, seconds: float) -> None:
        deadline = asyncio.get_running_loop().time() + seconds
        while (left := deadline - asyncio.get_running_loop().time()) > 0:
            self._liveness.beat(self.loop)
            await asyncio.sleep(min(left, 5.0))

    async def read_all(self) -> None:
        """Read what has come since the last time.

        Raises what the mailbox or the database raises, and then nothing more counts as read.
        """
        connection = await asyncio.to_thread(self._connect)
        try:
            validity = await asyncio.to_thread(self._select, connection)
            while found := await asyncio.to_thread(_fetch, connection, await self._position(validity)):
                self._liveness.beat(self.loop)
                for each in found:
                    if await self._inbox.take_in(each.raw) != "nobody's":
                        await asyncio.to_thread(
                            connection.uid, "STORE", str(each.uid), "+FLAGS.SILENT", r"(\Seen)"
                        )
                    await self._advance(validity, each.uid)
        finally:
            await asyncio.to_thread(_leave, connection)

    def _connect(self) -> imaplib.IMAP4:
        settings, context = self._settings, ssl.create_default_context()
        host, port = settings.imap_host or "", settings.imap_port
        connection: imaplib.IMAP4
        if settings.imap_tls == "tls":
            connection = imaplib.IMAP4_SSL(host, port, ssl_context=context, timeout=TIMEOUT_SECONDS)
        else:
            connection = imaplib.IMAP4(host, port, timeout=TIMEOUT_SECONDS)
            if settings.imap_tls == "starttls":
                connection.starttls(context)
        connection.login(settings.imap_username, settings.imap_password.get_secret_value())
        return connection

    def _select(self, connection: imaplib.IMAP4) -> int:
        _done(connection.select(f'"{self._settings.imap_folder}"'))
        _, validity = connection.response("UIDVALIDITY")
        return int(validity[0] or 0)

    async def _position(self, validity: int) -> int:
        async with self._inbox.sessions() as session:
            return await session.scalar(POSITION, {"mailbox": self._name, "validity": validity}) or 0

    async def _advance(self, validity: int, uid: int) -> None:
        async with self._inbox.sessions.begin() as session:
            await session.execute(ADVANCE, {"mailbox": self._name, "validity": validity, "uid": uid})


def _fetch(connection: imaplib.IMAP4, after: int) -> list[Found]:
    """Fetch the next mails, without marking them as read.

    The server answers `n:*` with the last mail even where that is before n.
    """
    (numbers,) = _done(connection.uid("SEARCH", f"UID {after + 1}:*"))
    uids = sorted(uid for uid in map(int, (numbers or b"").split()) if uid > after)[:AT_ONCE]
    found = []
    for uid in uids:
        state, answer = connection.uid("FETCH", str(uid), f"(UID BODY.PEEK[]<0.{MOST_BYTES}>)")
        if state != "OK":
            # One that the server cannot give must not hold up the others; it stays unread, for people.
            log.warning("mail_not_fetched", uid=uid, state=state)
        found += [Found(uid, part[1]) for part in answer if isinstance(part, tuple)][:1] or [Found(uid, b"")]
    return found


def _done(answer: tuple[str, Sequence[Any]]) -> Sequence[Any]:
    state, data = answer
    if state != "OK":
        raise imaplib.IMAP4.error(state)
    return data


def _leave(connection: imaplib.IMAP4) -> None:
    try:
        connection.logout()
    except AWAY:
        connection.shutdown()
