"""The consumer without a group and the admin client that read lags, lent to one caller at a time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.kafka.connection import KafkaConnection
from shared.kafka.make_consumer import make_consumer
from shared.kafka.producer import KafkaUnavailable
from shared.kafka.start import STOP_SECONDS, start
from shared.kafka.within import within
from shared.process.logs import get_log
from shared.process.loops import is_cancelled

log = get_log(__name__)

PARTITION_BYTES = 65_536


class LagClients:
    """Connects when first borrowed, and again after a lost broker.

    A caller has `seconds`, the wait for its turn included.
    """

    def __init__(self, kafka: KafkaConnection, seconds: float) -> None:
        self._kafka = kafka
        self._seconds = seconds
        self._lock = asyncio.Lock()
        self._clients: tuple[AIOKafkaConsumer, AIOKafkaAdminClient] | None = None

    @contextlib.asynccontextmanager
    async def borrow(self) -> AsyncIterator[tuple[AIOKafkaConsumer, AIOKafkaAdminClient]]:
        """Lend both clients for as long as the context lasts.

        Raises `KafkaUnavailable` where the broker does not answer in time.
        """
        deadline = asyncio.get_running_loop().time() + self._seconds
        async with self._turn(deadline):
            try:
                async with asyncio.timeout_at(deadline):
                    self._clients = self._clients or await self._open()
                    yield self._clients
            except (KafkaError, OSError, asyncio.CancelledError) as error:
                await self.close()
                if isinstance(error, asyncio.CancelledError) and is_cancelled():
                    raise
                log.warning("lag_not_read", error=type(error).__name__)
                raise KafkaUnavailable(type(error).__name__) from error
            except BaseException:
                await self.close()
                raise

    @contextlib.asynccontextmanager
    async def _turn(self, deadline: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout_at(deadline):
                await self._lock.acquire()
        except TimeoutError as error:
            raise KafkaUnavailable("no turn") from error
        try:
            yield
        finally:
            self._lock.release()

    async def _open(self) -> tuple[AIOKafkaConsumer, AIOKafkaAdminClient]:
        consumer = make_consumer(
            self._kafka,
            group_id=None,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=PARTITION_BYTES,
            request_timeout_ms=int(self._seconds * 1000),
        )
        admin = AIOKafkaAdminClient(
            **self._kafka.client_options(), request_timeout_ms=int(self._seconds * 1000)
        )
        try:
            await start(consumer)
            await start(admin)
        except BaseException:
            await _stop(consumer, admin)
            raise
        return consumer, admin

    async def close(self) -> None:
        """Close both clients; the next borrower connects again."""
        clients, self._clients = self._clients, None
        if clients:
            await _stop(*clients)


async def _stop(consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient) -> None:
    with contextlib.suppress(Exception):
        await asyncio.gather(
            within(STOP_SECONDS, consumer.stop()), within(STOP_SECONDS, admin.close()), return_exceptions=True
        )
