"""The Kafka rights of each user of a stack: the least that it needs."""

from collections.abc import Mapping

from shared.events.command_topics import DEFAULT
from shared.events.topics import LIFECYCLE, MAIL_OUTCOMES, SUBMITTED, dead_letter_topic, main_topics, readers
from shared.kafka.access import Grant, Operation, Pattern, Resource


def grants(command_topics: Mapping[str, str] = DEFAULT) -> list[Grant]:
    """Return the grants of each user; `command_topics` maps each topic of commands to its back office."""
    main = tuple(topic.name for topic in main_topics(command_topics))
    # Tracker writes all of them: it sends dead letters and skipped records back to their topics.
    writes = {"intake": (SUBMITTED,), "tracker": main, "notifier": (MAIL_OUTCOMES,)}
    reads_without_a_group = {"intake": (SUBMITTED, LIFECYCLE), "tracker": main}
    given = [
        *(
            Grant(user, Operation.WRITE, Resource.TOPIC, topic)
            for user, topics in writes.items()
            for topic in topics
        ),
        *(
            Grant(user, Operation.READ, Resource.TOPIC, topic)
            for user, topics in reads_without_a_group.items()
            for topic in topics
        ),
    ]
    for group, topics in readers(command_topics).items():
        user = group.partition(".")[0]
        given += [
            Grant(user, Operation.READ, Resource.GROUP, group),
            # Tracker's ledger reads the offsets of every group.
            Grant("tracker", Operation.DESCRIBE, Resource.GROUP, group),
            *(Grant(user, Operation.READ, Resource.TOPIC, topic) for topic in topics),
            *(
                Grant(user, Operation.WRITE, Resource.TOPIC, dead_letter_topic(topic))
                for topic in topics
                if topic in main
            ),
        ]
    for topic, user in command_topics.items():
        given += [
            Grant(user, Operation.WRITE, Resource.TOPIC, topic),
            Grant(user, Operation.READ, Resource.TOPIC, LIFECYCLE),
            Grant(user, Operation.READ, Resource.GROUP, user),
            Grant(user, Operation.READ, Resource.GROUP, f"{user}.", Pattern.PREFIXED),
        ]
    return given
