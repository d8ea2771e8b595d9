"""The follow-up link names one request and cannot be made up."""

import base64
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto import follow_link

KEY = b"k" * 32


@given(st.uuids(), st.binary(min_size=32, max_size=32))
def test_reads_back_what_was_signed(request_id: UUID, key: bytes) -> None:
    token = follow_link.sign(request_id, key)
    assert len(token) == 43
    assert follow_link.read(f" {token}\n", key) == request_id


@given(st.uuids(), st.integers(0, 255))
def test_a_changed_bit_is_found(request_id: UUID, bit: int) -> None:
    token = follow_link.sign(request_id, KEY)
    raw = bytearray(base64.urlsafe_b64decode(token + "="))
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(follow_link.BadLink):
        follow_link.read(base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("="), KEY)


@given(st.text(max_size=60))
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(follow_link.BadLink):
        follow_link.read(text, KEY)


def test_another_key_is_refused() -> None:
    with pytest.raises(follow_link.BadLink):
        follow_link.read(follow_link.sign(UUID(int=7), KEY), b"x" * 32)
