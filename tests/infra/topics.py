"""The topics, made with one replica each: aiokafka refuses the broker's default (-1)."""

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.events.topics import TOPICS


async def make_topics(bootstrap: str) -> None:
    """Make every topic on an empty broker."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic.name, topic.partitions, 1) for topic in TOPICS])
    finally:
        await admin.close()
