"""The event for each outcome of a mail: sent, deferred, failed, or bounced. Pure."""

from collections.abc import Mapping
from typing import Any

from shared.events.mail_outcomes import MailBounced, MailDeferred, MailFailed, MailOutcome, MailSent


def mail_outcome(row: Mapping[str, Any]) -> MailOutcome:
    """Make the event of a row of `outcomes`."""
    facts = {
        "request_id": row["request_id"],
        "cause_id": row["event_id"],
        "template": row["template"],
        "message_id": row["message_id"],
        "sending": row["sending"],
        "attempt": row["attempt"],
        "occurred_at": row["occurred_at"],
    }
    match row["state"]:
        case "sent":
            return MailSent(**facts)
        case "deferred":
            return MailDeferred(**facts, reply=row["reply"], codes=row["codes"], retry_at=row["retry_at"])
        case "bounced":
            return MailBounced(
                **facts, bounce=row["bounce"], status=row["status"], diagnostic=row["diagnostic"]
            )
    return MailFailed(**facts, reply=row["reply"], codes=row["codes"])
