"""The console's language and its texts, which `services/tracker/texts/<language>.yaml` holds.

The console has one language, `LANGUAGE`. For another one, add its file with the same keys and change the
constant. If operators shall choose, make `Pages` once per language, pick one by a claim of the sign-in, and
pass the language where `LANGUAGE` is used now: all that writes words takes the texts as an argument already.
"""

from collections.abc import Mapping
from pathlib import Path

from shared.events.vocabulary import Language
from shared.text.texts import Texts, plural, read_texts

LANGUAGE: Language = "fi"
FOLDER = Path(__file__).parents[1] / "texts"


def read_console_texts() -> Texts:
    """Read the texts in the console's language; raises `WrongTexts`."""
    return read_texts(FOLDER)[LANGUAGE]


def counted(text: Mapping[str, str], number: int) -> str:
    """Return the form of a plural text that fits the number, with the number in its `{count}`."""
    return plural(text, LANGUAGE, number).format(count=number)
