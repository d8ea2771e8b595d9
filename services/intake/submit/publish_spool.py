"""Publishes the spool's records once Kafka is back."""

import json
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from services.intake.submit.circuit_breaker import SubmittedTopic
from services.intake.submit.recent_requests import RecentRequests
from services.intake.submit.spool import Spool
from shared.database.advisory_locks import SPOOL_PUBLISHERS
from shared.events.envelope import Message
from shared.outbox.entries import Entries
from shared.outbox.publish import Outbox, Publisher
from shared.process.logs import get_log
from shared.web.health import Liveness

if TYPE_CHECKING:
    import asyncpg

log = get_log(__name__)

ACK_SECONDS = 30.0


def _message(row: "asyncpg.Record") -> Message:
    return Message(
        str(row["request_id"]).encode(),
        row["value"],
        [(name, text.encode()) for name, text in json.loads(row["headers"])],
    )


SPOOL = Outbox(
    name="spool",
    entries=Entries(
        table="spool",
        columns="request_id, body_digest, value, headers",
        message=_message,
        published="delete from spool",
    ),
    crash_point="intake.spool.after-ack",
    older_lock=SPOOL_PUBLISHERS,
    most=200,
)


def spool_publisher(dsn: str, spool: Spool, topic: SubmittedTopic, numbers: RecentRequests) -> Publisher:
    """Return the loop; it waits while Kafka is known to be away."""

    async def published(rows: Sequence["asyncpg.Record"]) -> None:
        for row in rows:
            numbers.accepted(row["request_id"], row["body_digest"])
        if rows:
            log.info("spool_published", records=len(rows))
        elif spool.filled:
            await spool.look()

    publisher = Publisher(SPOOL, dsn, partial(topic.send, within=ACK_SECONDS), Liveness(None, ()), published)
    spool.on_add = publisher.wake
    return publisher
