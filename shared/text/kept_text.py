"""Text that PostgreSQL, UTF-8 and all our readers can store."""

from typing import Annotated

from pydantic import AfterValidator


def can_be_kept(text: str) -> bool:
    """True if a text holds nothing that our databases refuse: NUL, and halves of surrogate pairs."""
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _checked(text: str) -> str:
    if not can_be_kept(text):
        raise ValueError("holds NUL or half a surrogate pair")
    return text


KeptText = Annotated[str, AfterValidator(_checked)]
"""A text from outside that is stored, or compared with what is stored."""
