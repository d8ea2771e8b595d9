"""Sends a load from a process of its own, and returns the times and status of each request."""

import asyncio
import gc
import time
from array import array
from collections import Counter
from collections.abc import Mapping, MutableSequence, Sequence
from dataclasses import dataclass

import uvloop

from proof.bench.load.connection import Connection
from proof.bench.load.load import Load
from proof.bench.own_process import in_own_process

MILLI, NANO = 1_000_000, 1_000_000_000
ID_MARK, ID_LENGTH = b'"request_id":"', 36
NUMBER_EVENT = b"event: number"
MOST_CONNECTIONS = 512
SUCCESS = range(200, 300)
WATCH_TRIES = 20


@dataclass
class Sent:
    """Times of each request by position, in `time.monotonic_ns()`, 0 for what did not happen.

    `statuses` counts the answers (0: connections that broke).
    """

    load: Load
    due: MutableSequence[int]
    sent: MutableSequence[int]
    answered: MutableSequence[int]
    numbered: MutableSequence[int]
    request_ids: list[str]
    statuses: Counter[int]

    @property
    def accepted(self) -> int:
        """How many were answered with success."""
        return sum(1 for moment in self.answered if moment)

    def ms(self, moments: Sequence[int]) -> list[float]:
        """Return the milliseconds from due until `moments`, of those that have one."""
        return [(moment - due) / MILLI for due, moment in zip(self.due, moments, strict=True) if moment]

    def numbers_missing(self) -> int:
        """Return how many were accepted and watched, but never got their number."""
        every = self.load.watch_every or len(self.due) + 1
        return sum(
            1
            for answered, numbered in zip(self.answered[::every], self.numbered[::every], strict=True)
            if answered and not numbered
        )

    def mailed(self, arrivals: Mapping[str, int]) -> list[int]:
        """Return when each request's mail arrived."""
        return [arrivals.get(self.load.address_of(position), 0) for position in range(self.load.count)]


async def send(load: Load) -> Sent:
    """Send a load and wait for all answers; raises `StartFailure` when the generator itself fails."""
    return await in_own_process(_send, load)


def due_at(started: int, position: int, rate: float) -> int:
    """Return when request `position` of an open loop is due, in nanoseconds, counted from the start."""
    return started + round(position * NANO / rate)


def _send(load: Load) -> Sent:
    return uvloop.run(_Sender(load).run())


class _Sender:
    """The client; it shares the machine with what it measures, so it does as little as possible."""

    def __init__(self, load: Load) -> None:
        self._load, self._post = load, load.writer()
        self._posting: list[Connection] = []
        self._watching: list[Connection] = []
        due, sent, answered, numbered = (array("q", bytes(8 * load.count)) for _ in range(4))
        self._of = Sent(load, due, sent, answered, numbered, [""] * load.count, Counter())

    async def run(self) -> Sent:
        """Open the connections first, then send everything."""
        clients = self._load.clients or 8
        self._posting = [Connection(self._load.port) for _ in range(clients)]
        self._watching = [
            Connection(self._load.port) for _ in range(clients if self._load.watch_every else 0)
        ]
        for connection in (*self._posting, *self._watching):
            await connection.open()
        gc.collect()
        gc.freeze()
        await (self._open_loop() if self._load.rate else self._closed_loop())
        return self._of

    async def _closed_loop(self) -> None:
        positions = iter(range(self._load.count))

        async def client() -> None:
            for position in positions:
                self._of.due[position] = time.monotonic_ns()
                await self._one(position)
                if self._load.pause:
                    await asyncio.sleep(self._load.pause)

        await asyncio.gather(*(client() for _ in range(self._load.clients)))

    async def _open_loop(self) -> None:
        """Send each request when it is due.

        One that is late, because all connections wait, is timed from then.
        """
        started, free = time.monotonic_ns(), asyncio.Semaphore(MOST_CONNECTIONS)

        async def one(position: int) -> None:
            await self._one(position)
            free.release()

        async with asyncio.TaskGroup() as group:
            for position in range(self._load.count):
                due = self._of.due[position] = due_at(started, position, self._load.rate)
                if (wait := due - time.monotonic_ns()) > 0:
                    await asyncio.sleep(wait / NANO)
                await free.acquire()
                group.create_task(one(position))

    async def _one(self, position: int) -> None:
        connection = self._posting.pop() if self._posting else Connection(self._load.port)
        self._of.sent[position] = time.monotonic_ns()
        answer = await connection.exchange(self._post(position))
        self._posting.append(connection)
        self._of.statuses[answer.status] += 1
        if answer.status not in SUCCESS:
            return
        self._of.answered[position] = answer.at
        request_id = answer.body.partition(ID_MARK)[2][:ID_LENGTH]
        self._of.request_ids[position] = request_id.decode()
        if self._load.watch_every and position % self._load.watch_every == 0:
            await self._watch_number(position, request_id)

    async def _watch_number(self, position: int, request_id: bytes) -> None:
        connection = self._watching.pop() if self._watching else Connection(self._load.port)
        for _ in range(WATCH_TRIES):
            answer = await connection.exchange(self._load.watch(request_id))
            if NUMBER_EVENT in answer.body:
                self._of.numbered[position] = answer.at
                break
            if answer.status not in SUCCESS:
                break
        self._watching.append(connection)
