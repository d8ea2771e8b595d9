"""Maps each topic of commands to the back office that may write it.

A Kafka record does not carry its writer. So each back office has a topic of its own, which only its user may
write, and the topic says who sent a command.
"""

import json
import re
from collections.abc import Mapping
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

from shared.events.topics import COMMANDS, LIFECYCLE, MAIL_OUTCOMES, SUBMITTED, dead_letter_topic

DEFAULT: Mapping[str, str] = {COMMANDS: "backoffice"}
VARIABLE = "TRACKER_COMMAND_TOPICS"
MAX_PRINCIPAL_LENGTH = 100
TOPIC = re.compile(r"[A-Za-z0-9._-]{1,200}")
RESERVED_TOPICS = frozenset({SUBMITTED, LIFECYCLE, MAIL_OUTCOMES})


def read_command_topics(text: object) -> object:
    """Parse `topic=principal, …` or a JSON object; raises `ValueError`. Other types are left to pydantic."""
    if not isinstance(text, str):
        return text
    if text.lstrip().startswith("{"):
        found = json.loads(text)
        pairs = [
            (topic, principal if isinstance(principal, str) else "") for topic, principal in found.items()
        ]
    else:
        pairs = [
            (topic.strip(), principal.strip())
            for topic, _, principal in (each.partition("=") for each in text.split(","))
        ]
    if not pairs:
        raise ValueError("names no topic")
    if len(dict(pairs)) < len(pairs):
        raise ValueError("names a topic twice")
    for topic, principal in pairs:
        if not TOPIC.fullmatch(topic) or topic in RESERVED_TOPICS or topic.endswith(dead_letter_topic("")):
            raise ValueError(
                f"{topic[:100]!r} cannot be a topic of commands; write topic=principal, separated by "
                "commas, or a JSON object"
            )
        if not principal.isprintable() or not 0 < len(principal) <= MAX_PRINCIPAL_LENGTH:
            raise ValueError(
                f"{topic} needs the name of the user who writes it, of at most {MAX_PRINCIPAL_LENGTH} "
                "characters"
            )
    return dict(pairs)


CommandTopics: TypeAlias = Annotated[Mapping[str, str], NoDecode, BeforeValidator(read_command_topics)]
"""Topic to principal."""
