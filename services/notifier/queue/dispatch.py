"""The pool that works deliveries off: claims due ones in batches, sends each over one of the connections, and has the results written down."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from services.notifier.mail.bounces.return_path import PROBE, Sending, return_paths
from services.notifier.delivery import Claimed, Reply, Result
from services.notifier.queue.deliveries import LONG_AGO, at_once, claim, let_all_go
from services.notifier.queue.delivery_lease import delivery_lease
from services.notifier.queue.give_back import disown, give_back, reclaim
from services.notifier.queue.hand_over import HandOver
from services.notifier.queue.lanes import Lanes, Waiting
from services.notifier.queue.record_results import Recorder, result_of
from services.notifier.mail.send.connection_pool import ConnectionPool
from services.notifier.mail.send.open_session import mail_server
from services.notifier.queue.outage import Outage
from services.notifier.mail.send.send_mail import MailConnection
from services.notifier.queue.senders import Outgoing, Senders
from services.notifier.settings import Settings
from services.notifier.write.contents import ContentsBox, Unreadable
from services.notifier.write.write_mail import MailWriter
from shared.database.engine import Sessions, is_transient
from shared.process.backoff import Backoff
from shared.process.logs import get_log
from shared.process.loops import run_together
from shared.text.mail_address import BadAddress, mailbox_address
from shared.web.health import Liveness

log = get_log(__name__)

CLAIMED_PER_CONNECTION = 16
RESULTS_PER_CONNECTION = 8
FALLBACK_SECONDS = 1.0
LATE_COMMIT = timedelta(seconds=1)
STOP_SECONDS, STOP_SENDING_SECONDS = 8.0, 4.0


class Dispatcher:
    """One loop of a worker: `await Dispatcher(…).run()` sends until it is cancelled, and then ends the mails that are under way.

    `wake()` says that there are new deliveries; `told` is called when outcomes are there to publish. What the consumer writes down it may hand over
    by `hand_over`.
    """

    loop = "dispatch"

    def __init__(
        self,
        settings: Settings,
        sessions: Sessions,
        *,
        box: ContentsBox,
        writer: MailWriter,
        liveness: Liveness,
        told: Callable[[], None],
    ) -> None:
        server, connections = mail_server(settings), settings.smtp_connections
        self._settings, self._paths = settings, return_paths(settings)
        self._sessions = sessions
        self._box = box
        self._writer = writer
        self._liveness = liveness
        self._told = told
        self._woken = asyncio.Event()
        self._pool = ConnectionPool(server, connections)
        self._lease = delivery_lease(
            settings.database_url.get_secret_value(), wake=self.wake, lost=self._lost
        )
        self._lanes = Lanes(connections)
        self._outage = Outage(
            sessions,
            MailConnection(server),
            self._paths.path_of(PROBE),
            patience=settings.retry_first_seconds,
            give_up=settings.retry_hours * 3600,
        )
        self._recorder = Recorder(
            sessions, self._lease.owner, self._recorded, most=RESULTS_PER_CONNECTION * connections
        )
        self.hand_over = HandOver(
            self._lease.owner,
            room=self._room_for_new,
            take=self._take_over,
            wake=self.wake,
            doubt=self._doubt,
        )
        self._senders = Senders(
            self._pool,
            self._lanes,
            self._recorder,
            self._outage,
            write=self._write,
            result=self._result,
            taken=self._claim_more,
        )
        self._most = CLAIMED_PER_CONNECTION * connections
        self._more = False
        self._unsure = False
        self._claimed_to = LONG_AGO
        self._looked_all_over = float("-inf")
        self._stopping = False
        self._promised_in = 0

    def wake(self) -> None:
        """Look for due deliveries now."""
        self._woken.set()

    async def run(self) -> None:
        """Send until cancelled."""
        async with self._lease.kept():
            try:
                await run_together(
                    self._recorder.run(),
                    self._outage.run(pause=self._pause, over=self._mail_server_back, told=self._told),
                    self._claim_for_ever(),
                    self._keep_house(),
                    self._senders.run(),
                )
            finally:
                await self._stop()

    async def _claim_for_ever(self) -> None:
        backoff = Backoff(first=0.05, most=2.0)
        while True:
            self._liveness.beat(self.loop)
            if self._lease.valid and self._outage.there.is_set():
                try:
                    await self._claim()
                    backoff.reset()
                except Exception as error:
                    # The claim may have been committed all the same, and only its answer lost.
                    self._unsure = True
                    if not is_transient(error):
                        raise
                    log.warning("database_away", error=type(error).__name__)
                    await backoff.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(FALLBACK_SECONDS):
                    await self._woken.wait()
            self._woken.clear()

    async def _claim(self) -> None:
        room = self._most - len(self._lanes)
        if room <= 0:
            self._more = True
            return None
        # While a transaction writes mails down as ours it cannot be told which of ours we do not know of.
        sure, generation = not self._unsure or self.hand_over.under_way, self._lease.generation
        async with at_once(self._sessions) as session:
            if not sure:
                await disown(session, self._lease.owner, self._lanes.ids() | self._recorder.ids())
            claimed = await claim(session, self._lease.owner, room, self._since())
        if generation != self._lease.generation:
            return self._doubt()
        self._unsure = self._unsure and sure
        self._more = len(claimed) == room
        self._claimed_to = max((mail.due_since for mail in claimed), default=LONG_AGO)
        for mail in claimed:
            try:
                contents = self._box.unlock(mail.contents, mail.message_id)
                self._lanes.put(Waiting(mail, contents, mailbox_address(contents.email)))
            except (BadAddress, Unreadable) as error:
                log.warning(
                    "mail_without_address",
                    request_id=str(mail.request_id),
                    delivery=mail.id,
                    error=type(error).__name__,
                )
                await self._recorder.room()
                self._recorder.add(self._result(mail, Reply("bad-address", type(error).__name__)))
        return None

    def _room_for_new(self) -> int:
        """Say how many new mails may pass those that are due already: none where any of those wait."""
        self._promised_in = self._lease.generation
        ready = (
            self._lease.valid
            and self._outage.there.is_set()
            and not (self._stopping or self._unsure or self._more)
        )
        return max(0, self._most - len(self._lanes)) if ready else 0

    def _take_over(self, mails: Sequence[Waiting]) -> None:
        if self._promised_in != self._lease.generation:
            return self._doubt()
        for waiting in mails:
            self._lanes.put(waiting)
        return None

    def _lost(self) -> None:
        self._lanes.drop_all()  # another process has it by now, or will
        self._doubt()

    def _doubt(self) -> None:
        self._unsure = True
        self.wake()

    def _since(self) -> datetime:
        """Say from where on to look for due mails: once a second from the beginning, and in between from the last one taken."""
        if time.monotonic() - self._looked_all_over > FALLBACK_SECONDS:
            self._looked_all_over = time.monotonic()
            return LONG_AGO
        return self._claimed_to - LATE_COMMIT

    def _claim_more(self) -> None:
        if self._more and len(self._lanes) * 2 <= self._most:
            self.wake()

    def _mail_server_back(self) -> None:
        self._pool.reset()
        self.wake()

    def _write(self, waiting: Waiting) -> Outgoing | Reply | None:
        if not self._lease.valid:
            self._doubt()
            return None
        try:
            return Outgoing(
                self._writer.write(waiting.mail, waiting.contents, waiting.to.address),
                self._paths.path_of(Sending(waiting.mail.id, waiting.mail.sending)),
            )
        except Exception as error:  # noqa: BLE001  one mail that cannot be written never can be; it must not hold up the others, and is told of
            # Without its traceback, which could hold what stands in the mail.
            log.error(  # noqa: TRY400  as said
                "mail_not_written",
                request_id=str(waiting.mail.request_id),
                delivery=waiting.mail.id,
                error=type(error).__name__,
            )
            return Reply("unwritable", "")

    def _result(self, mail: Claimed, reply: Reply) -> Result:
        return result_of(
            mail,
            reply,
            retry_first_seconds=self._settings.retry_first_seconds,
            retry_hours=self._settings.retry_hours,
        )

    def _recorded(self, released: bool) -> None:  # noqa: FBT001  the recorder's word
        self._told()
        if released:
            self.wake()

    async def _keep_house(self) -> None:
        while True:
            try:
                await self._give_back(self._lanes.drop_slow(), seconds=self._settings.retry_first_seconds)
                if self._lease.valid:
                    async with at_once(self._sessions) as session:
                        taken, released = await reclaim(session, self._lease.owner), await let_all_go(session)
                    if taken:
                        self._looked_all_over = float("-inf")
                    if taken or released:
                        self.wake()
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("database_away", error=type(error).__name__)
            await asyncio.sleep(FALLBACK_SECONDS)

    async def _pause(self) -> None:
        await self._give_back(self._lanes.drop_all())

    async def _give_back(
        self, dropped: list[Waiting], *, seconds: float = 0.0, unknown: bool = False
    ) -> None:
        """Return mails; with `unknown` also those of a claim that was cancelled after it was committed."""
        if not dropped and not unknown:
            return
        try:
            async with at_once(self._sessions) as session:
                await give_back(
                    session, self._lease.owner, [waiting.mail.id for waiting in dropped], seconds=seconds
                )
                if unknown:
                    await disown(session, self._lease.owner, self._recorder.ids())
        except Exception as error:
            # They are out of our hands now, whether or not the database knows it.
            self._unsure = True
            if not is_transient(error):
                raise

    async def _stop(self) -> None:
        """End what is under way, write it down, and give back the rest; whatever cannot be done in time is taken back by the next process."""
        self._stopping = True
        await self._senders.stop(STOP_SENDING_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS - STOP_SENDING_SECONDS):
                await self._recorder.flush()
                await self._give_back(self._lanes.drop_all(), unknown=True)
                await self._pool.close()
