"""The states of a request, the edges between them, who may take each edge, and what is a repeat."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, get_args

from shared.events.vocabulary import Actor, State, Template

Action: TypeAlias = Literal[
    "register", "take", "ask_customer", "customer_answered", "resolve", "reject", "close", "reopen"
]

ACTIONS: tuple[Action, ...] = get_args(Action)


def in_sql(states: Iterable[State]) -> str:
    """Return states as SQL lists them: `'received', 'closed'`."""
    return ", ".join(f"'{state}'" for state in states)


HANDLERS: tuple[Actor, ...] = ("staff", "client")
TEXT_NEEDED: tuple[Action, ...] = ("ask_customer", "resolve", "reject")
"""Actions whose text goes to the citizen."""

MAIL_OWED: Mapping[Action, Template] = {
    "register": "receipt",
    "ask_customer": "question",
    "resolve": "resolution",
    "reject": "rejection",
}
"""The mail that the citizen has to get after an action; the ledger watches that it goes."""

Reason: TypeAlias = Literal[
    "skipped",
    "no-number",
    "no-receipt",
    "no-mail",
    "mail-failed",
    "returned-mail-unsettled",
    "unpublished",
    "unsendable",
    "spool",
    "dead-letter",
    "lag",
    "unknown",
    "not-removed",
    "numbers-low",
    "alarm-undelivered",
    "canary",
]
"""Why something is overdue, in the ledger and its alarms."""


@dataclass(frozen=True, slots=True)
class By:
    """Who acts: `name` is a staff username or a client id, none for a citizen.

    For whom a client says it acts is not verified.
    """

    kind: Actor
    name: str | None
    on_behalf_of: str | None = None

    @property
    def details(self) -> dict[str, str] | None:
        """Return what the history notes beside the actor."""
        return {"on_behalf_of": self.on_behalf_of} if self.on_behalf_of not in {None, self.name} else None


@dataclass(frozen=True, slots=True)
class Edge:
    """One way from a state to the next, and who may take it."""

    source: State
    action: Action
    target: State
    by: tuple[Actor, ...] = HANDLERS


EDGES = (
    Edge("received", "take", "in_progress"),
    Edge("received", "resolve", "resolved"),
    Edge("received", "reject", "rejected"),
    Edge("in_progress", "take", "in_progress"),
    Edge("in_progress", "ask_customer", "waiting_for_customer"),
    Edge("in_progress", "resolve", "resolved"),
    Edge("in_progress", "reject", "rejected"),
    Edge("waiting_for_customer", "take", "in_progress"),
    Edge("waiting_for_customer", "customer_answered", "in_progress", ("citizen", "staff", "client")),
    Edge("waiting_for_customer", "resolve", "resolved"),
    Edge("waiting_for_customer", "reject", "rejected"),
    Edge("resolved", "close", "closed", ("staff", "client", "system")),
    Edge("resolved", "reopen", "in_progress", ("citizen", "staff", "client")),
    Edge("rejected", "close", "closed", ("staff", "client", "system")),
    Edge("rejected", "reopen", "in_progress"),
    Edge("closed", "reopen", "in_progress"),
)
COMMANDS: tuple[Action, ...] = tuple(
    action for action in ACTIONS if any(edge.action == action and "client" in edge.by for edge in EDGES)
)
"""What a back office may ask for, over HTTP and over Kafka."""
_EDGES = {(edge.source, edge.action): edge for edge in EDGES}


class NotAllowedNow(Exception):
    """The table has no such edge for this actor; says the state and what is possible instead."""

    def __init__(self, state: State, action: Action, possible: tuple[Action, ...]) -> None:
        super().__init__(f"{action} is not possible while the request is {state}")
        self.state = state
        self.action = action
        self.possible = possible


def possible_actions(state: State, actor: Actor) -> tuple[Action, ...]:
    """Return what `actor` may do with a request in `state`."""
    return tuple(edge.action for edge in EDGES if edge.source == state and actor in edge.by)


def next_state(state: State, action: Action, actor: Actor) -> State:
    """Return the state that an action leads to; raises `NotAllowedNow`."""
    edge = _EDGES.get((state, action))
    if edge is None or actor not in edge.by:
        raise NotAllowedNow(state, action, possible_actions(state, actor))
    return edge.target


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of a request's history that set its state."""

    occurred_at: datetime
    state: State
    action: Action
    text: str | None = None


def state_by_time(steps: Iterable[Step]) -> State:
    """Return the state after the latest step by its own time, in any order of arrival.

    A late one never moves it back.
    """
    state: State = "received"
    latest: datetime | None = None
    for step in steps:
        if latest is None or step.occurred_at >= latest:
            state, latest = step.state, step.occurred_at
    return state


def moment_after(last: datetime, now: datetime) -> datetime:
    """Return the time of the next step.

    Now, but always after the last one, even if the clocks of two processes differ.
    """
    return max(now, last + timedelta(microseconds=1))


def is_repeat(last: Step | None, action: Action, text: str | None) -> bool:
    """Return whether an action repeats the last one, so that a retry is answered as the first was."""
    return last is not None and last.action == action and last.text == text
