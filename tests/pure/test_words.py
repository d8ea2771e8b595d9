"""One word for one thing, in everything that people read; the words that were given up do not come back."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from services.intake.form.catalogue import Text
from services.intake.form.load_catalogue import FOLDER, load_catalogue
from shared.events.vocabulary import LANGUAGES, Language
from shared.text.texts import read_texts, walk

ROOT = Path(__file__).parents[2]
CONSOLE = ROOT / "services/tracker/texts"
GUIDE = {"Tilaa uusi salasana online-palveluun", "Online palvelu"}
"""What the citizens' guide calls by name keeps that name in Finnish."""
GIVEN_UP: dict[Language, str] = {
    "fi": r"online|sähköi\w+ asioin|varatallenn|ratkaisu|ratkaistu|kysymykseen numerossa|muuta ei kerrota",
    "sv": r"begäran|online|stjärna|tjänstens läge|läget för|visa läget|avgjord|reservlagr|första sidan|anföra"
    r"|formulär|ännu din hjälp|i sin helhet|15 minuter i taget",
    "en": r"work number|private person|\bstate\b|no such page|with a star|reserve|asked by|finds nothing"
    r"|nothing else is told|resolution|resolved|8–16|\b1 minutes",
}
CONSOLE_GIVEN_UP = (
    r"kirjanpi|hyl[äa]tty? sanom|hylätyt sanomat|\bposti(a|t|en)?\b|sellaista ei ole|/ h\b|kielellä"
    r"|täällä näkyisi|>lukija"
)


def texts_in(language: Language) -> Iterator[tuple[str, str]]:
    """Yield every text that citizens read in a language, with its place."""
    for folder in ("intake", "identity", "notifier"):
        for key, text in walk(read_texts(ROOT / "services" / folder / "texts")[language]):
            forms = [text] if isinstance(text, str) else text.values()
            yield from ((f"{folder} {key}", form) for form in forms if "language_name" not in key)
    catalogue = load_catalogue(FOLDER)
    for service in [*catalogue.services, *catalogue.hidden]:
        yield from ((f"catalogue {service.code}", text) for text in _texts_of(service, language))


def _texts_of(node: object, language: Language) -> Iterator[str]:
    if isinstance(node, Text):
        yield node.in_language(language)
    elif isinstance(node, list):
        for item in node:
            yield from _texts_of(item, language)
    elif isinstance(node, BaseModel):
        for name in type(node).model_fields:
            yield from _texts_of(getattr(node, name), language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_that_were_given_up_do_not_come_back(language: Language) -> None:
    back = {
        place: text
        for place, text in texts_in(language)
        if text not in GUIDE and re.search(GIVEN_UP[language], text, re.IGNORECASE)
    }
    assert back == {}


def test_words_that_operators_no_longer_read_do_not_come_back() -> None:
    back = {
        place: form
        for place, text in walk(read_texts(CONSOLE)["fi"])
        for form in ([text] if isinstance(text, str) else text.values())
        if re.search(CONSOLE_GIVEN_UP, form, re.IGNORECASE)
    }
    assert back == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_required_field_says_in_its_own_words_that_it_is_empty(language: Language) -> None:
    said = {
        f"{service.code}.{field.name}": field.missing
        for service in load_catalogue().services
        for field in service.fields
        if field.required
        and (
            field.missing is None or field.label.in_language(language) == field.missing.in_language(language)
        )
    }
    assert said == {}
