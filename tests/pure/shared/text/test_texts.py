"""Texts of all services: every language has the same keys and places, and each text is read somewhere."""

import re
from pathlib import Path

import pytest

from shared.events.vocabulary import LANGUAGES, Language
from shared.text.texts import Texts, WrongTexts, breakable, fill, plural, read_texts, walk
from tests.pure.keys_of_texts import ANY, Key, matches, read_in_python, read_in_templates

ROOT = Path(__file__).parents[4]
SERVICES = sorted(folder.parent for folder in (ROOT / "services").glob("*/texts"))
SPOKEN: dict[str, tuple[Language, ...]] = {"tracker": ("fi",)}
"""The languages of a service, where they are not all: the console is Finnish."""
MAY_BE_EMPTY = {"breaks"}
every_service = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)

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


def keys_of(service: Path) -> list[Key]:
    return [tuple(key.split(".")) for key, _ in walk(_texts_of(service))]


def _texts_of(service: Path) -> Texts:
    texts = read_texts(service / "texts")
    assert set(texts) == set(SPOKEN.get(service.name, LANGUAGES))
    return texts["fi"]


def unread(keys: list[Key], reads: set[Key]) -> list[str]:
    return [".".join(key) for key in keys if not any(matches(key, read) for read in reads)]


def missing(keys: list[Key], reads: set[Key]) -> list[str]:
    return [".".join(read) for read in sorted(reads) if not any(_is_there(key, read) for key in keys)]


def _is_there(key: Key, read: Key) -> bool:
    rest = read[len(key) :]
    return matches(key, read) and (not rest or rest[0] == ANY or rest[0] in PARTS_OF_TEXT)


PARTS_OF_TEXT = {*dir(str), "one", "other"}


@every_service
def test_no_text_is_empty(service: Path) -> None:
    empty = [
        f"{language}.yaml: {key}"
        for language, texts in read_texts(service / "texts").items()
        for key, text in walk(texts)
        for form in ([text] if isinstance(text, str) else text.values())
        if not form.strip() and key not in MAY_BE_EMPTY
    ]
    assert empty == []


@every_service
def test_every_text_is_read_somewhere(service: Path) -> None:
    reads = {*read_in_templates(service), *read_in_python(service)}
    assert unread(keys_of(service), reads) == []


@every_service
def test_every_key_that_is_read_is_there(service: Path) -> None:
    reads = {*read_in_templates(service), *read_in_python(service)}
    assert missing(keys_of(service), reads) == []


def test_keys_are_found_in_templates_and_code(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        "{% set a = t.a.b %}{{ t.c[name] | fill(x=t.d['e-f']) }}{{ t.g.items() }}"
    )
    (tmp_path / "page.py").write_text(
        "view.texts.h.i\nself.texts[language].j[kind]\n"
        "texts_in(language).k.get(x, 1)\ntexts['l-m'].format(n=1)"
    )
    assert {*read_in_templates(tmp_path)} == {("a", "b"), ("c", "*"), ("d", "e-f"), ("g",)}
    assert {*read_in_python(tmp_path)} == {("h", "i"), ("j", "*"), ("k", "*"), ("l-m", "format")}


def test_a_text_that_nobody_reads_and_a_key_that_is_not_there_are_named() -> None:
    keys = [("a", "b"), ("a", "c"), ("d",)]
    assert unread(keys, {("a", "b"), ("d", "format")}) == ["a.c"]
    assert unread(keys, {("a",)}) == ["d"]
    assert missing(keys, {("a", "*"), ("a", "x"), ("d", "format"), ("e",)}) == ["a.x", "e"]
