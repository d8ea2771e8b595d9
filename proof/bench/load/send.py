"""Sends a load: closed loop or open loop."""

import asyncio
import time
from array import array
from collections import Counter

from proof.bench.load.bodies import watch_writer, writer
from proof.bench.load.connection import Connection
from proof.bench.load.load import Load

ID_MARK, ID_LENGTH = b'"request_id":"', 36
NUMBER_EVENT = b"event: number"
NANO = 1_000_000_000
MOST_CONNECTIONS = 512
SUCCESS = range(200, 300)
WATCH_TRIES = 20


class Sender:
    """Sends one load; afterwards the arrays hold nanoseconds of `time.monotonic_ns()` by position, 0 for what did not happen."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._post, self._watch = writer(load), watch_writer(load)
        self._posting: list[Connection] = []
        self._watching: list[Connection] = []
        self.due = array("q", bytes(8 * load.count))
        self.sent, self.answered, self.numbered = (array("q", self.due) for _ in range(3))
        self.ids = bytearray(ID_LENGTH * load.count)
        self.statuses: Counter[int] = Counter()

    async def prepare(self) -> None:
        """Open the connections, so that none is opened while the clock runs unless answers are late."""
        clients = self._load.clients or 8
        self._posting = [Connection(self._load.port) for _ in range(clients)]
        self._watching = [Connection(self._load.port) for _ in range(clients if self._load.watch_every else 0)]
        for connection in (*self._posting, *self._watching):
            await connection.open()

    async def send(self) -> None:
        """Send everything and wait for the answers."""
        await (self._open_loop() if self._load.rate else self._closed_loop())
        for connection in (*self._posting, *self._watching):
            connection.close()

    async def _closed_loop(self) -> None:
        positions = iter(range(self._load.count))

        async def client() -> None:
            for position in positions:
                self.due[position] = time.monotonic_ns()
                await self._one(position)
                if self._load.pause:
                    await asyncio.sleep(self._load.pause)

        await asyncio.gather(*(client() for _ in range(self._load.clients)))

    async def _open_loop(self) -> None:
        """Send each when it is due; one that could not be sent in time (all connections wait for answers, say) still counts from then."""
        started, free = time.monotonic_ns(), asyncio.Semaphore(MOST_CONNECTIONS)

        async def one(position: int) -> None:
            await self._one(position)
            free.release()

        async with asyncio.TaskGroup() as group:
            for position in range(self._load.count):
                due = self.due[position] = due_at(started, position, self._load.rate)
                if (wait := due - time.monotonic_ns()) > 0:
                    await asyncio.sleep(wait / NANO)
                await free.acquire()
                group.create_task(one(position))

    async def _one(self, position: int) -> None:
        connection = _borrow(self._posting, self._load.port)
        self.sent[position] = time.monotonic_ns()
        answer = await connection.exchange(self._post(self._load.first + position))
        self._posting.append(connection)
        self.statuses[answer.status] += 1
        if answer.status not in SUCCESS:
            return
        self.answered[position] = answer.at
        request_id = answer.body.partition(ID_MARK)[2][:ID_LENGTH]
        self.ids[position * ID_LENGTH : (position + 1) * ID_LENGTH] = request_id.ljust(ID_LENGTH)
        if self._load.watch_every and position % self._load.watch_every == 0:
            await self._watch_number(position, request_id)

    async def _watch_number(self, position: int, request_id: bytes) -> None:
        connection = _borrow(self._watching, self._load.port)
        for _ in range(WATCH_TRIES):
            told = await connection.exchange(self._watch(request_id))
            if NUMBER_EVENT in told.body:
                self.numbered[position] = told.at
                break
            if told.status not in SUCCESS:
                break
        self._watching.append(connection)


def due_at(started: int, position: int, rate: float) -> int:
    """Give when request `position` of an open loop is due, in nanoseconds: from the start, never from the one before it."""
    return started + round(position * NANO / rate)


def _borrow(idle: list[Connection], port: int) -> Connection:
    return idle.pop() if idle else Connection(port)
