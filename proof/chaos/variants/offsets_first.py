"""Broken variant: commits the offsets before the database, so that a kill in between loses records."""

from aiokafka import AIOKafkaConsumer

from shared.kafka import consume as product
from shared.kafka.group import commit_offsets
from shared.kafka.poll import Polled
from shared.process.crash_points import crash_point


def break_it() -> None:
    """Swap the two commits of the batch loop."""
    product.BatchConsumer._process_and_commit = _commit_and_process  # type: ignore[method-assign]  # noqa: SLF001  breaks it from outside


async def _commit_and_process(
    self: product.BatchConsumer, consumer: AIOKafkaConsumer, polled: Polled
) -> None:
    await commit_offsets(consumer, polled.offsets)
    if self._group == "tracker.submitted" and polled.records:
        crash_point("variant.after-offset-commit")
    await self._process(polled)
