"""The names that all services share: languages, request states, actors, actions and mail templates."""

from typing import Literal, TypeAlias, get_args

Language: TypeAlias = Literal["fi", "sv", "en"]
State: TypeAlias = Literal[
    "received", "in_progress", "waiting_for_customer", "resolved", "rejected", "closed"
]
"""States of a request; tracker's `domain.py` says what each means."""
Actor: TypeAlias = Literal["citizen", "staff", "client", "system"]
Template: TypeAlias = Literal["receipt", "question", "resolution", "rejection"]
"""Templates of a mail to the citizen."""

LANGUAGES: tuple[Language, ...] = get_args(Language)
STATES: tuple[State, ...] = get_args(State)
TEMPLATES: tuple[Template, ...] = get_args(Template)
