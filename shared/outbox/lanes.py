"""Shares the lanes of an outbox evenly among the processes that hold a lease."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from shared.outbox.lease import Lease
from shared.outbox.tables import LANES

if TYPE_CHECKING:
    import asyncpg

OWNERS_AND_LANES = """
select array(
        select owner from leases where kind = $1 and expires_at > clock_timestamp() order by owner
    ) as living,
    array(select lane from outbox_lanes where outbox = $1 and owner = $2) as mine,
    array(select lane from outbox_lanes where outbox = $1 and owner is null) as free"""
TAKE = (
    "update outbox_lanes set owner = $2 where outbox = $1 and lane = any($3::int[]) and owner is null "
    "returning lane"
)
RELEASE = """
update outbox_lanes set owner = null, sent_to = claimed_to from leases
where outbox = $1 and outbox_lanes.owner = $2 and leases.owner = $2 and lane = any($3::int[])"""


class Lanes:
    """Takes free lanes of this process's share at each renewal of the lease.

    Calls `taken()` when there were any.
    """

    def __init__(self, lease: Lease, taken: Callable[[], None]) -> None:
        self._lease = lease
        self._taken = taken
        self._surplus: list[int] = []
        self._others = False
        lease.on_renewal = self._balance

    @property
    def others(self) -> bool:
        """True if other processes own lanes too."""
        return self._others

    async def release_surplus(self) -> None:
        """Release lanes beyond this process's share; only while none of their entries is in flight."""
        if self._surplus:
            surplus, self._surplus, self._others = self._surplus, [], True
            await self._lease.fetch(RELEASE, self._lease.kind, self._lease.owner, surplus)
            await self._lease.fetch("select pg_notify('leases', '')")

    async def _balance(self, connection: "asyncpg.Connection") -> None:
        outbox, owner = self._lease.kind, self._lease.owner
        row = await connection.fetchrow(OWNERS_AND_LANES, outbox, owner)
        living, mine = list(row["living"]), set(row["mine"])
        if owner not in living:
            return
        share = {lane for lane in range(LANES) if lane % len(living) == living.index(owner)}
        self._surplus = sorted(mine - share)
        wanted = sorted(share & set(row["free"]))
        if wanted and await connection.fetch(TAKE, outbox, owner, wanted):
            mine |= set(wanted)
            self._taken()
        self._others = len(mine) < LANES
        if self._surplus:
            self._taken()
