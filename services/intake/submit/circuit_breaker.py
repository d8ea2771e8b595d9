"""Sends records to `requests.submitted` behind a circuit breaker.

While Kafka is known to be away, senders fail at once instead of waiting.
"""

import asyncio
from collections.abc import Sequence

from shared.crypto.record_mac import RecordSigner
from shared.events.envelope import Message
from shared.events.topics import SUBMITTED
from shared.kafka.producer import EventProducer, KafkaUnavailable
from shared.process.backoff import Backoff
from shared.process.logs import get_log

log = get_log(__name__)

PROBE_SECONDS = 2.0


class SubmittedTopic:
    """Signs records, sends them and waits for the ack, at most `deadline` seconds.

    A failed send opens the breaker, `probe()` closes it.
    """

    def __init__(self, producer: EventProducer, signer: RecordSigner, deadline: float) -> None:
        self._producer = producer
        self._signer = signer
        self._deadline = deadline
        self._away = asyncio.Event()
        self._back = asyncio.Event()
        self._back.set()

    @property
    def away(self) -> bool:
        """True if Kafka is known to be away."""
        return self._away.is_set()

    async def send(self, messages: Sequence[Message], *, within: float | None = None) -> None:
        """Send records in order; raises `KafkaUnavailable`, after which any of them may still arrive."""
        if self.away:
            raise KafkaUnavailable("known to be away")
        try:
            await self._producer.send_all(
                SUBMITTED, list(map(self._signer.sign, messages)), within=within or self._deadline
            )
        except KafkaUnavailable as error:
            self._open(error)
            raise

    async def wait_until_back(self, most_seconds: float) -> None:
        """Wait until the breaker is closed, or the time is over."""
        try:
            async with asyncio.timeout(most_seconds):
                await self._back.wait()
        except TimeoutError:
            return

    async def probe(self) -> None:
        """Run for ever: while the breaker is open, ask the broker again and again."""
        while True:
            await self._away.wait()
            backoff = Backoff(first=0.1, most=1.0)
            while not await self._answers():
                await backoff.wait()
            self._away.clear()
            self._back.set()
            log.info("kafka_back")

    async def check(self) -> None:
        """Raise `KafkaUnavailable` or `TimeoutError` if the broker does not answer."""
        async with asyncio.timeout(PROBE_SECONDS):
            await self._producer.check()

    async def _answers(self) -> bool:
        try:
            await self.check()
        except (KafkaUnavailable, TimeoutError):
            return False
        return True

    def _open(self, error: KafkaUnavailable) -> None:
        if not self.away:
            log.warning("kafka_away", error=str(error))
        self._away.set()
        self._back.clear()
