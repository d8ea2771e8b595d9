"""Publishes the history: unpublished entries go to `requests.lifecycle`."""

from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import text as sql

from shared.database.advisory_locks import HISTORY_PUBLISHERS
from shared.events.envelope import Message, context_headers
from shared.events.topics import LIFECYCLE
from shared.kafka.producer import EventProducer
from shared.outbox.entries import Entries
from shared.outbox.publish import Outbox, Publisher
from shared.web.health import Liveness

if TYPE_CHECKING:
    import asyncpg

SOURCE = "/asiointi/tracker"
SEND_SECONDS = 20.0


def _message(row: "asyncpg.Record") -> Message:
    headers = context_headers(
        row["type"], str(row["event_id"]), SOURCE, row["occurred_at"], row["traceparent"]
    )
    return Message(str(row["request_id"]).encode(), row["value"], headers)


HISTORY = Outbox(
    name="history",
    entries=Entries(
        table="history",
        columns="request_id, event_id, type, occurred_at, traceparent, value",
        message=_message,
        waiting="value is not null",
        published="update history set value = null, published_at = now()",
    ),
    crash_point="tracker.relay.after-ack",
    older_lock=HISTORY_PUBLISHERS,
)


def history_publisher(dsn: str, producer: EventProducer, liveness: Liveness) -> Publisher:
    """Make the loop; `wake()` it after a commit, or `notify history`."""
    return Publisher(HISTORY, dsn, partial(producer.send_all, LIFECYCLE, within=SEND_SECONDS), liveness)


NOTIFY_PUBLISHER = sql("select pg_notify('history', '')")
