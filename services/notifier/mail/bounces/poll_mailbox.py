"""Reads reports out of a mailbox over IMAP, where no server can bring them to us.

How far it has read is in the database, by the mailbox's own numbers (UID), and is written after what was
read: a mail may be read twice, and never not at all. Mails that are no reports about our mails stay unread,
for the people who read the mailbox.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from sqlalchemy import text

from services.notifier.mail.bounces.mailbox import Mailbox
from services.notifier.mail.bounces.take_in import Inbox
from services.notifier.settings import Settings
from shared.process.backoff import Backoff
from shared.process.logs import get_log
from shared.web.health import Liveness

log = get_log(__name__)

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
        mailbox = Mailbox(self._settings)
        # One thread: the close comes after what a cancelled look has left under way, and nobody waits for it.
        thread = ThreadPoolExecutor(max_workers=1)
        in_thread = partial(asyncio.get_running_loop().run_in_executor, thread)
        try:
            validity = await in_thread(mailbox.open)
            while found := await in_thread(mailbox.fetch, await self._position(validity)):
                self._liveness.beat(self.loop)
                for each in found:
                    if await self._inbox.take_in(each.raw) != "not ours":
                        await in_thread(mailbox.mark_read, each.uid)
                    await self._advance(validity, each.uid)
        finally:
            thread.submit(mailbox.close)
            thread.shutdown(wait=False)

    async def _position(self, validity: int) -> int:
        async with self._inbox.sessions() as session:
            return await session.scalar(POSITION, {"mailbox": self._name, "validity": validity}) or 0

    async def _advance(self, validity: int, uid: int) -> None:
        async with self._inbox.sessions.begin() as session:
            await session.execute(ADVANCE, {"mailbox": self._name, "validity": validity, "uid": uid})
