"""Sends records to Kafka, waits for the acks, and replaces a producer that no longer works."""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, OutOfOrderSequenceNumber, ProducerFenced, UnknownProducerId

from shared.events.envelope import Message
from shared.kafka.connection import KafkaConnection
from shared.kafka.refusals import LARGEST_RECORD, refusal_of, send_alone, unsendable
from shared.kafka.start import STOP_SECONDS, start
from shared.kafka.within import within
from shared.process.backoff import Backoff
from shared.process.logs import get_log
from shared.process.loops import is_cancelled

log = get_log(__name__)

# After an outage an idempotent producer can answer every send with one of these for ever; only a new one
# helps.
BROKEN_PRODUCER = (OutOfOrderSequenceNumber, UnknownProducerId, ProducerFenced)
STALLED_SECONDS = 10.0
"""A producer that had time-outs and no ack for this long is replaced.

Its sender may have stopped for ever.
"""
BATCH_BYTES = 128 * 1024
"""A partition has one batch in flight at a time, so a backlog moves by this size for each round trip."""


class KafkaUnavailable(Exception):
    """The broker did not confirm. The record may still arrive: a repeat must carry the same id."""


class RecordRefused(Exception):
    """Kafka will never accept this record, so a retry is useless.

    `index` is its position in the batch, `reason` a slug (`too-large`, `invalid-record`, …).
    """

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(f"record {index}: {reason}")
        self.index = index
        self.reason = reason


class EventProducer:
    """An idempotent producer (`acks=all`) that connects in the background and is replaced when it fails.

    `async with EventProducer(kafka, client_id) as producer: await producer.send(topic, encode(envelope))`.
    """

    def __init__(self, kafka: KafkaConnection, client_id: str) -> None:
        self._kafka = kafka
        self._client_id = client_id
        self._producer: AIOKafkaProducer | None = None
        self._connected = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._unacknowledged_since: float | None = None

    async def __aenter__(self) -> Self:
        """Start connecting in the background; does not wait for the broker."""
        self._connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Flush what is buffered, for a few seconds at most, and close."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._producer:
            await _stop(self._producer)

    @property
    def connected(self) -> bool:
        """True if a producer is connected; the broker may have gone since."""
        return self._connected.is_set()

    async def send(self, topic: str, message: Message, *, within: float = 30.0) -> None:
        """Send one record; returns after the broker's ack. Raises as `send_all` does."""
        await self.send_all(topic, (message,), within=within)

    async def send_all(self, topic: str, messages: Iterable[Message], *, within: float = 30.0) -> None:
        """Send records of one topic in order; returns after every ack.

        Raises `KafkaUnavailable` after `within` seconds, and `RecordRefused` for a record that Kafka will
        never accept. After either, any of the other records may have arrived: send them again with the same
        ids.
        """
        records = list(messages)
        for index, message in enumerate(records):
            if reason := unsendable(message):
                raise RecordRefused(index, reason)
        producer = None
        if self._unacknowledged_since is None:
            self._unacknowledged_since = time.monotonic()
        try:
            async with asyncio.timeout(within):
                await self._connected.wait()
                producer = self._producer
                assert producer is not None  # noqa: S101  for the type checker: the event says so
                futures = [
                    await producer.send(topic, each.value, each.key, headers=each.headers) for each in records
                ]
                refused = await _acks(futures)
                self._unacknowledged_since = None
                if refused:
                    # The broker waits for the refused sequence numbers for ever: this producer is useless.
                    self._replace(producer)
                    await self._find_refused(topic, records, refused)
        except (KafkaError, TimeoutError, OSError, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and is_cancelled():
                raise
            if _is_broken(error) or (isinstance(error, TimeoutError) and self._stalled):
                self._replace(producer)
            raise KafkaUnavailable(type(error).__name__) from error

    @property
    def _stalled(self) -> bool:
        since = self._unacknowledged_since
        return since is not None and time.monotonic() - since >= STALLED_SECONDS

    async def _find_refused(self, topic: str, records: Sequence[Message], refused: Sequence[int]) -> None:
        """Send each record of a refused batch alone: Kafka refuses a batch for any one of its records.

        That record may be another caller's.
        """
        for index in refused:
            await self._connected.wait()
            producer = self._producer
            assert producer is not None  # noqa: S101  as above
            try:
                await send_alone(producer, topic, records[index])
            except KafkaError as error:
                if reason := refusal_of(error):
                    self._replace(producer)
                    raise RecordRefused(index, reason) from error
                raise

    async def check(self) -> None:
        """Ask the broker for its metadata; raises `KafkaUnavailable` where that fails."""
        if self._producer is None:
            message = "not connected"
            raise KafkaUnavailable(message)
        try:
            if not await self._producer.client.force_metadata_update():
                message = "no metadata"
                raise KafkaUnavailable(message)
        except (KafkaError, OSError) as error:
            raise KafkaUnavailable(type(error).__name__) from error

    def _replace(self, broken: AIOKafkaProducer | None) -> None:
        if broken is None or broken is not self._producer:
            return
        log.warning("producer_replaced", client_id=self._client_id)
        self._producer = None
        self._unacknowledged_since = None
        self._connected.clear()
        self._keep(asyncio.create_task(_stop(broken)))
        self._connect()

    def _connect(self) -> None:
        self._keep(asyncio.create_task(self._connect_for_ever()))

    def _keep(self, task: "asyncio.Task[None]") -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect_for_ever(self) -> None:
        backoff = Backoff(first=0.1, most=2.0)
        while True:
            producer = AIOKafkaProducer(
                **self._kafka.client_options(),
                client_id=self._client_id,
                acks="all",
                enable_idempotence=True,
                max_batch_size=BATCH_BYTES,
                max_request_size=2 * LARGEST_RECORD,
            )
            try:
                await start(producer)
            except (KafkaError, OSError) as error:
                await _stop(producer)
                log.warning("kafka_away", client_id=self._client_id, error=type(error).__name__)
                await backoff.wait()
            except asyncio.CancelledError:
                await _stop(producer)
                raise
            else:
                self._producer = producer
                self._connected.set()
                return


def _is_broken(error: BaseException) -> bool:
    """True if the producer cannot recover.

    A bare `KafkaError` means that its background sender has died ("Unexpected error during batch delivery",
    after a connection was cut at the wrong moment). Metadata still arrives, but every send fails for ever.
    """
    return isinstance(error, BROKEN_PRODUCER) or type(error) is KafkaError


async def _acks(futures: Sequence["asyncio.Future[object]"]) -> list[int]:
    """Wait for the acks; returns the indexes of the refused records."""
    refused: list[int] = []
    try:
        for index, future in enumerate(futures):
            try:
                # Shielded: a cancelled caller must not remove the record from its batch.
                await asyncio.shield(future)
            except KafkaError as error:
                # Records after a refused one have sequence numbers that the broker does not expect.
                if not refusal_of(error) and not (refused and isinstance(error, OutOfOrderSequenceNumber)):
                    raise
                refused.append(index)
    except BaseException:
        # One failure is raised; asyncio would log the others as never retrieved.
        for future in futures:
            future.add_done_callback(lambda done: done.cancelled() or done.exception())
        raise
    return refused


async def _stop(producer: AIOKafkaProducer) -> None:
    with contextlib.suppress(Exception):
        await within(STOP_SECONDS, producer.stop())
