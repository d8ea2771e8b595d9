"""A box opens under the keys that it was given, for its context, unchanged.

Keys change while boxes of the old ones lie everywhere.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto.box import Box, CannotDecrypt
from shared.crypto.keys import derive_key, key_id

OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32


@given(st.binary(max_size=300), st.binary(max_size=40))
def test_a_box_opens_for_its_context_and_for_no_other(plaintext: bytes, context: bytes) -> None:
    box = Box([NEW]).encrypt(plaintext, context)
    assert Box([NEW]).decrypt(box, context) == plaintext
    with pytest.raises(CannotDecrypt):
        Box([NEW]).decrypt(box, context + b"x")


@pytest.mark.parametrize("old_prefix", [None, b"", b"\x01"])
def test_no_byte_of_a_box_can_be_changed_or_left_out(old_prefix: bytes | None) -> None:
    keys = Box([NEW, OLD], old_prefix=old_prefix)
    box = keys.encrypt(b"131052-308T", b"row")
    for place in range(len(box)):
        for bit in (1, 0x80):
            with pytest.raises(CannotDecrypt):
                keys.decrypt(box[:place] + bytes([box[place] ^ bit]) + box[place + 1 :], b"row")
        with pytest.raises(CannotDecrypt):
            keys.decrypt(box[:place], b"row")


@given(st.binary(max_size=80))
def test_any_bytes_are_refused_and_never_crash(box: bytes) -> None:
    with pytest.raises(CannotDecrypt):
        Box([NEW], old_prefix=b"").decrypt(box, b"row")


def test_a_new_key_in_front_encrypts_and_the_old_one_still_decrypts() -> None:
    before, between, after = Box([OLD]), Box([NEW, OLD]), Box([NEW])
    old, new = before.encrypt(b"old", b"row"), between.encrypt(b"new", b"row")
    assert between.decrypt(old, b"row") == b"old"
    assert between.decrypt(new, b"row") == after.decrypt(new, b"row") == b"new"
    assert (between.is_under_newest(old), between.is_under_newest(new)) == (False, True)


def test_processes_that_know_the_new_key_but_do_not_use_it_yet_read_those_that_do() -> None:
    new = Box([NEW, OLD]).encrypt(b"new", b"row")
    assert Box([OLD, NEW]).decrypt(new, b"row") == b"new"


def test_a_key_that_was_dropped_is_named_as_unknown() -> None:
    with pytest.raises(CannotDecrypt, match="unknown key"):
        Box([NEW], old_prefix=b"\x01").decrypt(Box([OLD]).encrypt(b"old", b"row"), b"row")


def test_the_same_plaintext_never_makes_the_same_box() -> None:
    assert len({Box([NEW]).encrypt(b"same", b"row") for _ in range(100)}) == 100


def test_derived_keys_differ_by_purpose_and_key_and_are_not_what_they_come_from() -> None:
    derived = {derive_key(OLD, b"a"), derive_key(OLD, b"b"), derive_key(NEW, b"a")}
    assert len(derived | {OLD, NEW}) == 5
    assert len({key_id(key) for key in derived}) == 3
