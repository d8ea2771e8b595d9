"""Publishes what waits in the spool, in order, when Kafka is back."""

import asyncio
from collections.abc import Sequence

from sqlalchemy.exc import SQLAlchemyError

from services.intake.follow_numbers import Numbers
from services.intake.reach_kafka import SubmittedTopic
from services.intake.spool import Spool
from shared.backoff import Backoff
from shared.events.envelope import Message
from shared.kafka.producer import KafkaUnavailable
from shared.logs import get_log

log = get_log(__name__)

LOOK_SECONDS = 1.0
ACK_SECONDS = 30.0


async def publish_spool(spool: Spool, topic: SubmittedTopic, numbers: Numbers) -> None:
    """Work the spool off for ever; one process at a time does it, and a server that is away is waited for."""
    backoff = Backoff(first=0.2, most=5.0)

    async def publish(messages: Sequence[Message]) -> None:
        await topic.send(messages, within=ACK_SECONDS)

    while True:
        await topic.wait_until_back(LOOK_SECONDS)
        if topic.away:
            continue
        spool.added.clear()
        try:
            published = await spool.work_off(publish)
        except (KafkaUnavailable, SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("spool_not_published", error=type(error).__name__)
            await backoff.wait()
            continue
        backoff.reset()
        for record in published:
            numbers.accepted(record.request_id, record.body_digest)
        if published:
            log.info("spool_published", records=len(published))
        else:
            await _look_again(spool)


async def _look_again(spool: Spool) -> None:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            await spool.added.wait()
    except TimeoutError:
        return
