"""Names the insecure bank logins, keys and accounts of a demonstration; refuses those not allowed."""

from collections.abc import Collection
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

VARIABLE = "DEMONSTRATION"


class Demonstration(StrEnum):
    """A stand-in that lets anybody in who has read about it, or an account that nobody asked for."""

    SIMULATED_BANKS = "simulated-banks"
    """Pages that simulate banks: a visitor chooses who to be."""
    PUBLISHED_BANK_KEYS = "published-bank-keys"
    """Keys that banks published for testing: anybody who knows them can sign as the bank."""
    CLIENTS = "demo-clients"
    """API clients created by the demonstration."""
    STAFF = "demo-staff"
    """Staff accounts created by the demonstration."""


def _split(names: Any) -> Any:  # noqa: ANN401  any value of a settings source
    return (
        frozenset(name for part in names.split(",") if (name := part.strip()))
        if isinstance(names, str)
        else names
    )


Allowed = Annotated[frozenset[Demonstration], NoDecode, BeforeValidator(_split)]
"""The allowed stand-ins, as names with commas between them; none by default."""


def refuse_unless_allowed(wanted: Demonstration, allowed: Collection[Demonstration], what: str) -> None:
    """Raise `ValueError` if a stand-in is not allowed; the message names it (`what`) and the setting."""
    if wanted not in allowed:
        raise ValueError(
            f"{what} is there for demonstration; remove it, or allow it by {wanted.value} in {VARIABLE}"
        )
