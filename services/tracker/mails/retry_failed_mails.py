"""Groups failed mails by cause, and retries all of one cause: an outage fails thousands."""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.tracker.clients.notifier import Notifier
from shared.process.logs import get_log
from shared.web.problems import Unavailable

log = get_log(__name__)

BATCH = 500
MAX_SECONDS = 8.0
MAX_CAUSES = 100
WAITS = "failed_at is not null and returned_at is null and settled_at is null"
CAUSE = "coalesce(failure, 'unknown')"

CAUSES = text(f"""
    select {CAUSE} as cause, count(*) as mails, min(failed_at) as first_at, max(failed_at) as last_at
    from owed_mails where {WAITS} group by 1 order by mails desc, cause limit {MAX_CAUSES}
""")  # noqa: S608  constants
OF_CAUSE = f"""{WAITS} and {CAUSE} = :cause and failed_at <= coalesce(:before, now())
    and (cast(:template as text) is null or template = :template)"""
NEXT = text(f"""
    select event_id, failed_at from owed_mails where {OF_CAUSE}
        and (failed_at, event_id) > (:failed_at, :event_id)
    order by failed_at, event_id limit {BATCH} for update skip locked
""")  # noqa: S608  as above
OWED_AGAIN = text("""
    update owed_mails set failed_at = null, failure = null, settled_at = null, settled_by = null,
        since = now()
    where event_id = any(:events)
""")
LEFT = text(f"select count(*) from owed_mails where {OF_CAUSE}")  # noqa: S608  as above


class Retried(NamedTuple):
    """How many mails are tried again, and how many still wait: not failed for notifier, or time ran out."""

    retried: int
    left: int


async def list_causes(session: AsyncSession) -> Sequence[Row[Any]]:
    """Return why mails failed that wait for an operator, the most frequent cause first."""
    return (await session.execute(CAUSES)).all()


async def retry_failed_mails(
    session: AsyncSession,
    notifier: Notifier | None,
    *,
    cause: str,
    by: str,
    template: str | None = None,
    before: datetime | None = None,
) -> Retried:
    """Have all mails of a cause tried again that failed until `before` (now).

    They are owed as if they were new.

    A second time changes nothing. Raises `Unavailable` where notifier was away from the beginning.

    """
    if notifier is None:
        raise Unavailable("TRACKER_NOTIFIER_URL is not set")
    chosen = {"cause": cause, "template": template, "before": before}
    retried, until = 0, time.monotonic() + MAX_SECONDS
    at = {"failed_at": datetime.min, "event_id": ""}  # noqa: DTZ901  before everything
    while time.monotonic() < until and (mails := (await session.execute(NEXT, {**chosen, **at})).all()):
        at = {"failed_at": mails[-1].failed_at, "event_id": mails[-1].event_id}
        try:
            again = await notifier.retry_all([mail.event_id for mail in mails])
        except Unavailable:
            if not retried:
                raise
            break
        await session.execute(OWED_AGAIN, {"events": again})
        retried += len(again)
    log.info("failed_mails_tried_again", count=retried, by=by)
    return Retried(retried, await session.scalar(LEFT, chosen) or 0)
