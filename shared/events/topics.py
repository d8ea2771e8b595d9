"""The Kafka topics, how many partitions each has and how long it keeps its records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SUBMITTED = "requests.submitted"
LIFECYCLE = "requests.lifecycle"
COMMANDS = "requests.commands"
MAIL_OUTCOMES = "mail.outcomes"

DAY_MS = 24 * 60 * 60 * 1000
MAX_BYTES = 1_048_588
"""Kafka's own default."""
DEAD_LETTER_BYTES = 2 * MAX_BYTES
"""A dead letter has headers that the record did not have."""


def dead_letter_topic(topic: str) -> str:
    """Name the topic for records of `topic` that can never succeed."""
    return f"{topic}.dead-letter"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: partitions, retention in milliseconds, and how large a batch of records may be."""

    name: str
    partitions: int
    retention_ms: int
    max_bytes: int = MAX_BYTES


MAIN_TOPICS = (
    Topic(SUBMITTED, 6, 14 * DAY_MS),
    Topic(LIFECYCLE, 6, 30 * DAY_MS),
    Topic(COMMANDS, 6, 14 * DAY_MS),
    Topic(MAIL_OUTCOMES, 6, 14 * DAY_MS),
)
TOPICS = MAIN_TOPICS + tuple(Topic(dead_letter_topic(topic.name), 1, 90 * DAY_MS, DEAD_LETTER_BYTES) for topic in MAIN_TOPICS)

READERS: Mapping[str, Sequence[str]] = {
    "tracker.submitted": (SUBMITTED,),
    "tracker.commands": (COMMANDS,),
    "tracker.mail-outcomes": (MAIL_OUTCOMES,),
    "tracker.dead-letters": tuple(dead_letter_topic(topic.name) for topic in MAIN_TOPICS),
    "notifier": (LIFECYCLE,),
}
"""The product's own consumer groups and what they read: those whose lag is ours to answer for."""
