"""Growing delays with jitter between attempts."""

import asyncio
import random


class Backoff:
    """Delays of `first` seconds, doubled each time up to `most`, each multiplied by 0.5 to 1 at random."""

    def __init__(self, first: float, most: float) -> None:
        self._first = first
        self._most = most
        self.tries = 0

    def next_delay(self) -> float:
        """Return the next delay in seconds."""
        delay = min(self._most, self._first * 2.0 ** min(self.tries, 32))
        self.tries += 1
        return delay * random.uniform(0.5, 1.0)  # noqa: S311  jitter, not a secret

    def reset(self) -> None:
        """Begin again with the first delay."""
        self.tries = 0

    async def wait(self) -> None:
        """Sleep for the next delay."""
        await asyncio.sleep(self.next_delay())
