"""Writes single records directly to topics, without the services."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.kafka.connection import KafkaConnection

SEND_SECONDS = 15.0
MAX_REQUEST_BYTES = 2_000_000
Headers = list[tuple[str, bytes]]


def context(kind: str, event_id: str) -> Headers:
    """Return the CloudEvents headers of an external event."""
    attributes = {
        "specversion": "1.0",
        "id": event_id,
        "source": "urn:chaos:outside",
        "type": kind,
        "time": datetime.now(UTC).isoformat(),
    }
    return [
        *((f"ce_{name}", value.encode()) for name, value in attributes.items()),
        ("content-type", b"application/json"),
    ]


async def produce(
    kafka: KafkaConnection,
    topic: str,
    key: bytes | None,
    value: bytes | None,
    headers: Headers,
    *,
    compression: str | None = None,
    rolled_back: bool = False,
) -> None:
    """Send one record with a producer of its own; with `rolled_back` its transaction is aborted.

    Raises `TimeoutError` without an ack; the record may still arrive.
    """
    transaction = {"transactional_id": f"chaos-{uuid4()}"} if rolled_back else {}
    producer = AIOKafkaProducer(
        **kafka.client_options(),
        **transaction,
        acks="all",
        enable_idempotence=True,
        request_timeout_ms=10_000,
        max_request_size=MAX_REQUEST_BYTES,
        compression_type=compression,
    )
    try:
        # A client that met the broker before its registration can wait for ever.
        async with asyncio.timeout(SEND_SECONDS):
            await producer.start()
            if rolled_back:
                await producer.begin_transaction()
            await producer.send_and_wait(topic, value=value, key=key, headers=headers)
            if rolled_back:
                await producer.abort_transaction()
    except (KafkaError, OSError) as error:
        raise TimeoutError from error
    finally:
        with suppress(Exception):
            await producer.stop()
