"""All sentences of intake for people, one YAML file per language; the forms' own are in `catalogue/`."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from shared.events.vocabulary import Language
from shared.text.texts import Texts, read_texts


@cache
def all_texts() -> Mapping[Language, Texts]:
    """Read the files, once per process; raises `WrongTexts`."""
    return read_texts(Path(__file__).parent)


def texts_in(language: Language) -> Texts:
    """Return the tree of one language."""
    return all_texts()[language]
