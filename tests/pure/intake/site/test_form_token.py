"""A form's token says for whom the form was shown, and says it of nobody else."""

from hypothesis import given
from hypothesis import strategies as st

from services.intake.site.form_token import NOBODY, NONCE_BYTES, WELL_FORMED, FormTokens

OLD, NEW = b"o" * 32, b"n" * 32
TOKENS = FormTokens([NEW, OLD])
codes = st.text(st.characters(codec="utf-8"), max_size=30)


@given(codes, codes, codes, codes)
def test_a_token_is_for_its_own_service_and_person_only(
    service: str, person: str, other_service: str, other_person: str
) -> None:
    token = TOKENS.make(service, person)
    assert WELL_FORMED.fullmatch(token)
    assert TOKENS.is_for(token, service, person)
    if (service, person) != (other_service, other_person):
        assert not TOKENS.is_for(token, other_service, other_person)


@given(st.text(max_size=90))
def test_anything_else_is_for_nobody(token: str) -> None:
    assert not TOKENS.is_for(token, "verokorttiasiat", NOBODY)
    assert not TOKENS.is_for(token, "verokorttiasiat", "131052-308T")


def test_a_token_with_any_character_of_its_owner_changed_is_for_nobody() -> None:
    token = TOKENS.make("verokorttiasiat", "131052-308T")
    for at, letter in list(enumerate(token))[NONCE_BYTES * 4 // 3 :]:
        changed = token[:at] + ("B" if letter == "A" else "A") + token[at + 1 :]
        assert not TOKENS.is_for(changed, "verokorttiasiat", "131052-308T"), at


def test_two_forms_of_one_person_are_two() -> None:
    assert TOKENS.make("verokorttiasiat", "131052-308T") != TOKENS.make("verokorttiasiat", "131052-308T")


def test_a_form_that_is_open_while_keys_change_is_still_its_persons() -> None:
    token = FormTokens([OLD]).make("verokorttiasiat", "131052-308T")
    assert TOKENS.is_for(token, "verokorttiasiat", "131052-308T")
    assert not FormTokens([NEW]).is_for(token, "verokorttiasiat", "131052-308T")
