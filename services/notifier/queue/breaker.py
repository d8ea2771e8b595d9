"""The circuit breaker of a channel.

While it is open nothing is sent, and a probe asks whether the outage is over.
"""

import asyncio


class Breaker:
    """Closed at first. `closed` and `opened` can be waited for.

    `why` is the last reason that it was opened for.
    """

    def __init__(self) -> None:
        self.closed, self.opened = asyncio.Event(), asyncio.Event()
        self.closed.set()
        self.why = ""

    @property
    def is_closed(self) -> bool:
        """True while deliveries go."""
        return self.closed.is_set()

    def open(self, why: str) -> None:
        """Stop sending; `why` becomes the last reply of the deliveries that wait."""
        self.why = why
        self.closed.clear()
        self.opened.set()

    def close(self) -> None:
        """Send again."""
        self.opened.clear()
        self.closed.set()
