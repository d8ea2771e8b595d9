"""Tells alarms to the address that operators named: a POST that chat systems and alert receivers take."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import httpx
from sqlalchemy import or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.tracker.ledger.overdue import Reason
from services.tracker.models import Alarm
from shared.logs import get_log

log = get_log(__name__)

MOST = 50
SENTENCES: Mapping[Reason, str] = {
    "skipped": "records that tracker was never given: requests may be missing",
    "no-number": "requests without a work number",
    "no-receipt": "requests without a receipt, nor a report that it failed",
    "no-mail": "resolutions, questions or rejections that did not go out, nor were reported as failed",
    "mail-failed": "mails that did not reach their readers: try them again, or call and settle it",
    "unpublished": "history entries that are not on Kafka",
    "spool": "submissions in the spool, because Kafka did not take them",
    "dead-letter": "dead letters that wait for an operator",
    "lag": "records that a reader is behind",
    "numbers-low": "percent of the work numbers of this length are used",
    "unknown": "part that the ledger cannot ask",
}


async def tell_alarms(session: AsyncSession, http: httpx.AsyncClient, url: str) -> None:
    """Tell what has begun or ended since the last time; what the address does not take is told again in the next round."""
    untold = or_(col(Alarm.told_at).is_(None), col(Alarm.ended_at).is_not(None) & col(Alarm.end_told_at).is_(None))
    # Whoever holds the rows is telling them.
    alarms = (await session.scalars(select(Alarm).where(untold).order_by(col(Alarm.id)).limit(MOST).with_for_update(skip_locked=True))).all()
    if not alarms:
        return
    if not await post(http, url, alarms):
        return
    now = datetime.now(timezone.utc)
    for alarm in alarms:
        alarm.told_at = alarm.told_at or now
        alarm.end_told_at = now if alarm.ended_at else None


async def post(http: httpx.AsyncClient, url: str, alarms: Sequence[Alarm]) -> bool:
    """Send one message; says whether it was taken."""
    try:
        (await http.post(url, json=message(alarms))).raise_for_status()
    except httpx.HTTPError as error:
        log.warning("alarm_not_told", alarms=len(alarms), error=type(error).__name__)
        return False
    return True


def message(alarms: Sequence[Alarm]) -> dict[str, Any]:
    """Put alarms into one message: `text` for people, `alarms` for programs; nothing personal is in either."""
    lines = [f"{'Over' if alarm.ended_at else 'ALARM'}: {_place(alarm)}{alarm.most} {SENTENCES[alarm.reason]}" for alarm in alarms]
    return {
        "text": "\n".join(lines),
        "alarms": [
            {
                "id": alarm.id,
                "reason": alarm.reason,
                "place": alarm.place,
                "most": alarm.most,
                "began_at": alarm.began_at.isoformat(),
                "ended_at": alarm.ended_at.isoformat() if alarm.ended_at else None,
            }
            for alarm in alarms
        ],
    }


def _place(alarm: Alarm) -> str:
    return f"{alarm.place}: " if alarm.place else ""
