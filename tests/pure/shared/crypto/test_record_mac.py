"""A record verifies exactly as it was signed, and whatever else lies on the topic does not."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto.record_mac import HEADER, RecordSigner, RecordVerifier
from shared.events.envelope import Headers, Message

OLD, NEW = b"o" * 32, b"n" * 32
HEADERS: Headers = [
    ("ce_specversion", b"1.0"),
    ("ce_id", b"1"),
    ("ce_source", b"urn:asiointi:intake"),
    ("ce_type", b"request.submitted.v1"),
    ("ce_time", b"2026-11-26T12:00:00+00:00"),
    ("content-type", b"application/json"),
    ("traceparent", b"00-1-2-01"),
    ("ce_bodydigest", b"d1"),
]
RECORD = Message(b"0191", b'{"form": "x"}', HEADERS)
SIGNED = RecordSigner([NEW]).sign(RECORD)
MAC = next(value for name, value in SIGNED.headers if name == HEADER)


def verifies(message: Message, *keys: bytes) -> bool:
    return RecordVerifier(keys or (NEW,)).verify(message.key, message.value, message.headers)


def changed(part: bytes) -> list[bytes]:
    return [part[:n] + bytes([part[n] ^ bit]) + part[n + 1 :] for n in range(len(part)) for bit in (1, 0x80)]


def with_header(place: int, header: tuple[str, bytes | None]) -> Message:
    return replace(SIGNED, headers=[header if n == place else each for n, each in enumerate(SIGNED.headers)])


def test_a_signed_record_verifies_and_keeps_what_it_had() -> None:
    assert verifies(SIGNED)
    assert not verifies(RECORD)
    assert (SIGNED.key, SIGNED.value, SIGNED.headers[:-1]) == (RECORD.key, RECORD.value, RECORD.headers)


def test_no_byte_of_key_value_context_or_mac_can_be_changed() -> None:
    for key in [*changed(RECORD.key or b""), b"", None]:
        assert not verifies(replace(SIGNED, key=key))
    for value in [*changed(RECORD.value or b""), b"", None]:
        assert not verifies(replace(SIGNED, value=value))
    for place, (name, text) in enumerate(SIGNED.headers):
        if name != "traceparent":
            for other in [*changed(text or b""), b"", None]:
                assert not verifies(with_header(place, (name, other))), (name, other)
            assert not verifies(with_header(place, (name + "x", text)))
            assert not verifies(replace(SIGNED, headers=[each for each in SIGNED.headers if each[0] != name]))


@pytest.mark.parametrize(
    "header",
    [
        ("ce_id", b"1"),
        ("ce_id", b"2"),
        ("ce_new", b""),
        ("content-type", b"text/plain"),
        (HEADER, MAC),
        (HEADER, None),
    ],
)
def test_a_second_or_a_new_header_of_the_context_is_refused(header: tuple[str, bytes | None]) -> None:
    assert not verifies(replace(SIGNED, headers=[*SIGNED.headers, header]))
    assert not verifies(replace(SIGNED, headers=[header, *SIGNED.headers]))


def test_order_of_headers_and_what_transit_adds_do_not_matter() -> None:
    added: Headers = [("dead_letter_reason", b"x"), ("mirror", None), ("traceparent", b"00-3-4-01")]
    assert verifies(replace(SIGNED, headers=[*added, *reversed(SIGNED.headers)]))


@given(
    st.lists(
        st.tuples(st.sampled_from(["ce_a", "ce_aa", "ce_b"]), st.one_of(st.none(), st.binary(max_size=3))),
        max_size=4,
    ),
    st.data(),
)
def test_parts_cannot_be_moved_from_one_to_the_next(headers: Headers, data: st.DataObject) -> None:
    signed = RecordSigner([NEW]).sign(Message(b"ab", b"cd", headers))
    other = data.draw(
        st.lists(
            st.tuples(
                st.sampled_from(["ce_a", "ce_aa", "ce_b"]), st.one_of(st.none(), st.binary(max_size=3))
            ),
            max_size=4,
        )
    )

    def order(each: tuple[str, bytes | None]) -> tuple[str, bytes, bool]:
        return each[0], each[1] or b"", each[1] is None

    same = sorted(other, key=order) == sorted(headers, key=order)
    assert verifies(replace(signed, headers=[*other, signed.headers[-1]])) == same
    assert not verifies(replace(signed, key=b"a", value=b"bcd"))


def test_absent_and_empty_are_two_things() -> None:
    signed = RecordSigner([NEW]).sign(Message(None, b"", []))
    assert verifies(signed)
    assert not verifies(replace(signed, key=b"", value=None))


def test_keys_change_while_old_records_are_on_the_log() -> None:
    old = RecordSigner([OLD]).sign(RECORD)
    assert verifies(old, NEW, OLD)
    assert verifies(SIGNED, NEW, OLD)
    assert not verifies(old, NEW)
    assert RecordSigner([NEW, OLD]).sign(old) == SIGNED


@given(
    st.lists(
        st.tuples(st.sampled_from([HEADER, "ce_id", "ä\udcff"]), st.one_of(st.none(), st.binary(max_size=60)))
    )
)
def test_any_headers_are_refused_and_never_crash(headers: Headers) -> None:
    assert not verifies(Message(b"key", b"value", headers))
