"""Publishes the entries of an outbox to Kafka: claims them in order, sends them, marks them after the ack."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.database.driver_errors import DRIVER_ERRORS
from shared.events.envelope import Message
from shared.kafka.producer import KafkaUnavailable, RecordRefused
from shared.outbox.entries import ClaimedEntries, Entries
from shared.outbox.lanes import Lanes
from shared.outbox.lease import Lease, LeaseLost
from shared.process.backoff import Backoff
from shared.process.crash_points import crash_point
from shared.process.logs import get_log
from shared.web.health import Liveness

if TYPE_CHECKING:
    import asyncpg

log = get_log(__name__)

CLAIMED_PER_BATCH = 500
FALLBACK_SECONDS = 1.0
FEW_ENTRIES = range(2, 100)

Send = Callable[[Sequence[Message]], Awaitable[None]]


@dataclass(frozen=True)
class Outbox:
    """The parameters of one outbox.

    `name` is the kind of its leases, its lanes, its loop, and its `NOTIFY` channel.

    `older_lock` is the advisory lock of the versions that had one publisher. After a few entries at once the
    loop waits `gather_seconds`, so that the next batch is fuller.
    """

    name: str
    entries: Entries
    crash_point: str
    older_lock: int
    gather_seconds: float = 0.0
    most: int = CLAIMED_PER_BATCH


class Publisher:
    """One loop of a process: `await Publisher(…).run()` works until cancelled, through any outage.

    `wake()` says that this process committed new entries. Entries of a request are published in order, each
    at least once, under the same id. `published` is called after each look, with the entries that are now
    marked.
    """

    def __init__(
        self,
        outbox: Outbox,
        dsn: str,
        send: Send,
        liveness: Liveness,
        published: Callable[[Sequence["asyncpg.Record"]], Awaitable[None]] | None = None,
    ) -> None:
        self._outbox = outbox
        self._send = send
        self._liveness = liveness
        liveness.watch(outbox.name)
        self._published = published
        lock = f"select pg_try_advisory_lock_shared({outbox.older_lock})"
        self._lease = Lease(dsn, outbox.name, lock=lock, channel=outbox.name, notified=self._wake_up)
        self._lanes = Lanes(self._lease, self._wake_up)
        self._entries = ClaimedEntries(outbox.entries, self._lease)
        self._woken = asyncio.Event()
        self._notify_others = False
        self._unmarked: set[int] = set()

    def wake(self) -> None:
        """Look for new entries now."""
        self._notify_others = True
        self._woken.set()

    async def run(self) -> None:
        """Publish until cancelled; then the lanes are released at once."""
        backoff = Backoff(first=0.1, most=2.0)
        async with self._lease.kept():
            while True:
                self._liveness.beat(self._outbox.name)
                try:
                    looked = await self._look_once()
                except (*DRIVER_ERRORS, LeaseLost, KafkaUnavailable) as error:
                    log.warning("outbox_waits", outbox=self._outbox.name, error=type(error).__name__)
                    await backoff.wait()
                    continue
                backoff.reset()
                if looked in FEW_ENTRIES and self._outbox.gather_seconds:
                    await asyncio.sleep(self._outbox.gather_seconds)
                if looked < self._outbox.most:
                    await self._wait()

    async def _look_once(self) -> int:
        if not self._lease.held.is_set():
            await self._wait_for_the_lease()
            return 0
        if self._notify_others and self._lanes.others:
            await self._lease.fetch("select pg_notify($1, '')", self._outbox.name)
        self._notify_others = False
        await self._lanes.release_surplus()
        rows = await self._entries.claim(self._outbox.most)
        if rows:
            await self._publish(rows)
        if self._published:
            await self._published(rows)
        return len(rows)

    async def _publish(self, rows: Sequence["asyncpg.Record"]) -> None:
        sendable = [(row, message) for row in rows if (message := await self._message(row))]
        while sendable:
            try:
                await self._send_and_mark(sendable)
            except RecordRefused as refusal:
                row, _ = sendable.pop(refusal.index)
                await self._set_aside(row, refusal.reason)
            else:
                return

    async def _message(self, row: "asyncpg.Record") -> Message | None:
        try:
            return self._outbox.entries.message(row)
        except Exception as error:  # noqa: BLE001  an entry that cannot be built now never can
            await self._set_aside(row, type(error).__name__)
            return None

    async def _set_aside(self, row: "asyncpg.Record", reason: str) -> None:
        log.error(
            "entry_set_aside",
            outbox=self._outbox.name,
            id=row["id"],
            request_id=str(row["request_id"]),
            reason=reason,
        )
        await self._entries.set_aside(row["id"], reason)

    async def _send_and_mark(self, sendable: Sequence[tuple["asyncpg.Record", Message]]) -> None:
        if not self._lease.valid:
            raise LeaseLost
        ids = [row["id"] for row, _ in sendable]
        repeats = sum(row["again"] or row["id"] in self._unmarked for row, _ in sendable)
        self._unmarked.update(ids)
        await self._send([message for _, message in sendable])
        crash_point(self._outbox.crash_point)
        if repeats:
            log.warning("republished", outbox=self._outbox.name, count=repeats)
        await self._entries.mark(ids)
        self._unmarked.difference_update(ids)

    def _wake_up(self) -> None:
        self._woken.set()

    async def _wait_for_the_lease(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(FALLBACK_SECONDS):
                await self._lease.held.wait()
        self._woken.set()

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(FALLBACK_SECONDS):
                await self._woken.wait()
        self._woken.clear()
