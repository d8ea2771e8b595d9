"""SQL to claim, mark and set aside the entries of an outbox.

Each statement names the owner of the lease, so that a process that lost it claims and marks nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.events.envelope import Message
from shared.outbox.lease import Lease
from shared.outbox.tables import LANES

if TYPE_CHECKING:
    import asyncpg

LANE = f"get_byte(uuid_send(request_id), 15) % {LANES}"
"""The last byte of a request id is random in every version that we use.

Entries of one request are in one lane.
"""
IN_OWN_LANES = f"{LANE} = any(array(select lane from outbox_lanes where outbox = $1 and owner = $2))"  # noqa: S608  ours


@dataclass(frozen=True)
class Entries:
    """A table with `id` (its order), `request_id` and `refused`.

    `columns` are what `message` needs, `waiting` selects the entries that are not published yet, `published`
    is the update or delete of those that are.
    """

    table: str
    columns: str
    message: Callable[["asyncpg.Record"], Message]
    published: str
    waiting: str = "true"

    @property
    def claim(self) -> str:
        """Return the oldest entries of the owner's lanes.

        `again` is true if another process may have sent one already.
        """
        return f"""
            with claimed as materialized (
                select id, {self.columns}, {LANE} as lane from {self.table}
                where {self.waiting} and refused is null and {IN_OWN_LANES}
                    and exists (select from leases where owner = $2 and expires_at > clock_timestamp())
                order by id limit $3
            ), noted as (
                update leases set claimed_to = (select max(id) from claimed)
                where owner = $2 and exists (select from claimed)
            )
            select claimed.*, coalesce(id <= sent_to, false) as again
            from claimed join outbox_lanes on outbox_lanes.outbox = $1 and outbox_lanes.lane = claimed.lane
            order by id"""  # noqa: S608  ours

    @property
    def mark(self) -> str:
        """Mark entries as published."""
        return f"{self.published} where id = any($3::bigint[]) and {self.waiting} and {IN_OWN_LANES}"

    @property
    def set_aside(self) -> str:
        """Set an entry aside, with the reason."""
        return f"update {self.table} set refused = $4 where id = $3 and {self.waiting} and {IN_OWN_LANES}"  # noqa: S608  ours


class ClaimedEntries:
    """The entries of one outbox, accessed in the session of its lease; raises as `Lease.fetch` does."""

    def __init__(self, entries: Entries, lease: Lease) -> None:
        self._claim, self._mark, self._set_aside = entries.claim, entries.mark, entries.set_aside
        self._lease = lease

    async def claim(self, most: int) -> list["asyncpg.Record"]:
        """Return up to `most` entries of our lanes in order."""
        return await self._run(self._claim, most)

    async def mark(self, ids: Sequence[int]) -> None:
        """Mark entries that Kafka has acknowledged."""
        await self._run(self._mark, ids)

    async def set_aside(self, id_: int, reason: str) -> None:
        """Set an entry aside that can never be sent, so that it does not block the others."""
        await self._run(self._set_aside, id_, reason)

    async def _run(self, statement: str, *arguments: Any) -> list["asyncpg.Record"]:  # noqa: ANN401  as asyncpg
        return await self._lease.fetch(statement, self._lease.kind, self._lease.owner, *arguments)
