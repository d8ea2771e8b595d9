"""The statements that end a process's ownership of deliveries, so that any process can claim them."""

from collections.abc import Collection, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.queue.deliveries import count
from shared.process.logs import get_log

log = get_log(__name__)

GIVE_BACK = text("""
update deliveries set state = 'pending', owner = null,
  next_attempt_at = now() + make_interval(secs => :seconds)
where id = any(cast(:ids as bigint[])) and owner = :owner and state = 'sending'""")

# Claimed by a statement whose answer never came: ours in the database, and unknown here.
DISOWN = text("""
update deliveries set state = 'pending', owner = null
where state = 'sending' and owner = :owner and id <> all(cast(:known as bigint[]))""")

# Versions before the lease hold a lock instead.
RECLAIM = text("""
with gone as materialized (
  select owner from (select distinct owner from deliveries where state = 'sending' and owner <> :owner) other
  where now() - pg_postmaster_start_time() > interval '3 seconds'
    and not exists (select from leases where leases.owner = other.owner))
update deliveries set state = 'pending', owner = null where id in (
  select id from deliveries
  where state = 'sending' and owner in (select owner from gone where pg_try_advisory_xact_lock(owner))
  for update skip locked)""")


async def give_back(session: AsyncSession, owner: int, ids: Sequence[int], *, seconds: float = 0.0) -> None:
    """Return deliveries that were claimed but not tried; they are due again in `seconds`."""
    await session.execute(GIVE_BACK, {"owner": owner, "ids": list(ids), "seconds": seconds})


async def disown(session: AsyncSession, owner: int, known: Collection[int]) -> int:
    """Return the deliveries that are `owner`'s and not `known`; the result is how many."""
    return await count(session, DISOWN, {"owner": owner, "known": list(known)})


async def reclaim(session: AsyncSession, owner: int) -> int:
    """Take back the deliveries of processes that have no lease any more; the result is how many."""
    taken = await count(session, RECLAIM, {"owner": owner})
    if taken:
        log.warning("deliveries_reclaimed", count=taken)
    return taken
