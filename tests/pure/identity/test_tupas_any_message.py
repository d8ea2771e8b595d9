"""TUPAS messages: what holds for every message that hypothesis can think of."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.identity import tupas, verify_tupas
from services.identity.tupas import Keys, Response, TupasRefused, read_response, to_query, with_mac
from services.identity.verify_tupas import verify_response
from tests.pure.identity.tupas_messages import ASKED, KEYS, NOW, R1, query_of, refusal


@given(st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2040, 1, 1)), st.integers(0, 999_999))  # noqa: DTZ001  made aware below
def test_a_stamp_is_twenty_digits_of_finnish_time_on_a_day_of_24_hours(when: datetime, number: int) -> None:
    now = when.replace(tzinfo=UTC)
    stamp = tupas.make_stamp(now, number)
    assert len(stamp) == 20
    assert stamp.isdigit()
    assert verify_tupas.clock_difference("500" + stamp, now) < timedelta(seconds=1)


def test_the_afternoon_is_not_the_morning() -> None:
    assert tupas.make_stamp(NOW, 7) == "20141123184741000007"


names = st.text(
    st.characters(codec="iso-8859-1", exclude_characters="&", exclude_categories=["Cc"]),
    min_size=1,
    max_size=40,
)


@given(name=names, idnbr=st.from_regex("[0-9A-Za-z]{1,32}", fullmatch=True), key=names)
def test_what_is_sealed_is_read_back(name: str, idnbr: str, key: str) -> None:
    response = replace(Response(*R1), custname=name, idnbr=idnbr)
    query = query_of(response, key).encode()
    assert (
        verify_response(
            read_response(query), bank_number="500", keys=Keys({"0001": key}), asked=ASKED, now=NOW
        )
        == response
    )


@given(st.data())
def test_any_one_character_changed_is_refused(data: st.DataObject) -> None:
    fields = with_mac(Response(*R1), KEYS)
    name = data.draw(st.sampled_from([name for name, value in fields.items() if value]))
    place = data.draw(st.integers(0, len(fields[name]) - 1))
    letter = data.draw(st.characters(codec="iso-8859-1"))
    assume(
        letter.upper() != fields[name][place].upper() if name == "B02K_MAC" else letter != fields[name][place]
    )
    changed = fields[name][:place] + letter + fields[name][place + 1 :]
    assert refusal(to_query({**fields, name: changed})) != ""


@given(st.binary(max_size=300))
def test_noise_is_refused_and_never_an_error(raw: bytes) -> None:
    with pytest.raises(TupasRefused):
        read_response(raw)


@given(st.permutations(list(with_mac(Response(*R1), KEYS).items())))
def test_the_order_in_the_address_does_not_matter(pairs: list[tuple[str, str]]) -> None:
    assert refusal(to_query(dict(pairs))) == ""
