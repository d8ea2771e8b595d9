"""The Kafka topics with their partitions and retention, and the consumer groups that read them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

SUBMITTED = "requests.submitted"
LIFECYCLE = "requests.lifecycle"
COMMANDS = "requests.commands"
MAIL_OUTCOMES = "mail.outcomes"

PARTITIONS = 6
DAY_MS = 24 * 60 * 60 * 1000
MAX_BYTES = 1_048_588
"""Kafka's own default."""
DEAD_LETTER_BYTES = 2 * MAX_BYTES
"""A dead letter has headers that the record did not have."""


def dead_letter_topic(topic: str) -> str:
    """Return the topic for records of `topic` that can never succeed."""
    return f"{topic}.dead-letter"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: partitions, retention in milliseconds, and how large a batch of records may be."""

    name: str
    partitions: int
    retention_ms: int
    max_bytes: int = MAX_BYTES


def main_topics(
    command_topics: Iterable[str] = (COMMANDS,), partitions: int = PARTITIONS
) -> tuple[Topic, ...]:
    """Return the topics of events."""
    return (
        Topic(SUBMITTED, partitions, 14 * DAY_MS),
        Topic(LIFECYCLE, partitions, 30 * DAY_MS),
        *(Topic(topic, partitions, 14 * DAY_MS) for topic in command_topics),
        Topic(MAIL_OUTCOMES, partitions, 14 * DAY_MS),
    )


def all_topics(
    command_topics: Iterable[str] = (COMMANDS,), partitions: int = PARTITIONS
) -> tuple[Topic, ...]:
    """Return the topics of events with their dead-letter topics."""
    main = main_topics(command_topics, partitions)
    return main + tuple(
        Topic(dead_letter_topic(topic.name), 1, 90 * DAY_MS, DEAD_LETTER_BYTES) for topic in main
    )


def readers(command_topics: Iterable[str] = (COMMANDS,)) -> Mapping[str, Sequence[str]]:
    """Return the product's own consumer groups and their topics; the ledger watches their lag."""
    command_topics = tuple(command_topics)
    return {
        "tracker.submitted": (SUBMITTED,),
        "tracker.commands": command_topics,
        "tracker.mail-outcomes": (MAIL_OUTCOMES,),
        "tracker.dead-letters": tuple(dead_letter_topic(topic.name) for topic in main_topics(command_topics)),
        "notifier": (LIFECYCLE,),
    }


MAIN_TOPICS, TOPICS, READERS = main_topics(), all_topics(), readers()
"""With the default settings."""
