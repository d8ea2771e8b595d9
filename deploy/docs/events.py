"""Generates docs/events.md: the topics, their readers and writers, and the events with their fields."""

from collections.abc import Iterator

from pydantic.fields import FieldInfo

import shared.events.mail_outcomes
import shared.events.request_commands
import shared.events.request_lifecycle
import shared.events.request_submitted  # noqa: F401  importing a model registers it
from deploy.docs.markdown import code, document, in_one_line, section, table
from deploy.docs.type_name import type_name
from deploy.kafka_grants import grants
from shared.events.event import EVENTS, Event
from shared.events.topics import DAY_MS, MAIN_TOPICS, READERS, TOPICS
from shared.kafka.access import Operation, Resource

INTRODUCTION = """CloudEvents 1.0 in Kafka's binary mode: `ce_` headers, JSON data, key = `request_id`,
W3C `traceparent` carried along. Fields are only ever added, with a default, and readers ignore fields
that they do not know. [using-the-api.md](using-the-api.md#over-kafka) shows how to read and write them,
[security.md](security.md) what is in a `sealed_…` field."""

NOTES = """The id of `request.submitted.v1` is its `request_id`; its record also has the header
`ce_bodydigest` (hex), by which intakes learn one another's used keys without parsing sealed records. A
dead letter is the record as it came, with reason and origin in headers; what does not fit is cut, and
`dead_letter_part` says what was left out. `deploy.prepare` makes the topics
([operating.md](operating.md#kafka)); the numbers are those of the default settings."""


def describe_events() -> str:
    """Return the document."""
    return document(
        "Topics and events",
        INTRODUCTION,
        section("Topics", _topics(), NOTES),
        section("Consumer groups", _readers()),
        *_events(),
    )


def _topics() -> str:
    head = ("topic", "partitions", "kept for", "largest batch", "written by", "read by")
    return table(
        head,
        (
            (
                code(topic.name),
                str(topic.partitions),
                f"{topic.retention_ms // DAY_MS} days",
                f"{topic.max_bytes:,} bytes",
                _users(topic.name, Operation.WRITE),
                _users(topic.name, Operation.READ),
            )
            for topic in TOPICS
        ),
    )


def _users(topic: str, operation: Operation) -> str:
    found = {
        grant.user
        for grant in grants()
        if grant.resource is Resource.TOPIC and grant.name == topic and grant.operation is operation
    }
    return ", ".join(sorted(found))


def _readers() -> str:
    return table(
        ("group", "reads"), ((code(group), ", ".join(map(code, topics))) for group, topics in READERS.items())
    )


def _events() -> Iterator[str]:
    for topic in (each.name for each in MAIN_TOPICS):
        models = [model for model in EVENTS.values() if model.topic == topic]
        parent = _parent(models)
        about = [in_one_line(parent.__doc__), _fields(dict(parent.model_fields))] if parent else []
        yield section(f"Events of {code(topic)}", *about)
        for model in models:
            yield _event(model, parent)


def _parent(models: list[type[Event]]) -> type[Event] | None:
    """Return the class whose fields the events of a topic share, or `None`."""
    bases = (base for model in models for base in model.__bases__)
    return next((base for base in bases if issubclass(base, Event) and base is not Event), None)


def _event(model: type[Event], parent: type[Event] | None) -> str:
    shares = parent is not None and issubclass(model, parent)
    above = parent.model_fields if parent and shares else {}
    own = {name: field for name, field in model.model_fields.items() if name not in above}
    lead = "" if shares or parent is None else "It shares no fields with the others:"
    parts = [f"### {code(model.type)}", in_one_line(model.__doc__), lead, _fields(own) if own else ""]
    return "\n\n".join(part for part in parts if part)


def _fields(fields: dict[str, FieldInfo]) -> str:
    return table(
        ("field", "type", "what"),
        ((code(name), _type(field), field.description or "") for name, field in fields.items()),
    )


def _type(field: FieldInfo) -> str:
    if field.is_required():
        return type_name(field.annotation)
    default = field.get_default(call_default_factory=True, validated_data={})
    return (
        f"{type_name(field.annotation)}; {'may be absent' if default is None else code(str(default).lower())}"
    )
