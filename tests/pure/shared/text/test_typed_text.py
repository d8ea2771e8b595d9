"""What is typed or pasted becomes what is seen of it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import damm

from services.identity.settings import StaffAccount, plain_username
from shared.text import work_number
from shared.text.kept_text import can_be_kept
from shared.text.typed_text import PLAIN, plain, visible

CHECK = damm.calc_check_digit("48291305")
UNSEEN = [
    *(
        "\x00",
        "\x02",
        "\x7f",
        "\x9f",
        "\u00ad",
        "\u061c",
        "\u180e",
        "\u200b",
        "\u200e",
        "\u200f",
        "\u202a",
        "\u202c",
        "\u202d",
        "\u202e",
    ),
    *("\u2060", "\u2066", "\u2069", "\u2800", "\u3164", "\uffa0", "\ufeff", "\ud800", "\udfff"),
]


@pytest.mark.parametrize("unseen", UNSEEN)
def test_what_nobody_sees_changes_nothing(unseen: str) -> None:
    for around in (f"{unseen}Äyräs 1{unseen}", f"Äy{unseen}räs 1", f" {unseen} Äyräs 1{unseen}{unseen}"):
        assert visible(around) == plain(around) == "Äyräs 1"
    assert visible(unseen * 3) == ""
    assert work_number.parse(f"{unseen}482{unseen} 913 05{CHECK}") == f"48291305{CHECK}"
    account = StaffAccount.model_validate({"username": f"OLLI{unseen}", "password": "x", "name": "O"})
    assert plain_username(f"{unseen}Olli") == account.username == "olli"


@given(st.text())
def test_it_stays_as_it_is_and_can_be_kept(typed: str) -> None:
    for clean in (visible(typed), visible(typed, lines=True), plain(typed)):
        assert can_be_kept(clean)
        assert clean == clean.strip()
        assert not any(unicodedata.category(letter) == "Cc" and letter not in "\n\t" for letter in clean)
    assert visible(visible(typed)) == visible(typed)
    assert visible(visible(typed, lines=True), lines=True) == visible(typed, lines=True)
    assert plain(plain(typed)) == plain(typed)
    assert "\n" not in visible(typed)


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Mn", "Zs"]), max_size=20))
def test_what_is_seen_is_kept(typed: str) -> None:
    def seen(text: str) -> list[str]:
        return [
            letter
            for letter in unicodedata.normalize("NFC", text).strip()
            if letter not in "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800"
        ]

    assert seen(visible(typed)) == seen(typed)


def test_lines_stay_lines_where_there_may_be_some() -> None:
    typed = "yksi\r\nkaksi\rkolme\x0bneljä\x0cviisi\u2028kuusi\x85seitsemän"
    assert (
        visible(typed, lines=True).split("\n")
        == visible(typed).split(" ")
        == ["yksi", "kaksi", "kolme", "neljä", "viisi", "kuusi", "seitsemän"]
    )


def test_joiners_shape_words_and_emoji_and_nothing_else() -> None:
    for shaped in ("می\u200cخواهم", "\U0001f468\u200d\U0001f469\u200d\U0001f467"):
        assert visible(f"\u200d {shaped}\u200c") == shaped


def test_every_dash_blank_and_apostrophe_is_the_keyboards_own() -> None:
    assert {chr(code) for code, kept in PLAIN.items() if kept == "-"} >= set("‐‑‒–—―−﹣－")
    assert plain("O\u2019Brien\u2011Smith\u00a0\u202fX") == "O'Brien-Smith  X"
