"""An epoch key seals the records of a minute; each stays readable by itself, and opens no other."""

from uuid import UUID

import pytest

from shared.crypto.epoch_keys import EPOCH_SECONDS, MAX_OPENED_KEYS, RECORDS_AN_EPOCH, OpenedKeys
from shared.crypto.sealing import EpochSealer, Opener, Sealer, generate_private_key, public_key_of
from shared.events.rejected import Rejected

KEY, OTHER = generate_private_key(), generate_private_key()
PUBLIC = public_key_of(KEY)
ONE, TWO = UUID(int=1), UUID(int=2)


def parts(sealed: str) -> tuple[str, str]:
    epoch, _, box = sealed.rpartition(".")
    return epoch, box


def opens(
    sealed: str, *, purpose: str = "form", request_id: UUID = ONE, private_keys: str = KEY
) -> bytes | None:
    """Open with a reader that has seen nothing before."""
    try:
        return Opener(private_keys).open(sealed, purpose=purpose, request_id=request_id)
    except Rejected:
        return None


def test_each_record_is_readable_by_itself() -> None:
    sealer = EpochSealer(PUBLIC)
    sealed = [sealer.seal(str(n).encode(), purpose="form", request_id=UUID(int=n)) for n in range(20)]
    assert len({parts(each)[0] for each in sealed}) == 1
    assert [opens(each, request_id=UUID(int=n)) for n, each in enumerate(sealed)] == [
        str(n).encode() for n in range(20)
    ]


def test_records_of_one_epoch_do_not_open_each_other() -> None:
    sealer = EpochSealer(PUBLIC)
    sealed = sealer.seal(b"secret", purpose="form", request_id=ONE)
    other = sealer.seal(b"other", purpose="form", request_id=TWO)
    assert opens(sealed) == b"secret"
    assert opens(sealed, request_id=TWO) is None
    assert opens(sealed, purpose="contact") is None
    assert opens(f"{parts(other)[0]}.{parts(sealed)[1]}") == b"secret"  # it is the same epoch
    assert (
        opens(f"{parts(EpochSealer(PUBLIC).seal(b'', purpose='form', request_id=ONE))[0]}.{parts(sealed)[1]}")
        is None
    )


def test_the_same_record_sealed_twice_differs_and_both_open() -> None:
    sealer = EpochSealer(PUBLIC)
    sealed = {sealer.seal(b"same", purpose="form", request_id=ONE) for _ in range(100)}
    assert len({parts(each)[1] for each in sealed}) == 100
    assert {opens(each) for each in sealed} == {b"same"}


def test_a_new_key_comes_with_the_record_that_would_be_one_too_many() -> None:
    sealer = EpochSealer(PUBLIC)
    epochs = [parts(sealer.seal(b"", purpose="form", request_id=ONE))[0] for _ in range(2 * RECORDS_AN_EPOCH)]
    assert set(epochs[:RECORDS_AN_EPOCH]) == {epochs[0]}
    assert set(epochs[RECORDS_AN_EPOCH:]) == {epochs[-1]}
    assert epochs[0] != epochs[-1]


def test_a_new_key_comes_when_the_minute_is_over() -> None:
    now = 100.0
    sealer = EpochSealer(PUBLIC, lambda: now)

    def epoch() -> str:
        return parts(sealer.seal(b"", purpose="form", request_id=ONE))[0]

    first = epoch()
    now += EPOCH_SECONDS - 0.01
    assert epoch() == first
    now += 0.01
    assert epoch() != first


def test_no_character_of_a_sealed_text_can_be_changed() -> None:
    sealed = EpochSealer(PUBLIC).seal(b"secret", purpose="form", request_id=ONE)
    known = Opener(KEY)
    assert known.open(sealed, purpose="form", request_id=ONE) == b"secret"
    for place in range(len(sealed)):
        other = sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
        with pytest.raises(Rejected):
            known.open(other, purpose="form", request_id=ONE)
        with pytest.raises(Rejected):
            known.open(sealed[:place], purpose="form", request_id=ONE)


def test_another_reader_opens_nothing() -> None:
    sealed = EpochSealer(PUBLIC).seal(b"secret", purpose="form", request_id=ONE)
    with pytest.raises(Rejected, match="unknown-sealing-key"):
        Opener(OTHER).open(sealed, purpose="form", request_id=ONE)
    assert opens(sealed, private_keys=f"{OTHER}, {KEY}") == b"secret"


def test_a_reader_opens_an_epoch_once_and_remembers_a_bounded_number() -> None:
    asked: list[str] = []

    def open_key(sealed: str) -> bytes:
        asked.append(sealed)
        return sealed.encode()

    keys = OpenedKeys(open_key)
    for n in range(MAX_OPENED_KEYS):
        keys.open(str(n))
    assert keys.open("0") == b"0"
    keys.open("one more")
    assert len(keys) == MAX_OPENED_KEYS
    assert asked == [*map(str, range(MAX_OPENED_KEYS)), "one more"]
    keys.open("0")  # was used after the others, and stayed
    keys.open("1")
    assert asked[MAX_OPENED_KEYS:] == ["one more", "1"]


def test_a_key_that_does_not_open_is_not_remembered() -> None:
    opener = Opener(KEY)
    for n in range(3):
        with pytest.raises(Rejected):
            opener.open(f"epoch.{'0' * 8}.{n}.AAAA", purpose="form", request_id=ONE)
    assert len(opener._epochs) == 0  # noqa: SLF001  what is kept is the promise


def test_records_sealed_by_themselves_stay_readable_beside_those_of_an_epoch() -> None:
    opener = Opener(KEY)
    for sealer in (Sealer(PUBLIC), EpochSealer(PUBLIC), Sealer(PUBLIC)):
        assert (
            opener.open(
                sealer.seal(b"x", purpose="command", request_id=ONE), purpose="command", request_id=ONE
            )
            == b"x"
        )
