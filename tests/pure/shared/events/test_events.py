"""The contract: each event stands on the wire as its golden file says, and rubbish is told as such."""

import base64
import itertools
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.envelope import Envelope, decode, encode
from shared.events.event import EVENTS, Event
from shared.events.rejected import Rejected

GOLDEN = Path(__file__).parent / "golden"


def golden(name: str) -> dict[str, Any]:
    return dict(json.loads((GOLDEN / f"{name}.json").read_text()))


def required_headers(**changed: bytes | None) -> list[tuple[str, bytes]]:
    headers = {
        "ce_specversion": b"1.0",
        "ce_id": b"1",
        "ce_source": b"/asiointi/test",
        "ce_type": b"request.take.v1",
        "ce_time": b"2026-11-24T09:41:00+00:00",
    }
    return [(name, value) for name, value in (headers | changed).items() if value is not None]


def test_every_event_has_a_golden_file_and_every_file_an_event() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(EVENTS)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_event_is_on_the_wire_as_pinned(name: str) -> None:
    pinned = golden(name)
    event = EVENTS[name].model_validate(pinned)
    message = encode(
        Envelope(
            event, "/asiointi/test", traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        )
    )
    assert message.value is not None
    assert json.loads(message.value) == pinned
    assert message.key == str(event.request_id).encode()
    back = decode(message.value, message.headers)
    assert back.event == event
    assert back.traceparent == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert dict(message.headers)["ce_type"] == name.encode()


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_a_field_of_tomorrow_does_not_stop_a_reader_of_today(name: str) -> None:
    model: type[Event] = EVENTS[name]
    assert model.model_validate(golden(name) | {"field_of_tomorrow": 1}) == model.model_validate(golden(name))


@pytest.mark.parametrize(
    "year", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59Z"]
)
@pytest.mark.parametrize("name", sorted(EVENTS))
def test_a_time_that_no_database_keeps_is_bad_data(name: str, year: str) -> None:
    pinned = golden(name)
    for field in ("occurred_at", "submitted_at", "due_at", "retry_at"):
        if field in pinned:
            with pytest.raises(Rejected, match="bad-data"):
                decode(json.dumps(pinned | {field: year}).encode(), required_headers(ce_type=name.encode()))


@given(st.binary(max_size=300), st.lists(st.tuples(st.text(max_size=12), st.binary(max_size=40)), max_size=6))
def test_random_bytes_are_rejected_and_never_crash(value: bytes, headers: list[tuple[str, bytes]]) -> None:
    with pytest.raises(Rejected):
        decode(value, headers)


@given(st.binary(max_size=300))
def test_random_data_under_good_headers_is_rejected(value: bytes) -> None:
    with pytest.raises(Rejected, match="bad-data"):
        decode(value, required_headers())


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"ce_specversion": b"0.3"}, "no-event"),
        ({"ce_id": None}, "no-event"),
        ({"ce_type": b"request.unheard_of.v1"}, "unknown-type"),
        ({"ce_source": b"\xff\xfe"}, "no-event"),
    ],
)
def test_a_record_without_its_context_is_rejected(changed: dict[str, bytes | None], reason: str) -> None:
    value = json.dumps(golden("request.take.v1")).encode()
    with pytest.raises(Rejected, match=reason):
        decode(value, required_headers(**changed))


def test_a_rejection_names_the_field_and_shows_no_value() -> None:
    value = json.dumps(golden("request.take.v1") | {"request_id": "131052-308T"}).encode()
    with pytest.raises(Rejected) as caught:
        decode(value, required_headers())
    assert "request_id" in str(caught.value)
    assert "131052" not in str(caught.value)


VALID = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    "time",
    [None, b"yesterday", b"2026-11-24t10:00:00z", b"2026-11-24T23:59:60Z", b"2026-11-24T10:00:00", b"\xff"],
)
def test_a_time_is_optional_and_never_a_reason_to_reject(time: bytes | None) -> None:
    envelope = decode(json.dumps(golden("request.take.v1")).encode(), required_headers(ce_time=time))
    assert envelope.time.tzinfo


def test_what_nobody_needs_is_not_read() -> None:
    value = json.dumps(golden("request.take.v1")).encode()
    unknown = [("ce_kasittelija", "Mäkelä".encode("latin-1")), ("ce_x", None), ("x", b"\xff")]
    assert decode(value, [*required_headers(), *unknown]).id == "1"


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (VALID, VALID),
        ("cc" + VALID[2:] + "-what-the-future-adds", VALID),
        (VALID.upper(), None),
        ("ff" + VALID[2:], None),
        (VALID + "-more", None),
        (VALID + "\n", None),
        ("cc" + VALID[2:] + "-" + "x" * 1_000_000, None),
        ("00-" + "0" * 32 + "-b7ad6b7169203331-01", None),
        ("00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01", None),
        ("", None),
        ("\xff", None),
    ],
)
def test_a_trace_is_kept_only_where_it_is_one(told: str, kept: str | None) -> None:
    value = json.dumps(golden("request.take.v1")).encode()
    envelope = decode(value, [*required_headers(), ("traceparent", told.encode("latin-1"))])
    assert envelope.traceparent == kept


@pytest.mark.parametrize(
    "content_type", [b"application/cloudevents+json", b"Application/CloudEvents+JSON; charset=UTF-8"]
)
@pytest.mark.parametrize("form", ["data", "data_base64"])
def test_an_event_in_the_structured_mode_is_read(content_type: bytes, form: str) -> None:
    data = golden("request.take.v1")
    content = data if form == "data" else base64.b64encode(json.dumps(data).encode()).decode()
    event = {
        "specversion": "1.0",
        "id": "7",
        "source": "/x",
        "type": "request.take.v1",
        "traceparent": VALID,
        "time": 5,
        form: content,
    }
    envelope = decode(json.dumps(event).encode(), [("content-type", content_type)])
    assert (envelope.id, envelope.source, envelope.traceparent) == ("7", "/x", VALID)
    assert envelope.event == EVENTS["request.take.v1"].model_validate(data)


@given(value=st.binary(max_size=200))
def test_random_bytes_in_the_structured_mode_are_rejected(value: bytes) -> None:
    with pytest.raises(Rejected, match="no-event"):
        decode(value, [("content-type", b"application/cloudevents+json")])


def test_the_batched_mode_is_named_in_the_reason() -> None:
    with pytest.raises(Rejected, match="batched mode"):
        decode(b"[]", [("content-type", b"application/cloudevents-batch+json")])


OTHER_TYPES: list[object] = [
    None,
    True,
    5,
    -1,
    1.5,
    10**400,
    "",
    "x" * 100_000,
    "\x00",
    "\ud800",
    [],
    [1],
    {},
    {"a": [{}]},
]


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_a_field_of_another_type_is_rejected_or_read_and_ends_nothing(name: str) -> None:
    pinned = golden(name)
    for field, other in itertools.product(pinned, OTHER_TYPES):
        with suppress(Rejected):
            decode(json.dumps(pinned | {field: other}).encode(), required_headers(ce_type=name.encode()))
    for whole in (*OTHER_TYPES, [pinned]):
        with pytest.raises(Rejected):
            decode(json.dumps(whole).encode(), required_headers(ce_type=name.encode()))
    with pytest.raises(Rejected):
        decode(b'{"a":' * 100_000, required_headers(ce_type=name.encode()))
