"""The interface between the queue and a channel, such as mail.

All that the queue knows of how a delivery travels.

A channel is a folder of its own and one row of `services/notifier/channels.py`. The queue claims deliveries,
keeps order and lanes, counts attempts, waits, and writes results down; the channel only delivers.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, Protocol, TypeAlias

from services.notifier.delivery import Claimed, Reply
from services.notifier.queue.breaker import Breaker
from shared.events.event import Event


class RetrySchedule(NamedTuple):
    """The first wait in seconds (it doubles, up to an hour), and for how many hours to try."""

    first_seconds: float
    hours: float


class Waiting(NamedTuple):
    """A claimed delivery that waits for a connection.

    `recipient` names its lane: one recipient never gets all connections. `content` is the channel's own.
    """

    delivery: Claimed
    recipient: str
    content: Any


Deliver: TypeAlias = Callable[[Waiting], Awaitable[Reply | None]]
"""Makes one attempt. `None` says that nothing was sent and that it counts as no attempt."""


class ChannelAway(Exception):
    """The other side does not answer, or accepts nothing.

    `why` holds codes, never words of the other side.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Channel(Protocol):
    """One way that deliveries take.

    `name` is the value of `deliveries.channel`. `most` is how many deliveries are sent at once. `deliver`
    opens the `breaker` when the other side as a whole is away; it never opens it for one bad recipient.
    """

    name: str
    most: int
    retry: RetrySchedule
    breaker: Breaker

    def read(self, claimed: Claimed) -> Waiting | Reply:
        """Decrypt a claimed delivery, or return the reply that ends it: it can never be delivered."""
        ...

    def connection(self) -> AbstractAsyncContextManager[Deliver]:
        """Wait for a free connection; the pace of the channel is kept here."""
        ...

    def slow(self) -> int:
        """Return how many deliveries under way are so slow that others may go beside them (≤ `most`)."""
        ...

    async def probe(self) -> None:
        """Find out whether the other side accepts deliveries; raise `ChannelAway` if not."""
        ...

    def back(self) -> None:
        """Forget what was learned during the outage that is over now."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...

    def outcome(self, row: Mapping[str, Any]) -> Event:
        """Make the event that publishes a row of `outcomes`."""
        ...
