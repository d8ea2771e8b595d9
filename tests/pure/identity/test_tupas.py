"""TUPAS messages: the published vectors, and what a reader of messages must never accept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from services.identity import tupas, verify_tupas
from services.identity.tupas import Keys, Response, mac, read_response, to_query, with_mac
from services.identity.verify_tupas import verify_response
from tests.pure.identity.tupas_messages import (
    ASKED,
    KEYS,
    NOW,
    OP_KEY,
    R1,
    R7,
    R7_AS_UTF_8,
    VECTORS,
    query_of,
    refusal,
)


@pytest.mark.parametrize("name", VECTORS)
def test_the_published_vectors_come_out(name: str) -> None:
    message, key, expected = VECTORS[name]
    assert mac(tupas.covered_values(message), key) == expected


@pytest.mark.parametrize("name", VECTORS)
def test_the_published_vectors_are_read_back(name: str) -> None:
    message, key, expected = VECTORS[name]
    query = to_query({**with_mac(message, Keys({"0001": key})), "unrelated": "1"})
    assert tupas.read(query.encode(), type(message)) == (message, expected)


def test_the_captured_answer_of_the_bank_is_believed() -> None:
    response = Response(*R1)
    assert (
        verify_response(
            read_response(query_of(response).encode()), bank_number="500", keys=KEYS, asked=ASKED, now=NOW
        )
        == response
    )


def test_empty_user_fields_are_left_out_of_the_seal() -> None:
    assert "B02K_USERID=&B02K_USERNAME=&B02K_MAC=DFECBA49" in query_of(Response(*R1))
    assert mac([*R1, "", ""], OP_KEY) != VECTORS["R1"][2]


def test_the_bytes_are_latin_1_and_not_utf_8() -> None:
    query = query_of(Response(*R7), "inputsecret")
    assert "V%C4IN%D6+M%C4KI" in query
    asked = replace(ASKED, stamp=R7[3], idtype="13")
    now = datetime(2018, 10, 17, 11, 14, 33, tzinfo=UTC)
    keys = Keys({"0001": "inputsecret"})
    assert refusal(query, keys=keys, asked=asked, now=now) == ""
    assert refusal(query.replace("+", "%20"), keys=keys, asked=asked, now=now) == ""
    assert (
        refusal(query.replace(VECTORS["R7"][2], R7_AS_UTF_8), keys=keys, asked=asked, now=now) == "wrong-seal"
    )
    as_utf_8 = query.replace("V%C4IN%D6+M%C4KI", quote("VÄINÖ MÄKI"))
    assert refusal(as_utf_8, keys=keys, asked=asked, now=now) in {"wrong-seal", "malformed-field"}


def test_a_seal_is_upper_case_and_read_in_either_case() -> None:
    query = query_of(Response(*R1))
    head, _, given = query.rpartition("=")
    assert given == given.upper()
    assert refusal(f"{head}={given.lower()}") == ""


def test_the_right_seal_is_needed() -> None:
    query = query_of(Response(*R1))
    assert refusal(query[:-1] + ("0" if query[-1] != "0" else "1")) == "wrong-seal"
    assert refusal(query_of(Response(*R1), "11111111111111111111")) == "wrong-seal"


@pytest.mark.parametrize("keys", [{}, {"0001": ""}, {"0001": "good", "0002": ""}])
def test_an_empty_key_never_seals(keys: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="key"):
        Keys(keys)
    with pytest.raises(ValueError, match="key"):
        mac(R1, "")


def test_fields_regrouped_under_the_same_seal_are_refused() -> None:
    _, stamp, name = R1[2:5]
    cut = {
        "VERS": R1[0],
        "TIMESTMP": R1[1],
        "IDNBR": R1[2],
        "STAMP": stamp,
        "CUSTNAME": "",
        "KEYVERS": "",
        "ALG": "03",
        "CUSTID": stamp,
    }
    cut |= {"CUSTTYPE": f"{name}&0001&03&{R1[7]}&01", "MAC": VECTORS["R1"][2]}
    assert refusal(to_query({f"B02K_{field}": value for field, value in cut.items()})) == "missing-field"
    moved = query_of(Response(*R1)).replace("TESTI+ANNA", quote("TESTI ANNA&0001"))
    assert refusal(moved) == "malformed-field"


@pytest.mark.parametrize(
    "name", ["VERS", "TIMESTMP", "IDNBR", "STAMP", "CUSTNAME", "KEYVERS", "ALG", "CUSTID", "CUSTTYPE", "MAC"]
)
def test_every_mandatory_field_stands_there_exactly_once(name: str) -> None:
    fields = with_mac(Response(*R1), KEYS)
    value = fields.pop(f"B02K_{name}")
    assert refusal(to_query(fields)) == "missing-field"
    assert refusal(to_query({**fields, f"B02K_{name}": ""})) == "missing-field"
    twice = to_query({**fields, f"B02K_{name}": value})
    assert refusal(f"{twice}&B02K_{name}={quote(value)}") == "duplicate-field"
    assert refusal(f"{twice}&%42{'02K_'}{name}={quote(value)}") == "duplicate-field"


def test_the_user_may_be_named_in_either_spelling_but_once() -> None:
    business = replace(
        Response(*R1), custid="2830765-9", custtype="08", userid="081181-9984", username="TESTI ANNA"
    )
    query = query_of(business)
    asked = replace(ASKED, idtype="42")
    assert refusal(query, asked=asked) == ""
    assert refusal(query.replace("B02K_USERID", "B02K_USRID"), asked=asked) == ""
    assert refusal(query + "&B02K_USRID=x", asked=asked) == "duplicate-field"


def test_a_field_that_the_protocol_does_not_know_is_refused() -> None:
    for name in ("STAMP", "CUSTID", "MAC"):
        assert (
            refusal(query_of(Response(*R1)).replace(f"B02K_{name}", f"B02K_{name.lower()}"))
            == "unknown-field"
        )
        assert (
            refusal(query_of(Response(*R1)).replace(f"B02K_{name}", f"B02K_{name.title()}"))
            == "unknown-field"
        )
    assert refusal(query_of(Response(*R1)) + "&B02K_ADMIN=1") == "unknown-field"
    assert refusal(query_of(Response(*R1)) + "&x=1" * 60) == "too-many-fields"


def test_the_algorithm_is_the_agreed_one_and_not_the_messages() -> None:
    for algorithm in ("01", "02"):
        fields = {**with_mac(Response(*R1), KEYS), "B02K_ALG": algorithm}
        query = to_query({**fields, "B02K_MAC": mac([*R1[:6], algorithm, *R1[7:]], OP_KEY)})
        assert refusal(query) == "wrong-algorithm"
    with pytest.raises(ValueError, match="not allowed"):
        Keys({"0001": OP_KEY}, algorithm="01")


def test_the_key_follows_its_version() -> None:
    changed = replace(Response(*R1), keyvers="0002")
    assert refusal(query_of(changed)) == "unknown-key-version"
    both = Keys({"0001": OP_KEY, "0002": "new-key"})
    assert refusal(query_of(changed, "new-key"), keys=both) == ""
    assert refusal(query_of(changed, OP_KEY), keys=both) == "wrong-seal"


def test_another_stamp_or_bank_is_refused() -> None:
    assert refusal(query_of(Response(*R1)), asked=replace(ASKED, stamp="2" * 20)) == "another-stamp"
    assert refusal(query_of(Response(*R1)), bank_number="200") == "another-bank"


@pytest.mark.parametrize(
    ("minutes", "reason"),
    [(4.9, ""), (-4.9, ""), (5.1, "clock-skew"), (-5.1, "clock-skew"), (720, "clock-skew")],
)
def test_the_clocks_agree_within_five_minutes(minutes: float, reason: str) -> None:
    assert refusal(query_of(Response(*R1)), now=NOW + timedelta(minutes=minutes)) == reason


@pytest.mark.parametrize(
    ("length", "reason"), [(17, ""), (19, ""), (23, ""), (16, "malformed-field"), (24, "malformed-field")]
)
def test_short_time_stamps_of_some_banks_are_read(length: int, reason: str) -> None:
    assert refusal(query_of(replace(Response(*R1), timestmp=(R1[1] + "0")[:length]))) == reason


def test_a_day_that_is_none_is_refused() -> None:
    assert refusal(query_of(replace(Response(*R1), timestmp="50020141323184741"))) == "malformed-field"


def test_an_hour_that_the_clock_strikes_twice_is_told_from_neither() -> None:
    for utc_hour in (0, 1):
        now = datetime(2026, 10, 25, utc_hour, 30, tzinfo=UTC)
        assert verify_tupas.clock_difference("50020261025033000", now) == timedelta(0)


@pytest.mark.parametrize("code", ["00", "10", "11", "12"])
def test_not_identified_is_told_with_a_good_seal(code: str) -> None:
    response = replace(Response(*R1), custtype=code, custid="-")
    assert (
        verify_response(
            read_response(query_of(response).encode()), bank_number="500", keys=KEYS, asked=ASKED, now=NOW
        ).custtype
        in verify_tupas.NOT_IDENTIFIED
    )


@pytest.mark.parametrize(
    ("custtype", "custid"),
    [("02", "9984"), ("03", "2830765-9"), ("05", "A" * 64), ("08", "081181-9984"), ("04", "x")],
)
def test_an_identifier_of_another_kind_is_refused(custtype: str, custid: str) -> None:
    assert refusal(query_of(replace(Response(*R1), custtype=custtype, custid=custid))) == "another-identifier"


@pytest.mark.parametrize(
    "code", ["081181-9985", "081181-9984 ", "081181_9984", "9984", "081181-998a", "310281-9988"]
)
def test_a_henkilotunnus_that_is_none_is_refused(code: str) -> None:
    assert refusal(query_of(replace(Response(*R1), custid=code))) == "malformed-identifier"


@pytest.mark.parametrize("sign", "-YXWVU")
def test_the_century_signs_of_2023_are_known(sign: str) -> None:
    assert refusal(query_of(replace(Response(*R1), custid=f"081181{sign}9984"))) == ""


@pytest.mark.parametrize("sign", "ABCDEF")
def test_the_century_signs_of_this_century_are_known(sign: str) -> None:
    assert refusal(query_of(replace(Response(*R1), custid=f"010101{sign}123N"))) == ""


def test_what_is_refused_or_shown_never_tells_the_person() -> None:
    response = Response(*R1)
    unverified = read_response(query_of(response).encode())
    assert "9984" not in f"{response!r}{unverified!r}"
    assert OP_KEY not in repr(KEYS)
