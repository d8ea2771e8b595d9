"""The skeleton of a worker process.

Opens what its loops share, registers consumers, and runs all loops together.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeAlias

from shared.database.engine import BY_INDEX, Sessions, open_database
from shared.kafka.consume import (
    BatchConsumer,
    Handler,
    KeepPosition,
    ReadRecord,
    keep_no_position,
    read_event,
)
from shared.kafka.consume_raw import RawConsumer, RawHandler
from shared.kafka.producer import EventProducer
from shared.kafka.settings import KafkaSettings
from shared.outbox.publish import Publisher
from shared.process.logs import get_log
from shared.process.loops import Loop, run_together
from shared.settings import DatabaseSettings
from shared.web.health import Liveness

log = get_log(__name__)

WaitForReader: TypeAlias = Callable[[Sessions, Callable[[], None]], Awaitable[ReadRecord]]
"""Makes a reader as soon as the database allows; it calls its second argument while it waits."""


class WorkerSettings(KafkaSettings, DatabaseSettings):
    """What every worker needs: the broker, the database, and how it is watched."""


class Worker:
    """The loops of one process, and what they share. Register them, then `await worker.run()`.

    `committed` is called after each commit of a consumer, `keep_position(group)` makes what keeps its
    position.
    """

    def __init__(self, settings: WorkerSettings, sessions: Sessions, producer: EventProducer) -> None:
        self.dsn = settings.database_url.get_secret_value()
        self.sessions = sessions
        self.producer = producer
        self.liveness = Liveness(settings.liveness_file, ())
        self.committed: Callable[[], None] = lambda: None
        self.keep_position: Callable[[str], KeepPosition] = lambda _: keep_no_position
        self._kafka = settings.kafka_connection
        self._loops: list[Loop] = []

    def add(self, *loops: Loop, watched: str | None = None) -> None:
        """Add loops; one that calls `liveness.beat(watched)` is watched under that name."""
        if watched:
            self.liveness.watch(watched)
        self._loops.extend(loops)

    def publish(self, make: Callable[[str, EventProducer, Liveness], Publisher]) -> Publisher:
        """Add the publisher of an outbox, and return it: it is woken after a commit."""
        publisher = make(self.dsn, self.producer, self.liveness)
        self.add(publisher.run())
        return publisher

    def consume(
        self,
        group: str,
        topics: Sequence[str],
        handler: Handler,
        *,
        read: ReadRecord = read_event,
        reader: WaitForReader | None = None,
    ) -> None:
        """Add a consumer of events; `reader` makes another `read` before the first record."""
        self.add(self._consume(group, topics, handler, read, reader), watched=_loop(group))

    def consume_raw(self, group: str, topics: Sequence[str], handler: RawHandler) -> None:
        """Add a consumer of records as they came."""
        consumer = RawConsumer(
            self._kafka, group, topics, handler=handler, sessions=self.sessions, liveness=self.liveness
        )
        self.add(consumer.run(), watched=_loop(group))

    async def run(self) -> None:
        """Run all loops until cancelled; one that fails ends the others, and its error is raised."""
        log.info("worker_started")
        await run_together(self.liveness.run(), *self._loops)

    async def _consume(
        self,
        group: str,
        topics: Sequence[str],
        handler: Handler,
        read: ReadRecord,
        reader: WaitForReader | None,
    ) -> None:
        if reader:
            read = await reader(self.sessions, partial(self.liveness.beat, _loop(group)))
        await BatchConsumer(
            self._kafka,
            group,
            topics,
            handler=handler,
            sessions=self.sessions,
            producer=self.producer,
            liveness=self.liveness,
            committed=self.committed,
            keep_position=self.keep_position(group),
            read=read,
        ).run()


@asynccontextmanager
async def open_worker(settings: WorkerSettings, client_id: str) -> AsyncIterator[Worker]:
    """Open the database and the producer of a worker; either may be away at first."""
    async with (
        open_database(
            settings.database_url.get_secret_value(),
            most=settings.database_connections,
            server_settings=BY_INDEX,
            try_first=False,
        ) as sessions,
        EventProducer(settings.kafka_connection, client_id) as producer,
    ):
        yield Worker(settings, sessions, producer)


def _loop(group: str) -> str:
    return f"consume:{group}"
