"""What an alarm says to the address that operators named: JSON that chat systems and alert receivers take."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.tracker.domain import Reason
from services.tracker.models import Alarm

SENTENCES: Mapping[Reason, str] = {
    "skipped": "records that tracker was never given: requests may be missing",
    "no-number": "requests without a work number",
    "no-receipt": "requests without a receipt, nor a report that it failed",
    "no-mail": "resolutions, questions or rejections that did not go out, nor were reported as failed",
    "mail-failed": "mails that did not reach their readers: try them again, or call and settle it",
    "returned-mail-unsettled": "mails that came back, and that nobody has dealt with in time",
    "unpublished": "history entries that are not on Kafka",
    "spool": "submissions in the spool, because Kafka did not take them",
    "dead-letter": "dead letters that wait for an operator",
    "lag": "records that a reader is behind",
    "unsendable": "history entries that Kafka will never take",
    "canary": "test request that did not get its number and its mail within a minute",
    "alarm-undelivered": "alarms that the alarm address has not taken",
    "not-removed": "requests whose retention time was over two days ago, and whose contents are still there",
    "numbers-low": "percent of the work numbers of this length are used",
    "unknown": "part that the ledger cannot ask",
}


def message(alarms: Sequence[Alarm]) -> dict[str, Any]:
    """Put alarms into one message: `text` for people, `alarms` for programs.

    Nothing personal is in either.
    """
    lines = [
        f"{'Over' if alarm.ended_at else 'ALARM'}: {_place(alarm)}{alarm.most} {SENTENCES[alarm.reason]}"
        for alarm in alarms
    ]
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
