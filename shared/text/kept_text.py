"""Text that PostgreSQL, UTF-8 and every reader of ours can keep."""

from typing import Annotated

from pydantic import AfterValidator


def can_be_kept(text: str) -> bool:
    """Say whether a text is free of what no database of ours can hold: NUL, and halves of surrogate pairs."""
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _checked(text: str) -> str:
    if not can_be_kept(text):
        raise ValueError("holds NUL or half a surrogate pair")
    return text


KeptText = Annotated[str, AfterValidator(_checked)]
"""A text from outside that is kept, or compared with what is kept."""
