"""The names that all services share, languages, actors, mails and states, and what each state means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

Language: TypeAlias = Literal["fi", "sv", "en"]
State: TypeAlias = Literal[
    "received", "in_progress", "waiting_for_customer", "resolved", "rejected", "closed"
]
"""States of a request."""
Actor: TypeAlias = Literal["citizen", "staff", "client", "system"]
Template: TypeAlias = Literal["receipt", "question", "resolution", "rejection"]
"""Templates of a mail to the citizen."""

LANGUAGES: tuple[Language, ...] = get_args(Language)
STATES: tuple[State, ...] = get_args(State)
TEMPLATES: tuple[Template, ...] = get_args(Template)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a state means.

    Whether the request is `open`, whether the office's time to handle it runs (`ours` to act), and which
    `mail` informs the citizen of it.
    """

    open: bool
    ours: bool = False
    mail: Template | None = None


MEANINGS: Mapping[State, Meaning] = {
    "received": Meaning(open=True, ours=True, mail="receipt"),
    "in_progress": Meaning(open=True, ours=True),
    "waiting_for_customer": Meaning(open=True, mail="question"),
    "resolved": Meaning(open=False, mail="resolution"),
    "rejected": Meaning(open=False, mail="rejection"),
    "closed": Meaning(open=False, mail="resolution"),
}
OPEN: tuple[State, ...] = tuple(state for state in STATES if MEANINGS[state].open)
FINISHED: tuple[State, ...] = tuple(state for state in STATES if not MEANINGS[state].open)
OURS: tuple[State, ...] = tuple(state for state in STATES if MEANINGS[state].ours)
