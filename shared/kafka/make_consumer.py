"""Makes every consumer of ours: nothing is committed by itself, what was rolled back is not read, what cannot be read ends nothing."""

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.kafka.batches import read_leniently
from shared.kafka.connection import KafkaConnection

METADATA_MS = 10_000


def make_consumer(kafka: KafkaConnection, *topics: str, **options: object) -> AIOKafkaConsumer:
    """Make a consumer that is not started yet."""
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
    """Give where the consumer goes on in each partition that it has, as far as it knows already.

    That is behind the last record given, and behind what is never given: commit markers, rolled-back and compacted records.
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
