"""A henkilötunnus is found in a text however it is written, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.text.personal_codes import HIDDEN, hide_lookalikes, hide_personal_codes, holds_personal_code, mask

WRITTEN = [
    *(
        "131052-308T",
        "131052-308t",
        "131052\u2013308T",
        "131052\u2212308T",
        "131052 - 308T",
        "131052-\u00a0308T",
        "131052\n-308T",
    ),
    *(
        "131052-308\u200bT",
        "131052\u200d-308T",
        "131052-\u00ad308T",
        "010594Y9032",
        "010594y9032",
        "131052 -308 T",
        "131052-308T.",
    ),
    *(
        "Hetu131052-308T",
        "131052-308Tx",
        "131052_308T",
        "131052308T",
        "13 10 52-308T",
        "13.10.52-308T",
        "131052-308T1",
        "x131052-308T",
    ),
    *("1 131052-308T", "12 131052-308T", "9 131052308T", "131052/308T", "1310 52 308T", "13105230 8T"),
]
OTHERS = [
    *("131052-308U", "1310523089", "0310523088", "FI2112345600000785", "131052"),
    "310252-308T",
    "482 913 057",
    "040 123 4567",
    "0501052308",
    "131052308U",
    "9131052-308T",
]


@pytest.mark.parametrize("code", WRITTEN)
@pytest.mark.parametrize("around", ["{}", "Tunnus: {}", "({})", "Hei,\n{}\nterveisin", "hetu={},"])
def test_a_code_is_found_however_it_is_written(code: str, around: str) -> None:
    text = around.format(code)
    assert holds_personal_code(text)
    hidden = hide_personal_codes(text)
    assert HIDDEN in hidden
    assert not holds_personal_code(hidden)
    assert hidden.startswith(around.partition("{")[0])


@pytest.mark.parametrize("text", OTHERS)
def test_what_is_no_code_stays(text: str) -> None:
    assert not holds_personal_code(text)
    assert hide_personal_codes(text) == text


def test_a_mistyped_code_is_covered_where_people_look() -> None:
    assert hide_lookalikes("131052-308U ja 131052308T") == f"{HIDDEN} ja {HIDDEN}"


@given(st.text(max_size=60), st.sampled_from(WRITTEN[:5]), st.text(max_size=60))
def test_nothing_around_a_code_hides_it(before: str, code: str, after: str) -> None:
    assert not holds_personal_code(hide_personal_codes(f"{before} {code} {after}"))


def test_a_masked_code_keeps_the_birth_date_and_nothing_else() -> None:
    assert mask("131052-308T") == "131052-****"
