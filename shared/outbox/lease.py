"""A process's lease in the database, which expires unless renewed and is fenced by a database session.

A process that takes over first ends the session of the previous owner, so that no late statement of it takes
effect.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg

from shared.database.driver_errors import DRIVER_ERRORS
from shared.database.engine import connect
from shared.process.backoff import Backoff
from shared.process.logs import get_log
from shared.process.loops import endless

log = get_log(__name__)

LEASE_SECONDS = 8.0
RENEW_SECONDS = 2.0
STATEMENT_SECONDS = 5.0
STOP_SECONDS = 2.0
LEASES_CHANGED = "leases"

# Marks need not wait for the disk: after a lost mark an entry is published again, and readers drop it by its
# id.
# A plan made for a small table would scan all of it until the next ANALYZE; every statement has an index to
# use.
SESSION = {
    "application_name": "asiointi-lease",
    "synchronous_commit": "off",
    "enable_seqscan": "off",
    "plan_cache_mode": "force_generic_plan",
}

RENEW = """
update leases set backend_pid = pg_backend_pid(), renewed_at = clock_timestamp(),
    expires_at = clock_timestamp() + make_interval(secs => $2),
    backend_start = (select backend_start from pg_stat_activity where pid = pg_backend_pid())
where owner = $1 returning owner"""
INSERT = """
insert into leases (owner, kind, backend_pid, backend_start, renewed_at, expires_at)
select $1, $2, pid, backend_start, clock_timestamp(), clock_timestamp() + make_interval(secs => $3)
from pg_stat_activity where pid = pg_backend_pid()"""
# Right after a start of the server no process has a session; the running ones reconnect first.
EXPIRED = """
select owner, backend_pid, backend_start from leases
where kind = $1 and owner <> $2
    and pg_postmaster_start_time() < clock_timestamp() - make_interval(secs => $3) and (
    expires_at < clock_timestamp() or renewed_at < clock_timestamp() - make_interval(secs => $3)
        and not exists (select from pg_stat_activity a
            where a.pid = leases.backend_pid and a.backend_start = leases.backend_start))"""
LOCK_EXPIRED = EXPIRED + " for update skip locked"
# A pid alone may be another session's by now.
END_SESSION = (
    "select coalesce(bool_and(pg_terminate_backend(pid, 3000)), true) from pg_stat_activity where "
    "pid = $1 and backend_start = $2"
)
# After a cut the server may not have noticed yet.
END_OWN_SESSION = """
select pg_terminate_backend(a.pid, 3000)
from leases join pg_stat_activity a on a.pid = backend_pid and a.backend_start = leases.backend_start
where owner = $1"""
FREE_LANES = (
    "update outbox_lanes set sent_to = claimed_to, owner = null from leases where leases.owner = "
    "$1 and outbox_lanes.owner = $1"
)
END_LEASE = "delete from leases where owner = $1"
RELEASE = "update leases set expires_at = '-infinity' where owner = $1"


def _nothing() -> None: ...


class LeaseLost(Exception):
    """There is no session at the moment, or another process has taken over."""


class Lease:
    """Keeps one lease of a `kind` while `async with lease.kept():` lasts.

    `owner` is the fencing token: the holder's statements name it. `held` is set while there is a session with
    a lease; `valid` is true while no other process can have taken over, by our own clock. `generation` grows
    each time the lease was lost to another process, and `lost()` is called.

    A lease may be taken over when it has expired, or when its session is gone and it was not renewed for
    `grace` seconds. `lock` is a statement that takes the lock of versions without leases; while it returns
    false, this process waits.
    """

    def __init__(
        self,
        dsn: str,
        kind: str,
        *,
        lock: str,
        grace: float = 0.0,
        channel: str = "",
        notified: Callable[[], None] = _nothing,
        lost: Callable[[], None] = _nothing,
    ) -> None:
        self.kind = kind
        self.owner = secrets.randbits(62) + 1
        self.held = asyncio.Event()
        self.generation = 0
        self.on_renewal: Callable[[asyncpg.Connection], Awaitable[None]] | None = None
        self._lost = lost
        self._dsn = dsn
        self._lock = lock.format(owner=self.owner)
        self._grace = grace
        self._channels = {LEASES_CHANGED: self._look_now, channel: notified}
        self._connection: asyncpg.Connection | None = None
        self._turn = asyncio.Lock()
        self._due = asyncio.Event()
        self._renewed_at = float("-inf")

    @property
    def valid(self) -> bool:
        """True if no other process can have taken over yet.

        Read it right before an action of the holder only.
        """
        return _clock() < self._renewed_at + (LEASE_SECONDS if self.held.is_set() else self._grace)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Hold the lease across lost connections, and release it at once at the end."""
        holder = asyncio.current_task()
        keeper = asyncio.create_task(endless(self._keep()))
        # A bug in there must end the work too.
        keeper.add_done_callback(lambda ended: holder.cancel() if holder and not ended.cancelled() else None)
        try:
            yield
        finally:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper

    async def fetch(self, statement: str, *arguments: Any) -> list[asyncpg.Record]:  # noqa: ANN401  as asyncpg
        """Execute one statement in the lease's session; raises `LeaseLost`, or one of `DRIVER_ERRORS`."""
        async with self._turn:
            if self._connection is None or not self.held.is_set():
                raise LeaseLost
            return list(await self._connection.fetch(statement, *arguments))

    async def _keep(self) -> None:
        backoff = Backoff(first=0.02, most=1.0)
        while True:
            try:
                async with self._session() as connection:
                    await connection.fetch(END_OWN_SESSION, self.owner)
                    await self._stand_by(connection)
                    while True:
                        await self._renew(connection)
                        backoff.reset()
                        with suppress(TimeoutError):
                            async with asyncio.timeout(RENEW_SECONDS):
                                await self._due.wait()
                        self._due.clear()
            except (*DRIVER_ERRORS, LeaseLost) as error:
                log.warning("lease_session_lost", kind=self.kind, error=type(error).__name__)
            await backoff.wait()

    @asynccontextmanager
    async def _session(self) -> AsyncIterator["asyncpg.Connection"]:
        connection = await connect(self._dsn, command_timeout=STATEMENT_SECONDS, server_settings=SESSION)
        own = connection.get_server_pid()
        try:
            connection.add_termination_listener(lambda _: self._look_now())
            for channel, call in self._channels.items():
                if channel:
                    await connection.add_listener(
                        channel, lambda _, pid, *__, call=call: call() if pid != own else None
                    )
            yield connection
        except asyncio.CancelledError:
            with suppress(*DRIVER_ERRORS):
                async with asyncio.timeout(STOP_SECONDS), self._turn:
                    await connection.execute(RELEASE, self.owner)
                    await connection.execute(f"notify {LEASES_CHANGED}")
            raise
        finally:
            self.held.clear()
            self._connection = None
            # Not `close()`: it would wait for the answer of a server that may be gone.
            connection.terminate()

    async def _stand_by(self, connection: "asyncpg.Connection") -> None:
        while not await connection.fetchval(self._lock):
            log.info("lease_stands_by", kind=self.kind)
            await asyncio.sleep(RENEW_SECONDS / 2)

    async def _renew(self, connection: "asyncpg.Connection") -> None:
        async with self._turn:
            asked = _clock()
            if not await connection.fetchval(RENEW, self.owner, LEASE_SECONDS):
                if self.held.is_set():
                    raise LeaseLost
                self.generation += 1
                if self.generation > 1:
                    self._lost()
                await connection.execute(INSERT, self.owner, self.kind, LEASE_SECONDS)
                await connection.execute(f"notify {LEASES_CHANGED}")
            self._renewed_at, self._connection = asked, connection
            if await connection.fetch(EXPIRED, self.kind, self.owner, self._grace):
                await self._take_over(connection)
            if self.on_renewal:
                await self.on_renewal(connection)
            self.held.set()

    async def _take_over(self, connection: "asyncpg.Connection") -> None:
        async with connection.transaction():
            for lease in await connection.fetch(LOCK_EXPIRED, self.kind, self.owner, self._grace):
                if await connection.fetchval(END_SESSION, lease["backend_pid"], lease["backend_start"]):
                    await connection.execute(FREE_LANES, lease["owner"])
                    await connection.execute(END_LEASE, lease["owner"])
                    log.warning("lease_taken_over", kind=self.kind, from_owner=lease["owner"])

    def _look_now(self) -> None:
        self._due.set()


def _clock() -> float:
    """Return seconds that also pass while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
