"""Who counts as strongly identified: what the provider's claims have to show."""

import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.banks import load_banks
from services.identity.citizen.claims import citizen_claims
from services.identity.keys import Keys
from services.identity.tupas import Response
from services.intake.citizen.identity import NotProven, Proof
from services.tracker.console.operator import sign_in_operator
from shared.auth.personal_identity_code import CLAIM, is_plain_code
from tests.pure.identity.tupas_messages import R1

LOA2 = "http://ftn.ficora.fi/2017/loa2"
PROOF = Proof((LOA2,))
ANNA = {"acr": LOA2, "given_name": "Anna", "family_name": "Testi", CLAIM: "131052-308T"}


def test_whole_claims_name_the_person() -> None:
    identity = PROOF.identity_from(ANNA)
    assert (identity.given_name, identity.family_name, identity.personal_identity_code) == (
        "Anna",
        "Testi",
        "131052-308T",
    )
    other_claim = {**ANNA, CLAIM: None, "personal_identity_code": "131052-308T"}
    assert PROOF.identity_from(other_claim).personal_identity_code == "131052-308T"


@pytest.mark.parametrize(
    "acr",
    [
        None,
        "",
        "urn:password-only",
        LOA2.upper(),
        f"{LOA2} ",
        [LOA2],
        2,
        "http://ftn.ficora.fi/2017/loatest2",
    ],
)
def test_only_the_listed_levels_are_strong(acr: object) -> None:
    with pytest.raises(NotProven, match="acr"):
        PROOF.identity_from({**ANNA, "acr": acr})
    with pytest.raises(NotProven, match="acr"):
        PROOF.identity_from({name: value for name, value in ANNA.items() if name != "acr"})


CODES = [
    None,
    "",
    "9984",
    "A" * 64,
    "2830765-9",
    "not-a-code",
    "131052-308U",
    "131052-308t",
    " 131052-308T",
    "1310523080",
    131052,
    ["131052-308T"],
]


@pytest.mark.parametrize("code", CODES)
def test_only_a_plain_henkilotunnus_becomes_one(code: object) -> None:
    assert not is_plain_code(code)
    for claim in (CLAIM, "personal_identity_code"):
        with pytest.raises(NotProven, match="personal_identity_code"):
            PROOF.identity_from({**ANNA, CLAIM: None, claim: code})
    with pytest.raises(NotProven, match="personal_identity_code"):
        PROOF.identity_from({**ANNA, "personal_identity_code": "081181-9984"})


@given(st.text() | st.integers() | st.none() | st.lists(st.text()) | st.floats())
def test_whatever_a_provider_tells_is_an_identity_or_not_proven(told: object) -> None:
    for name in (*ANNA, "auth_time", "bank", "personal_identity_code"):
        with suppress(NotProven):
            PROOF.identity_from({**ANNA, name: told})


def test_where_it_is_asked_the_sign_in_has_to_be_fresh() -> None:
    fresh = Proof((LOA2,), timedelta(hours=1))
    assert fresh.asked() == {"acr_values": LOA2, "max_age": "3600"}
    assert PROOF.asked() == {"acr_values": LOA2}
    now = time.time()
    assert fresh.identity_from(
        {**ANNA, "auth_time": now - 3_000}
    ).authenticated_at.timestamp() == pytest.approx(now - 3_000, abs=1)
    for auth_time in (None, now - 4_000, now + 4_000, "soon", 1e300, True):
        with pytest.raises(NotProven, match="auth_time"):
            fresh.identity_from({**ANNA, "auth_time": auth_time})
    assert PROOF.identity_from({**ANNA, "auth_time": now - 4_000})


@pytest.mark.parametrize(
    ("custtype", "custid"),
    [("02", "9984"), ("03", "2830765-9"), ("05", "A" * 64), ("06", "B" * 64), ("08", "2830765-9")],
)
def test_a_banks_answer_of_another_kind_never_becomes_a_henkilotunnus(custtype: str, custid: str) -> None:
    with pytest.raises(ValueError, match="plain"):
        citizen_claims(replace(Response(*R1), custid=custid, custtype=custtype), "OP", Keys.__new__(Keys))


@pytest.mark.parametrize("idtype", ["01", "03", "21", "41", "42", "zz"])
def test_a_bank_is_only_asked_for_what_can_be_a_plain_henkilotunnus(idtype: str) -> None:
    bank = load_banks()["op"]
    with pytest.raises(ValueError, match="idtype"):
        type(bank).model_validate({**bank.model_dump(by_alias=True), "idtype": idtype})


@pytest.mark.parametrize(
    ("roles", "let_in"),
    [
        (["operator"], True),
        ("operator", True),
        (["admin", "operator"], True),
        *[
            (roles, False)
            for roles in (
                "nonoperator",
                "operator admin",
                "",
                None,
                5,
                ["nonoperator"],
                {"operator": 1},
                [["operator"]],
                [],
            )
        ],
    ],
)
def test_a_role_is_a_whole_word(roles: object, *, let_in: bool) -> None:
    session: dict[str, object] = {}
    assert sign_in_operator(session, {"roles": roles, "sub": "1", "preferred_username": "olli"}) is let_in
    assert ("username" in session) is let_in
