"""Reading what intake has published."""

from collections.abc import Sequence
from uuid import UUID

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from shared.kafka.connection import KafkaConnection

Record = ConsumerRecord[bytes, bytes]


async def read_topic(kafka: KafkaConnection, topic: str = "requests.submitted") -> list[Record]:
    """Return every record of a topic, partition by partition in order."""
    consumer = AIOKafkaConsumer(
        topic, **kafka.client_options(), auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    try:
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets(
            [TopicPartition(topic, partition) for partition in consumer.partitions_for_topic(topic)]
        )
        records: list[Record] = []
        while [partition for partition, end in ends.items() if await consumer.position(partition) < end]:
            polled = await consumer.getmany(timeout_ms=200)
            records += [record for batch in polled.values() for record in batch]
        return sorted(records, key=lambda record: (record.partition, record.offset))
    finally:
        await consumer.stop()


async def records_of(kafka: KafkaConnection, request_ids: Sequence[str]) -> list[Record]:
    """Return the submitted records of some requests."""
    wanted = {str(UUID(request_id)).encode() for request_id in request_ids}
    return [record for record in await read_topic(kafka) if record.key in wanted]
