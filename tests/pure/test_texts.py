"""Texts in several languages: every language has the same keys and places, or the error names file and key."""

import re
from pathlib import Path

import pytest

from shared.text.texts import Texts, WrongTexts, breakable, fill, plural, read_texts

DAYS = "days: {one: a day, other: '{days} days'}"


def read(folder: Path, **languages: str) -> Texts:
    for language, text in languages.items():
        (folder / f"{language}.yaml").write_text(text, encoding="utf-8")
    return read_texts(folder)["en"]


def test_texts_are_a_read_only_tree_by_attribute_and_by_key(tmp_path: Path) -> None:
    texts = read(tmp_path, en="a: {b-c: hello, no: 404}\nlist: [x, {y: z}]")
    assert texts.a["b-c"] == texts["a"].get("b-c") == "hello"
    assert texts["a"].no == "404"
    assert texts.list[1].y == "z"
    assert texts.get("b") is None
    assert not hasattr(texts, "b")
    assert dict(texts["a"]) == {"b-c": "hello", "no": "404"}
    with pytest.raises(AttributeError, match="read-only"):
        texts.a = "other"


def test_a_plural_text_has_the_form_of_its_language(tmp_path: Path) -> None:
    text = read(tmp_path, en=DAYS, fi=DAYS).days
    assert [plural(text, "en", number) for number in (0, 1, 2)] == ["{days} days", "a day", "{days} days"]


@pytest.mark.parametrize(
    ("english", "finnish", "message"),
    [
        ("a: {b: x}", "a: {c: x}", r"fi.yaml: a.b is missing; en.yaml has it"),
        ("a: {b: x}", "a: {b: x, c: x}", r"en.yaml: a.c is missing; fi.yaml has it"),
        ("a: [x]", "a: [x, y]", r"en.yaml: a.1 is missing"),
        ("a: '{n} x'", "a: '{m} x'", r"en.yaml: a has \['n'\]; fi.yaml has \['m'\]"),
        ("a: x", "a: 'x { y'", r"fi.yaml: a: "),
        (DAYS, "days: x", r"days"),
        (DAYS, "days: {other: '{days} x'}", r"fi.yaml: days needs the plural categories \['one', 'other'\]"),
        ("a: x\na: y", "a: x", r"en.yaml: a appears twice, line 2"),
        ("a: {b: x, b: y}", "a: {b: x}", r"en.yaml: b appears twice"),
        ("items: x", "items: x", r"items is a reserved name"),
        ("", "a: x", r"en.yaml is empty"),
        ("[x]", "a: x", r"en.yaml must be a mapping"),
    ],
)
def test_a_difference_is_named_with_its_file_and_key(
    tmp_path: Path, english: str, finnish: str, message: str
) -> None:
    with pytest.raises(WrongTexts, match=message):
        read(tmp_path, en=english, fi=finnish)


def test_a_file_in_no_known_language_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongTexts, match=re.escape("xx.yaml is not in a language of")):
        read(tmp_path, en="a: x", xx="a: x")


def test_values_are_escaped_and_the_text_is_not() -> None:
    assert fill("<b>{name}</b>", name="<i>") == "<b>&lt;i&gt;</b>"


def test_long_words_break_where_the_text_says() -> None:
    assert breakable("Saavutettavuusseloste", "x|y saavutettavuus|seloste") == "Saavutettavuus\xadseloste"
