"""The poll loop of every consumer, with time limits, a stall check and reconnects."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TypeAlias

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.kafka.batches import Record
from shared.kafka.make_consumer import positions_of
from shared.kafka.producer import KafkaUnavailable
from shared.kafka.stall_watch import StallWatch
from shared.kafka.within import within
from shared.process.backoff import Backoff
from shared.process.logs import get_log
from shared.process.loops import is_cancelled

log = get_log(__name__)

MAX_BATCH = 500
POLL_MS = 1_000
ANSWER_SECONDS = 15.0
GATHER_SECONDS, FEW_RECORDS = 0.01, range(2, 100)
"""After a poll of a few records the loop sleeps this long, so that under load the next batch is fuller.

A single record never waits, nor does a backlog.
"""


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """The offsets of one partition that were handled: from `first` to before `next`.

    Not every offset has a record.
    """

    topic: str
    partition: int
    first: int
    next: int


@dataclass(frozen=True, slots=True)
class Polled:
    """The result of one poll.

    Records, in order within each partition, and the offset ranges that they cover.
    """

    records: Sequence[Record]
    offset_ranges: Sequence[OffsetRange]

    @property
    def offsets(self) -> dict[TopicPartition, int]:
        """Return the offsets to commit."""
        return {TopicPartition(each.topic, each.partition): each.next for each in self.offset_ranges}


class PollFailed(OSError):
    """aiokafka failed with an error of an unexpected type."""


Connect: TypeAlias = Callable[[], AbstractAsyncContextManager[AIOKafkaConsumer]]
Work: TypeAlias = Callable[[AIOKafkaConsumer, Polled], Awaitable[None]]


async def poll_for_ever(
    connect: Connect, work: Work, *, watch: Callable[[], StallWatch], alive: Callable[[], None] = lambda: None
) -> None:
    """Pass each poll that returned something to `work`, until cancelled; reconnects after a lost broker.

    `alive` is called after every poll and every attempt to connect, `watch` for every connection.
    """
    backoff = Backoff(first=0.2, most=5.0)
    while True:
        try:
            async with connect() as consumer:
                watching, before = watch(), dict[TopicPartition, int]()
                while True:
                    polled = await poll(consumer, before)
                    alive()
                    if polled.records or polled.offset_ranges:
                        await work(consumer, polled)
                        before |= polled.offsets
                    held = consumer.assignment()
                    before = {place: position for place, position in before.items() if place in held}
                    if polled.records:
                        watching.note_records()
                    else:
                        await watching.check(consumer)
                    backoff.reset()
                    if len(polled.records) in FEW_RECORDS:
                        await asyncio.sleep(GATHER_SECONDS)
        except (KafkaError, KafkaUnavailable, OSError, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and is_cancelled():
                raise
            log.warning(
                "consumer_restarts",
                error=type(error).__name__,
                exc_info=error if isinstance(error, PollFailed) else None,
            )
            # Reconnecting counts as progress: a new process could do no more.
            alive()
            await backoff.wait()


async def poll(
    consumer: AIOKafkaConsumer, before: Mapping[TopicPartition, int], most: int = MAX_BATCH
) -> Polled:
    """Poll once; `before` holds the known positions. Raises `TimeoutError` when the client hangs."""
    try:
        polled = await within(ANSWER_SECONDS, consumer.getmany(timeout_ms=POLL_MS, max_records=most))
    except (KafkaError, OSError):
        raise
    except Exception as error:
        # No error of the library may end a process; if the lag persists, there is an alarm.
        raise PollFailed(type(error).__name__) from error
    # No await in between: these are the positions right after these records.
    offset_ranges = []
    for place, position in positions_of(consumer).items():
        records = polled.get(place)
        first = min(before.get(place, position), records[0].offset if records else position)
        if records or before.get(place) != position:
            offset_ranges.append(OffsetRange(*place, first, position))
    return Polled([record for records in polled.values() for record in records], offset_ranges)
