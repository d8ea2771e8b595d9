"""The states of a delivery and the only edges between them: one table that the statements are made from.

Pure.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias, get_args

DeliveryState: TypeAlias = Literal["pending", "sending", "sent", "deferred", "failed", "settled"]
Move: TypeAlias = Literal[
    "enter",
    "claim",
    "record",
    "give_back",
    "defer_in_outage",
    "give_up",
    "again",
    "settle",
    "send_again",
    "erase",
]

DELIVERY_STATES: tuple[DeliveryState, ...] = get_args(DeliveryState)


class Edge(NamedTuple):
    """One edge from a state to the next; `source` is None for a new row."""

    source: DeliveryState | None
    move: Move
    target: DeliveryState


EDGES = (
    Edge(None, "enter", "pending"),
    Edge(None, "enter", "sending"),  # handed straight to the senders of the process that reads the event
    Edge("pending", "claim", "sending"),
    Edge("deferred", "claim", "sending"),
    Edge("sending", "record", "sent"),
    Edge("sending", "record", "deferred"),
    Edge("sending", "record", "failed"),
    Edge("sending", "give_back", "pending"),
    Edge("pending", "defer_in_outage", "deferred"),
    Edge("pending", "give_up", "failed"),
    Edge("deferred", "give_up", "failed"),
    Edge("failed", "again", "pending"),
    Edge("deferred", "again", "pending"),
    Edge("settled", "again", "pending"),
    Edge("failed", "settle", "settled"),
    Edge("sent", "send_again", "pending"),
    Edge("failed", "send_again", "pending"),
    Edge("settled", "send_again", "pending"),
    Edge("pending", "erase", "failed"),
    Edge("sending", "erase", "failed"),
    Edge("deferred", "erase", "failed"),
)
OPEN: tuple[DeliveryState, ...] = ("pending", "sending", "deferred")
FINISHED: tuple[DeliveryState, ...] = ("sent", "failed", "settled")


def sources(move: Move) -> tuple[DeliveryState, ...]:
    """Return the states that a move may begin from."""
    return tuple(edge.source for edge in EDGES if edge.move == move and edge.source)


def in_sql(states: Iterable[DeliveryState]) -> str:
    """Return states as SQL lists them: `'sent', 'failed'`."""
    return ", ".join(f"'{state}'" for state in states)


def from_any(move: Move) -> str:
    """Return the condition that a row may be moved: `state in ('pending', 'deferred')`."""
    return f"state in ({in_sql(sources(move))})"
