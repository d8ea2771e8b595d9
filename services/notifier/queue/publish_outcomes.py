"""Publishes what became of the mails: the outcomes written down with the results go to `mail.outcomes`."""

from functools import partial
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from shared.database.advisory_locks import OUTCOME_PUBLISHERS
from shared.events.envelope import Envelope, Message, encode
from shared.events.mail_outcomes import MailBounced, MailDeferred, MailFailed, MailOutcome, MailSent
from shared.events.topics import MAIL_OUTCOMES
from shared.kafka.producer import EventProducer
from shared.outbox.entries import Entries
from shared.outbox.publish import Outbox, Publisher
from shared.web.health import Liveness

if TYPE_CHECKING:
    import asyncpg

SOURCE = "/asiointi/notifier"
SEND_SECONDS = 20.0


def _message(row: "asyncpg.Record") -> Message:
    event_id = str(uuid5(NAMESPACE_URL, f"{row['message_id']}/{row['id']}"))
    return encode(Envelope(_outcome(row), SOURCE, event_id, row["occurred_at"], row["traceparent"]))


def _outcome(row: "asyncpg.Record") -> MailOutcome:
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


OUTCOMES = Outbox(
    name="outcomes",
    entries=Entries(
        table="outcomes",
        columns="request_id, event_id, template, message_id, traceparent, state, attempt, reply, occurred_at, retry_at,"
        " sending, bounce, status, diagnostic, codes",
        message=_message,
        published="delete from outcomes",
    ),
    crash_point="notifier.after-outcomes-ack",
    older_lock=OUTCOME_PUBLISHERS,
    # Nobody waits for an outcome.
    gather_seconds=0.02,
)


def outcome_publisher(dsn: str, producer: EventProducer, liveness: Liveness) -> Publisher:
    """Make the loop; `wake()` it after a commit."""
    return Publisher(OUTCOMES, dsn, partial(producer.send_all, MAIL_OUTCOMES, within=SEND_SECONDS), liveness)
