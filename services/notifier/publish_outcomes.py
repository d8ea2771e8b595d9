"""Publishes what became of the mails: the outcomes written down with the results go to `mail.outcomes` in order, and their rows after the ack."""

import asyncio
from contextlib import suppress
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Row, text

from shared.backoff import Backoff
from shared.crash_points import crash_point
from shared.database import Sessions, is_transient
from shared.events.envelope import Envelope, Message, encode
from shared.events.mail_outcomes import MailBounced, MailDeferred, MailFailed, MailOutcome, MailSent
from shared.events.topics import MAIL_OUTCOMES
from shared.health import Liveness
from shared.kafka.producer import EventProducer, KafkaUnavailable
from shared.logs import get_log

log = get_log(__name__)

SOURCE = "/asiointi/notifier"
MOST = 500
FALLBACK_SECONDS = 1.0
SEND_SECONDS = 20.0
GATHER_SECONDS, FEW = 0.02, range(2, 100)
"""Nobody waits for an outcome: where several come at once, the next ones gather."""
LOCK = 4_711_003

ONE_AT_A_TIME = text("select pg_advisory_xact_lock(:key)")
UNPUBLISHED = text("""
select id, request_id, event_id, template, message_id, traceparent, state, attempt, reply, occurred_at, retry_at,
  sending, bounce, status, diagnostic
from outcomes order by id limit :most""")
PUBLISHED = text("delete from outcomes where id = any(cast(:ids as bigint[]))")


class OutcomeRelay:
    """One loop of a worker: `await OutcomeRelay(…).run()` works until it is cancelled; `wake()` says that there are new outcomes.

    An outcome may be published twice, with the same event id, but never in another order within its request.
    """

    loop = "outcomes"

    def __init__(self, sessions: Sessions, producer: EventProducer, liveness: Liveness) -> None:
        self._sessions = sessions
        self._producer = producer
        self._liveness = liveness
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look for new outcomes now."""
        self._woken.set()

    async def run(self) -> None:
        """Publish until cancelled, whether or not PostgreSQL and Kafka are there."""
        backoff = Backoff(first=0.1, most=2.0)
        while True:
            self._liveness.beat(self.loop)
            try:
                published = await self._publish()
                backoff.reset()
            except Exception as error:
                if not isinstance(error, KafkaUnavailable) and not is_transient(error):
                    raise
                log.warning("outcomes_wait", error=type(error).__name__)
                await backoff.wait()
                continue
            if published in FEW:
                await asyncio.sleep(GATHER_SECONDS)
            if published < MOST:
                await self._wait()

    async def _publish(self) -> int:
        async with self._sessions.begin() as session:
            await session.execute(ONE_AT_A_TIME, {"key": LOCK})
            rows = (await session.execute(UNPUBLISHED, {"most": MOST})).all()
            if rows:
                await self._producer.send_all(MAIL_OUTCOMES, map(_message, rows), within=SEND_SECONDS)
                crash_point("notifier.after-outcomes-ack")
                await session.execute(PUBLISHED, {"ids": [row.id for row in rows]})
        return len(rows)

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(FALLBACK_SECONDS):
                await self._woken.wait()
        self._woken.clear()


def _message(row: Row[Any]) -> Message:
    event_id = str(uuid5(NAMESPACE_URL, f"{row.message_id}/{row.id}"))
    return encode(Envelope(_outcome(row), SOURCE, event_id, row.occurred_at, row.traceparent))


def _outcome(row: Row[Any]) -> MailOutcome:
    facts = {
        "request_id": row.request_id,
        "cause_id": row.event_id,
        "template": row.template,
        "message_id": row.message_id,
        "sending": row.sending,
        "attempt": row.attempt,
        "occurred_at": row.occurred_at,
    }
    match row.state:
        case "sent":
            return MailSent(**facts)
        case "deferred":
            return MailDeferred(**facts, reply=row.reply, retry_at=row.retry_at)
        case "bounced":
            return MailBounced(**facts, bounce=row.bounce, status=row.status, diagnostic=row.diagnostic)
    return MailFailed(**facts, reply=row.reply)
