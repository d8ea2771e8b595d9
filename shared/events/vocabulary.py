"""The words that every service shares: each is named here, and nowhere else."""

from typing import Literal, TypeAlias, get_args

Language: TypeAlias = Literal["fi", "sv", "en"]
State: TypeAlias = Literal[
    "received", "in_progress", "waiting_for_customer", "resolved", "rejected", "closed"
]
"""Of a request; what each means stands in tracker's `domain.py`."""
Actor: TypeAlias = Literal["citizen", "staff", "client", "system"]
Template: TypeAlias = Literal["receipt", "question", "resolution", "rejection"]
"""Of a mail to the citizen."""

LANGUAGES: tuple[Language, ...] = get_args(Language)
STATES: tuple[State, ...] = get_args(State)
TEMPLATES: tuple[Template, ...] = get_args(Template)
