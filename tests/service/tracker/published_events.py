"""Reading what tracker has published."""

from uuid import UUID

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from shared.events.envelope import Envelope, decode
from shared.events.event import Event
from shared.events.topics import LIFECYCLE
from shared.kafka.connection import KafkaConnection


async def read_topic(kafka: KafkaConnection, topic: str) -> list["ConsumerRecord[bytes, bytes]"]:
    """Return every record of a topic, each partition in order."""
    consumer = AIOKafkaConsumer(
        topic, **kafka.client_options(), auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        ends = await consumer.end_offsets(partitions)
        await consumer.seek_to_beginning()
        found: list[ConsumerRecord[bytes, bytes]] = []
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            polled = await consumer.getmany(timeout_ms=200)
            found += [record for records in polled.values() for record in records]
        return found
    finally:
        await consumer.stop()


async def published_events(kafka: KafkaConnection, request_id: UUID) -> list[Envelope[Event]]:
    """Return the lifecycle events of one request in the order of the log."""
    key = str(request_id).encode()
    return [
        decode(record.value, record.headers)
        for record in await read_topic(kafka, LIFECYCLE)
        if record.key == key
    ]
