"""Creates every Kafka consumer with manual commits, committed records only and lenient decoding."""

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.kafka.batches import read_leniently
from shared.kafka.connection import KafkaConnection

METADATA_MS = 10_000


def make_consumer(kafka: KafkaConnection, *topics: str, **options: object) -> AIOKafkaConsumer:
    """Return a consumer that is not started yet."""
    read_leniently()
    return AIOKafkaConsumer(
        *topics,
        **kafka.client_options(),
        enable_auto_commit=False,
        isolation_level="read_committed",
        metadata_max_age_ms=METADATA_MS,
        **options,
    )


def positions_of(consumer: AIOKafkaConsumer) -> dict[TopicPartition, int]:
    """Return the consumer's position in each of its partitions, as far as it is known.

    It is after the last returned record, and after offsets without a record: commit markers, aborted and
    compacted records.
    """
    subscription = consumer._subscription.subscription  # noqa: SLF001  `position()` waits where none is known yet
    if subscription is None or subscription.assignment is None:
        return {}
    states = {place: subscription.assignment.state_value(place) for place in subscription.assignment.tps}
    return {
        place: state.position
        for place, state in states.items()
        if state is not None and state.has_valid_position
    }
