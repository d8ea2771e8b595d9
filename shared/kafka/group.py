"""Joins, leaves and commits in a consumer group, each with a time limit."""

import contextlib
from collections.abc import AsyncIterator, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from shared.kafka.connection import KafkaConnection
from shared.kafka.make_consumer import make_consumer
from shared.kafka.start import start
from shared.kafka.within import within
from shared.process.logs import get_log

log = get_log(__name__)

COMMIT_SECONDS = 15.0
STOP_SECONDS = 5.0


@contextlib.asynccontextmanager
async def group_consumer(
    kafka: KafkaConnection, group: str, topics: Sequence[str]
) -> AsyncIterator[AIOKafkaConsumer]:
    """Join a group for as long as the context lasts; the caller commits the offsets."""
    consumer = make_consumer(
        kafka,
        *topics,
        group_id=group,
        client_id=group,
        auto_offset_reset="earliest",
        session_timeout_ms=6_000,
        heartbeat_interval_ms=1_500,
        max_poll_interval_ms=600_000,
    )
    try:
        await start(consumer)
        yield consumer
    finally:
        await _leave(consumer)


async def _leave(consumer: AIOKafkaConsumer) -> None:
    try:
        await within(STOP_SECONDS, consumer.stop())
    except Exception:  # noqa: BLE001  the consumer is abandoned in any case
        # After half a stop the heartbeats go on: a member that does not poll would keep its partitions.
        coordinator = consumer._coordinator  # noqa: SLF001  aiokafka has no other way to end a stop that hangs
        for name in ("_coordination_task", "_heartbeat_task", "_commit_refresh_task"):
            if task := getattr(coordinator, name, None):
                task.cancel()
        with contextlib.suppress(Exception):
            await within(STOP_SECONDS, consumer._client.close())  # noqa: SLF001  as above


async def commit_offsets(consumer: AIOKafkaConsumer, offsets: dict[TopicPartition, int]) -> None:
    """Commit offsets; skips partitions that were reassigned to another member.

    Raises `TimeoutError` when the broker does not answer: a commit in flight when the broker goes away can
    wait for ever.
    """
    try:
        await within(COMMIT_SECONDS, consumer.commit(offsets))
    except (CommitFailedError, IllegalStateError) as error:
        # The partitions were reassigned during the batch: the new member reads these records again (at least
        # once).
        log.warning("commit_after_rebalance", error=type(error).__name__)
