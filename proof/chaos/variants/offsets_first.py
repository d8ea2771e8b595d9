"""Commits the offsets before the database: what a kill in between takes is read by nobody again."""

from aiokafka import AIOKafkaConsumer

from shared.crash_points import crash_point
from shared.kafka import consumer as product
from shared.kafka.group import commit_offsets
from shared.kafka.stall_watch import StallWatch


def break_it() -> None:
    """Turn the two commits of the batch loop around."""
    product.BatchConsumer._work_off_one_poll = _work_off_one_poll  # type: ignore[method-assign]  # noqa: SLF001  breaks it from outside


async def _work_off_one_poll(self: product.BatchConsumer, consumer: AIOKafkaConsumer, watch: StallWatch) -> None:
    polled = await consumer.getmany(timeout_ms=product.POLL_MS, max_records=product.MAX_BATCH)
    self._liveness.beat(self._loop)
    if polled:
        watch.moved()
        await commit_offsets(consumer, {place: records[-1].offset + 1 for place, records in polled.items()}, self._group)
        if self._group == "tracker.submitted":
            crash_point("variant.after-offset-commit")
        await self._work_off([record for records in polled.values() for record in records])
