"""What stands for the real thing in a demonstration; every process refuses to start with any of it that is not allowed by name."""

from collections.abc import Collection
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

VARIABLE = "DEMONSTRATION"


class Demonstration(StrEnum):
    """One thing that lets anybody in who read about it, or was made without anybody asking for it."""

    SIMULATED_BANKS = "simulated-banks"
    """Pages that play the banks: whoever opens them is whom they choose to be."""
    PUBLISHED_BANK_KEYS = "published-bank-keys"
    """Keys that the banks published for testing: whoever knows them can sign as a bank."""
    CLIENTS = "demo-clients"
    """Systems that a set-up for trying made, and that nobody asked for."""
    STAFF = "demo-staff"
    """Staff accounts of the same kind."""


def _split(names: Any) -> Any:  # noqa: ANN401  whatever a settings source holds
    return (
        frozenset(name for part in names.split(",") if (name := part.strip()))
        if isinstance(names, str)
        else names
    )


Allowed = Annotated[frozenset[Demonstration], NoDecode, BeforeValidator(_split)]
"""What is allowed, as names with commas between them; nothing unless it is set."""


def refuse_unless_allowed(wanted: Demonstration, allowed: Collection[Demonstration], what: str) -> None:
    """Raise `ValueError` that says `what` is there for demonstration, and how it can be allowed."""
    if wanted not in allowed:
        raise ValueError(
            f"{what} is there for demonstration; remove it, or allow it by {wanted.value} in {VARIABLE}"
        )
