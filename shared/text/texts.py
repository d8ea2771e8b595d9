"""Sentences for people, as data: reads a folder with one YAML file per language and compares the files.

    thanks:
      title: Thank you
      due_days:                     # a text that depends on a number: one form for each CLDR plural category
        one: We will answer by the next working day.
        other: We will answer within {days} working days.

Every value is a text; YAML's own numbers, booleans and nulls are not used, so `no` and `404` need no quotes.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from string import Formatter
from types import MappingProxyType
from typing import Any, NoReturn, TypeAlias, TypeGuard

import yaml
from babel import Locale
from markupsafe import Markup

from shared.events.vocabulary import LANGUAGES, Language

CATEGORIES = frozenset(("zero", "one", "two", "few", "many", "other"))
"""CLDR's plural categories: https://cldr.unicode.org/index/cldr-spec/plural-rules."""

Places: TypeAlias = dict[str, frozenset[str]]
"""The names of the `{places}` of each text, by the text's key."""


class WrongTexts(ValueError):
    """A file is invalid, or differs from that of another language; the message names file and key."""


class Texts(Mapping[str, Any]):
    """A read-only tree: `texts.thanks.title` or `texts["thanks"]["title"]`. A YAML list is a tuple."""

    def __init__(self, texts: Mapping[str, Any]) -> None:
        vars(self).update(texts)

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401  a text, a tree or a tuple of them
        return vars(self)[key]

    def __getattr__(self, key: str) -> Any:  # noqa: ANN401  called only where the key is missing
        raise AttributeError(f"There is no text {key!r}", name=key, obj=self)

    def __setattr__(self, key: str, value: object) -> NoReturn:
        raise AttributeError(f"Texts are read-only: {key!r}")

    def __iter__(self) -> Iterator[str]:
        return iter(vars(self))

    def __len__(self) -> int:
        return len(vars(self))


RESERVED = frozenset(dir(Texts))
"""Names of attributes: a text with such a name would hide the attribute."""


def read_texts(folder: Path) -> Mapping[Language, Texts]:
    """Read `<folder>/<language>.yaml` of the languages that the folder has; raises `WrongTexts`."""
    files: dict[Language, Path] = {
        language: file for language in LANGUAGES if (file := folder / f"{language}.yaml").exists()
    }
    if others := sorted({*folder.glob("*.yaml")} - {*files.values()}):
        raise WrongTexts(f"{others[0]} is not in a language of {LANGUAGES}")
    if not files:
        raise WrongTexts(f"{folder} has no texts")
    texts = {language: _read(file) for language, file in files.items()}
    places = {file: places_by_key(texts[language], file) for language, file in files.items()}
    first, *rest = places
    for file in rest:
        _compare(file, places[file], first, places[first])
    for language, file in files.items():
        _check_plurals(texts[language], language, file)
    return MappingProxyType(texts)


def plural(text: Mapping[str, str], language: Language, number: int) -> str:
    """Return the form of a text that the language uses with a number."""
    return text[_plural_rule(language)(number)]


def fill(text: str, **values: object) -> Markup:
    """Put values in a text's `{places}`; the text is ours and may hold tags, the values are escaped."""
    return Markup(text).format(**values)  # noqa: S704  the text comes from our own file


def breakable(text: str, breaks: str) -> str:
    """Put soft hyphens where long words may break on a narrow screen.

    `breaks` holds such words, separated by blanks, with `|` at the place: `Saavutettavuus|seloste`.
    """
    for word in breaks.split():
        parts = [f"({re.escape(part)})" for part in word.split("|")]
        text = re.sub("".join(parts), "\\1\N{SOFT HYPHEN}\\2", text, flags=re.IGNORECASE)
    return text


def is_plural(node: object) -> TypeGuard[Texts]:
    """True if a part of a tree is one text that depends on a number."""
    return isinstance(node, Texts) and "other" in node and node.keys() <= CATEGORIES


def walk(node: object, key: str = "") -> Iterator[tuple[str, str | Texts]]:
    """Yield each text with its key, such as `faq.questions.0.a`; a plural text is yielded as a whole."""
    if isinstance(node, str) or is_plural(node):
        yield key, node
    elif isinstance(node, tuple):
        for index, item in enumerate(node):
            yield from walk(item, f"{key}.{index}")
    elif isinstance(node, Texts):
        for name, item in node.items():
            yield from walk(item, f"{key}.{name}" if key else name)


def places_by_key(texts: Texts, file: Path) -> Places:
    """Return the names of the `{places}` of every text, by its key; that of a plural text ends in `.*`."""
    found: Places = {}
    for key, text in walk(texts):
        try:
            if isinstance(text, str):
                found[key] = _places(text)
            else:
                found[f"{key}.*"] = frozenset().union(*map(_places, text.values()))
        except ValueError as wrong:
            raise WrongTexts(f"{file}: {key}: {wrong}") from None
    return found


def _places(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def _compare(file: Path, places: Places, other: Path, in_other: Places) -> None:
    for key in sorted(in_other.keys() ^ places.keys()):
        here, there = (file, other) if key in places else (other, file)
        raise WrongTexts(f"{there}: {key} is missing; {here.name} has it")
    for key, names in places.items():
        if names != in_other[key]:
            raise WrongTexts(f"{file}: {key} has {sorted(names)}; {other.name} has {sorted(in_other[key])}")


def _check_plurals(texts: Texts, language: Language, file: Path) -> None:
    wanted = {*_plural_rule(language).tags, "other"}
    for key, text in walk(texts):
        if not isinstance(text, str) and text.keys() != wanted:
            raise WrongTexts(f"{file}: {key} needs the plural categories {sorted(wanted)}")


@lru_cache
def _plural_rule(language: Language) -> Any:  # noqa: ANN401  babel's PluralRule
    return Locale.parse(language).plural_form


def _read(file: Path) -> Texts:
    tree = _tree(yaml.compose(file.read_text("utf-8"), yaml.CBaseLoader), file)
    if not isinstance(tree, Texts):
        raise WrongTexts(f"{file} must be a mapping")
    return tree


def _tree(node: yaml.Node | None, file: Path) -> str | tuple[Any, ...] | Texts:
    match node:
        case yaml.MappingNode():
            texts: dict[str, Any] = {}
            for name, value in node.value:
                if name.value in texts or name.value in RESERVED:
                    why = "appears twice" if name.value in texts else "is a reserved name"
                    raise WrongTexts(f"{file}: {name.value} {why}, line {name.start_mark.line + 1}")
                texts[name.value] = _tree(value, file)
            return Texts(texts)
        case yaml.SequenceNode():
            return tuple(_tree(item, file) for item in node.value)
        case yaml.ScalarNode():
            return str(node.value)
    raise WrongTexts(f"{file} is empty")
