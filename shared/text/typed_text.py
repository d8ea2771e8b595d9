"""Cleans typed or pasted text to what is seen on a screen; one rule for every place where people write.

Contact cards, word processors and PDFs add invisible characters that people cannot remove.
"""

import re
import sys
import unicodedata

LINE_END = re.compile("\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # controls
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0001"
    "\ud800-\udfff]"  # halves of surrogate pairs
)
JOINER_ALONE = re.compile(r"(?<!\S)[\u200c\u200d]++|(?<![\u200c\u200d])[\u200c\u200d]++(?!\S)")
"""Joiners that are not visible.

Inside a word a joiner shapes Persian and Indic letters and emoji. The match is possessive, so a run is read
once.
"""
MAX_MARKS = 30
"""The most marks on one letter, as in Unicode's stream-safe format (UAX #15).

Composing a longer run takes the square of its length.
"""


def _of_category(*categories: str) -> str:
    return "".join(
        chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) in categories
    )


_MARKS = "".join(chr(code) for code in range(sys.maxunicode + 1) if unicodedata.combining(chr(code)))
_MARK = f"[{re.escape(_MARKS)}]"
TOO_MANY_MARKS = re.compile(f"({_MARK}{{{MAX_MARKS}}}){_MARK}+")
PLAIN = str.maketrans(
    dict.fromkeys(_of_category("Pd") + "\u2212", "-")
    | dict.fromkeys(_of_category("Zs") + "\t\n", " ")
    | dict.fromkeys("\u2018\u2019\u201b\u02b9\u02bc\u2032\u00b4`\uff07", "'")
)


def visible(text: str, *, lines: bool = False) -> str:
    """Return a text composed (NFC), without invisible characters, trimmed.

    Line ends become line feeds, or blanks without `lines`.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    shown = INVISIBLE.sub("", LINE_END.sub("\n" if lines else " ", text))
    return JOINER_ALONE.sub("", unicodedata.normalize("NFC", TOO_MANY_MARKS.sub(r"\1", shown))).strip()


def plain(text: str) -> str:
    """Return what is visible, with every dash, blank and apostrophe as on a keyboard.

    For codes and numbers, and to compare names.
    """
    return visible(text).translate(PLAIN)
