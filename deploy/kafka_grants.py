"""What each user of a stack's broker may do: the least it needs."""

from deploy.kafka_users import BACK_OFFICES
from shared.events.topics import LIFECYCLE, MAIL_OUTCOMES, MAIN_TOPICS, READERS, SUBMITTED, dead_letter_topic
from shared.kafka.access import Grant, Operation, Pattern, Resource

MAIN = tuple(topic.name for topic in MAIN_TOPICS)
WRITES = {"intake": (SUBMITTED,), "tracker": MAIN, "notifier": (MAIL_OUTCOMES,)}
"""Tracker writes all main topics: an operator has it send a dead letter or a skipped record back to where it came from."""
FOLLOWS = {"intake": (SUBMITTED, LIFECYCLE), "tracker": MAIN}
"""What is read without a group."""


def grants() -> list[Grant]:
    """Give what each SCRAM user may do."""
    given = [
        *(Grant(user, Operation.WRITE, Resource.TOPIC, topic) for user, topics in WRITES.items() for topic in topics),
        *(Grant(user, Operation.READ, Resource.TOPIC, topic) for user, topics in FOLLOWS.items() for topic in topics),
    ]
    for group, topics in READERS.items():
        user = group.partition(".")[0]
        given += [
            Grant(user, Operation.READ, Resource.GROUP, group),
            # Tracker's ledger asks how far every reader is.
            Grant("tracker", Operation.DESCRIBE, Resource.GROUP, group),
            *(Grant(user, Operation.READ, Resource.TOPIC, topic) for topic in topics),
            *(Grant(user, Operation.WRITE, Resource.TOPIC, dead_letter_topic(topic)) for topic in topics if topic in MAIN),
        ]
    for user, topic in BACK_OFFICES.items():
        given += [
            Grant(user, Operation.WRITE, Resource.TOPIC, topic),
            Grant(user, Operation.READ, Resource.TOPIC, LIFECYCLE),
            Grant(user, Operation.READ, Resource.GROUP, user),
            Grant(user, Operation.READ, Resource.GROUP, f"{user}.", Pattern.PREFIXED),
        ]
    return given
