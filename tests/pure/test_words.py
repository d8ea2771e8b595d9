"""One word for one thing, in everything that people read; the words that were given up do not come back."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from services.identity.pages import load_texts
from services.intake.form.catalogue import FOLDER, Text, load_catalogue
from services.intake.form.messages import MESSAGES
from services.intake.problems import SHAPE, TITLES
from services.intake.site.texts import raw_texts
from shared.events.vocabulary import LANGUAGES, Language

ROOT = Path(__file__).parents[2]
MAILS = ROOT / "services/notifier/mails"
CONSOLE = ROOT / "services/tracker/console"
GUIDE = {"Tilaa uusi salasana online-palveluun", "Online palvelu"}
"""What the citizens' guide calls by name keeps that name in Finnish."""
GIVEN_UP: dict[Language, str] = {
    "fi": r"online|sähköi\w+ asioin|varatallenn|ratkaisu|ratkaistu|kysymykseen numerossa|muuta ei kerrota",
    "sv": r"begäran|online|stjärna|tjänstens läge|läget för|visa läget|avgjord|reservlagr|första sidan|anföra"
    r"|formulär|ännu din hjälp|i sin helhet|15 minuter i taget",
    "en": r"work number|private person|\bstate\b|no such page|with a star|reserve|asked by|finds nothing|nothing else is told"
    r"|resolution|resolved|8–16|\b1 minutes",
}
CONSOLE_GIVEN_UP = r"kirjanpi|hyl[äa]tty? sanom|hylätyt sanomat|\bposti(a|t|en)?\b|sellaista ei ole|/ h\b|kielellä|täällä näkyisi|>lukija"


def texts_in(language: Language) -> Iterator[tuple[str, str]]:
    """Give every text that citizens read in a language, with where it stands."""
    yield from ((f"site {place}", text) for place, text in _leaves(raw_texts(language)))
    yield from (
        (f"identity {name}", text)
        for name, text in load_texts()[language].items()
        if not name.startswith("language_")
    )
    for place, sentences in (("messages", MESSAGES), ("titles", TITLES), ("shapes", SHAPE)):
        yield from ((f"{place} {slug}", text.in_language(language)) for slug, text in sentences.items())
    catalogue = load_catalogue(FOLDER)
    for service in [*catalogue.services, *catalogue.hidden]:
        yield from ((f"catalogue {service.code}", text) for text in _texts_of(service, language))
    for file in MAILS.glob(f"*{language}.jinja"):
        yield from ((f"mail {file.name}", line) for line in file.read_text("utf-8").splitlines())


def _leaves(node: object, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _leaves(value, f"{place}.{key}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _leaves(value, f"{place}.{number}")
    else:
        yield place, str(node)


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
    files = [CONSOLE / "words.py", CONSOLE / "all_well.py", *sorted((CONSOLE / "templates").glob("*.html"))]
    back = {
        f"{file.name}:{number}": line.strip()
        for file in files
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if re.search(CONSOLE_GIVEN_UP, line, re.IGNORECASE)
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
