"""Looks at submissions that the registrar has not consumed yet, each record once.

Which of them intake made is remembered.
"""

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.tracker.register.from_intake import FromIntake
from shared.canary import is_canary
from shared.kafka.lag import LagReader

MAX_BATCH_SIZE = 2_000
"""Records that one reading looks at: some ten megabytes."""
MAX_HELD = 100_000
MAX_SHOWN = 1_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """A submission that intake made and nobody has registered yet; `timestamp` is when intake sent it."""

    partition: int
    offset: int
    key: bytes | None
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class Unregistered:
    """How many accepted requests lie on the log without a number, and the oldest of them.

    What has not been looked at yet, in a long backlog, counts until it is.
    """

    count: int = 0
    oldest: Sequence[Waiting] = ()


@dataclass(slots=True)
class _Partition:
    position: int
    looked_to: int
    held: deque[Waiting] = field(default_factory=deque)


class UnreadSubmissions:
    """Remembers what it has seen from one reading to the next."""

    def __init__(self, lags: LagReader, group: str, topic: str) -> None:
        self._lags = lags
        self._group = group
        self._topic = topic
        self._partitions: dict[int, _Partition] = {}

    async def look(self, ours: FromIntake) -> Unregistered:
        """Look at what is new; raises `KafkaUnavailable`."""
        room = max(0, MAX_HELD - sum(len(each.held) for each in self._partitions.values()))
        seen = {number: (each.position, each.looked_to) for number, each in self._partitions.items()}
        tail = await self._lags.tail(self._group, self._topic, seen, min(room, MAX_BATCH_SIZE))
        for number, (position, looked_to) in tail.looked.items():
            self._advance(number, position, looked_to)
        for record in tail.records:
            if not is_canary(record.headers) and ours.accepts(
                record.partition, record.offset, record.key, record.value, record.headers
            ):
                waiting = Waiting(record.partition, record.offset, record.key, record.timestamp)
                self._partitions[record.partition].held.append(waiting)
        held = [waiting for each in self._partitions.values() for waiting in each.held]
        oldest = heapq.nsmallest(
            MAX_SHOWN, held, key=lambda each: (each.timestamp, each.partition, each.offset)
        )
        return Unregistered(len(held) + tail.left, oldest)

    def _advance(self, number: int, position: int, looked_to: int) -> None:
        known = self._partitions.setdefault(number, _Partition(position, position))
        if position < known.position or looked_to < known.looked_to:
            # The topic was made anew, or the group goes on from an earlier place: all of it is looked at
            # again.
            known.held.clear()
        known.position, known.looked_to = position, looked_to
        while known.held and known.held[0].offset < position:
            known.held.popleft()
