"""What is sealed opens for one reader, one purpose and one request, and for nobody else."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto.sealing import Opener, Sealer, generate_private_key, public_key_of
from shared.events.rejected import Rejected

KEY = generate_private_key()
OTHER = generate_private_key()
SEALER = Sealer(public_key_of(KEY))
OPENER = Opener(KEY)
REQUEST = UUID("01912345-6789-7abc-8def-0123456789ab")


@given(st.binary(max_size=4096), st.uuids())
def test_what_is_sealed_opens_as_it_was(plaintext: bytes, request_id: UUID) -> None:
    sealed = SEALER.seal(plaintext, purpose="form", request_id=request_id)
    assert OPENER.open(sealed, purpose="form", request_id=request_id) == plaintext


def test_another_purpose_request_or_key_does_not_open() -> None:
    sealed = SEALER.seal(b"131052-308T", purpose="form", request_id=REQUEST)
    with pytest.raises(Rejected, match="cannot-open"):
        OPENER.open(sealed, purpose="contact", request_id=REQUEST)
    with pytest.raises(Rejected, match="cannot-open"):
        OPENER.open(sealed, purpose="form", request_id=UUID(int=1))
    with pytest.raises(Rejected, match="unknown-sealing-key"):
        Opener(OTHER).open(sealed, purpose="form", request_id=REQUEST)


@given(st.data())
def test_any_changed_character_is_refused(data: st.DataObject) -> None:
    sealed = SEALER.seal(b"secret", purpose="form", request_id=REQUEST)
    place = data.draw(st.integers(0, len(sealed) - 2))
    other = data.draw(st.sampled_from("ABCxyz019-_.").filter(lambda character: character != sealed[place]))
    with pytest.raises(Rejected):
        OPENER.open(sealed[:place] + other + sealed[place + 1 :], purpose="form", request_id=REQUEST)


@given(st.text(max_size=200))
def test_random_text_is_rejected_and_never_crashes(text: str) -> None:
    with pytest.raises(Rejected):
        OPENER.open(text, purpose="form", request_id=REQUEST)


def test_old_records_open_after_a_change_of_keys() -> None:
    sealed = SEALER.seal(b"old", purpose="form", request_id=REQUEST)
    assert Opener(f"{OTHER}, {KEY}").open(sealed, purpose="form", request_id=REQUEST) == b"old"


def test_the_plaintext_is_not_in_the_sealed_text() -> None:
    assert "131052" not in SEALER.seal(b"131052-308T", purpose="form", request_id=REQUEST)


def test_a_wrong_key_is_named_at_boot() -> None:
    with pytest.raises(ValueError, match="sealing key of 96 bytes"):
        Opener("not a key")
    with pytest.raises(ValueError, match="sealing key of 1216 bytes"):
        Sealer(KEY)
