"""Publishes the outcomes of attempts: rows of `outcomes`, written with the results, go to `mail.outcomes`."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import NAMESPACE_URL, uuid5

from shared.database.advisory_locks import OUTCOME_PUBLISHERS
from shared.events.envelope import Envelope, Message, encode
from shared.events.event import Event
from shared.events.topics import MAIL_OUTCOMES
from shared.kafka.producer import EventProducer
from shared.outbox.entries import Entries
from shared.outbox.publish import Outbox, Publisher
from shared.web.health import Liveness

if TYPE_CHECKING:
    import asyncpg

SOURCE = "/asiointi/notifier"
SEND_SECONDS = 20.0
OUTBOX = "outcomes"

OutcomeOf: TypeAlias = Mapping[str, Callable[[Mapping[str, Any]], Event]]
"""Of each channel by its name: what makes the event of a row of `outcomes`."""


def outcomes_outbox(outcome_of: OutcomeOf) -> Outbox:
    """Describe the outbox; a row of a channel that is not in `outcome_of` is set aside."""

    def message(row: "asyncpg.Record") -> Message:
        event = outcome_of[row["channel"]](dict(row))
        event_id = str(uuid5(NAMESPACE_URL, f"{row['message_id']}/{row['id']}"))
        return encode(Envelope(event, SOURCE, event_id, row["occurred_at"], row["traceparent"]))

    return Outbox(
        name=OUTBOX,
        entries=Entries(
            table="outcomes",
            columns="channel, request_id, event_id, template, message_id, traceparent, state, attempt, reply,"
            " occurred_at, retry_at, sending, bounce, status, diagnostic, codes",
            message=message,
            published="delete from outcomes",
        ),
        crash_point="notifier.after-outcomes-ack",
        older_lock=OUTCOME_PUBLISHERS,
        # Nobody waits for an outcome.
        gather_seconds=0.02,
    )


def outcome_publisher(
    dsn: str, producer: EventProducer, liveness: Liveness, outcome_of: OutcomeOf
) -> Publisher:
    """Make the loop; `wake()` it after a commit."""
    send = partial(producer.send_all, MAIL_OUTCOMES, within=SEND_SECONDS)
    return Publisher(outcomes_outbox(outcome_of), dsn, send, liveness)
