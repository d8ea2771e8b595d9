"""Encodes events as Kafka records (CloudEvents 1.0, binary mode) and decodes both CloudEvents modes."""

from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json
from uuid_utils.compat import uuid7

from shared.events import mail_outcomes, request_commands, request_lifecycle, request_submitted
from shared.events.event import EVENTS, Event, time_that_can_be_kept
from shared.events.rejected import Rejected
from shared.events.trace_context import valid_traceparent

__all__ = [
    "Envelope",
    "Message",
    "decode",
    "encode",
    "mail_outcomes",
    "request_commands",
    "request_lifecycle",
    "request_submitted",
]

E_co = TypeVar("E_co", bound=Event, covariant=True)
NEEDED = ("specversion", "id", "source", "type")
CONTEXT = (*NEEDED, "time")
TRACE = "traceparent"

Headers = list[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class Message:
    """A Kafka record to be sent: key, value and headers as bytes."""

    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class Envelope(Generic[E_co]):
    """One event with its CloudEvents context. A new one gets a UUIDv7 as `id` and the present as `time`.

    `principal` is the authenticated sender, where only one sender may write the topic.
    """

    event: E_co
    source: str
    id: str = field(default_factory=lambda: str(uuid7()))
    time: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    traceparent: str | None = None
    principal: str | None = None


class _Structured(BaseModel):
    """An event in the structured mode; fields that are not needed may have any type."""

    specversion: object = None
    id: object = None
    source: object = None
    type: object = None
    time: object = None
    traceparent: object = None
    data: object = None
    data_base64: str | None = None


def encode(envelope: Envelope[Event]) -> Message:
    """Turn an event into a record, keyed by its request."""
    event = envelope.event
    headers = context_headers(event.type, envelope.id, envelope.source, envelope.time, envelope.traceparent)
    return Message(str(event.request_id).encode(), event.__pydantic_serializer__.to_json(event), headers)


def context_headers(type_: str, id_: str, source: str, time: datetime, traceparent: str | None) -> Headers:
    """Return an event's CloudEvents headers, for an outbox that stores only the data's bytes."""
    headers: Headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", id_.encode()),
        ("ce_source", source.encode()),
        ("ce_type", type_.encode()),
        ("ce_time", time.isoformat().encode()),
        ("content-type", b"application/json"),
    ]
    if traceparent:
        headers.append(("traceparent", traceparent.encode()))
    return headers


def decode(value: bytes | None, headers: Iterable[tuple[str, bytes | None]]) -> Envelope[Event]:
    """Decode a record, in the binary mode of CloudEvents or the structured one.

    Raises `Rejected` (`no-event`, `unknown-type`, `bad-data`) if it is not an event of the product. Headers
    and fields that are not needed are ignored.
    """
    found = dict(headers)
    context, data = _structured(value) if _is_structured(found) else (_binary(found), value)
    if context.get("specversion") != "1.0":
        raise Rejected("no-event", "specversion is not 1.0")
    missing = [name for name in ("id", "source", "type") if not context.get(name)]
    if missing or data is None:
        raise Rejected("no-event", f"missing: {', '.join(missing) or 'data'}")
    model = EVENTS.get(context["type"])
    if model is None:
        raise Rejected("unknown-type", context["type"][:100])
    try:
        event = model.model_validate_json(data)
    except ValidationError as error:
        fields = ", ".join(
            sorted(
                {".".join(map(str, fault["loc"])) or "data" for fault in error.errors(include_input=False)}
            )
        )
        raise Rejected("bad-data", f"{model.type}: {fields}"[:500]) from None
    traceparent = valid_traceparent(context.get("traceparent"))
    return Envelope(event, context["source"], context["id"], _time(context.get("time")), traceparent)


def _is_structured(headers: Mapping[str, bytes | None]) -> bool:
    kind = (headers.get("content-type") or b"").lower()
    if kind.startswith(b"application/cloudevents-batch"):
        raise Rejected("no-event", "the batched mode of CloudEvents is not read")
    return kind.startswith(b"application/cloudevents")


def _binary(headers: Mapping[str, bytes | None]) -> dict[str, str]:
    context = {name: _text(headers.get(f"ce_{name}")) for name in CONTEXT}
    unreadable = [name for name in NEEDED if headers.get(f"ce_{name}") and context[name] is None]
    if unreadable:
        raise Rejected("no-event", f"not text: {', '.join(unreadable)}")
    return {
        name: text for name, text in {**context, TRACE: _text(headers.get(TRACE))}.items() if text is not None
    }


def _structured(value: bytes | None) -> tuple[dict[str, str], bytes | None]:
    try:
        found = _Structured.model_validate_json(value or b"")
        data = b64decode(found.data_base64, validate=True) if found.data_base64 else to_json(found.data)
    except ValueError:
        raise Rejected("no-event", "application/cloudevents+json that is none") from None
    context = {name: getattr(found, name) for name in (*CONTEXT, TRACE)}
    return {name: text for name, text in context.items() if isinstance(text, str)}, data


def _text(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def _time(value: str | None) -> datetime:
    """Parse a time if it is valid; it is optional, and nothing depends on it."""
    try:
        time = time_that_can_be_kept(datetime.fromisoformat((value or "").upper()))
    except ValueError:
        return datetime.now(timezone.utc)
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)
