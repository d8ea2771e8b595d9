"""Which topic of commands belongs to whom is read from one setting, and what is wrong with it is said."""

import pytest

from shared.events.command_topics import read_command_topics
from shared.events.topics import READERS, TOPICS, all_topics, readers


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("requests.commands=backoffice", {"requests.commands": "backoffice"}),
        (
            "requests.commands = sap , requests.commands.payroll=CN=payroll",
            {"requests.commands": "sap", "requests.commands.payroll": "CN=payroll"},
        ),
        ('{"requests.commands": "sap"}', {"requests.commands": "sap"}),
    ],
)
def test_a_list_or_json_is_read(text: str, topics: dict[str, str]) -> None:
    assert read_command_topics(text) == topics


@pytest.mark.parametrize(
    "text",
    [
        "",
        "requests.commands",
        "requests.commands=",
        "=sap",
        "requests.commands=a,requests.commands=b",
        "requests.lifecycle=sap",
        "requests.commands.dead-letter=sap",
        "with space=sap",
        "a=" + "x" * 101,
        "a=s\x00p",
        '{"requests.commands": 1}',
        '{"requests.commands"',
        "{}",
    ],
)
def test_what_names_no_topic_or_no_user_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  each says something else
        read_command_topics(text)


def test_every_topic_of_commands_is_made_read_and_watched() -> None:
    topics = ("requests.commands", "requests.commands.payroll")
    assert {topic.name for topic in all_topics(topics)} - {topic.name for topic in TOPICS} == {
        topics[1],
        f"{topics[1]}.dead-letter",
    }
    assert readers(topics)["tracker.commands"] == topics
    assert set(readers(topics)["tracker.dead-letters"]) == {
        *READERS["tracker.dead-letters"],
        f"{topics[1]}.dead-letter",
    }
