"""Rate limits: counts events in memory by a sliding window; never waits."""

import hashlib
import hmac
import math
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import NamedTuple

from shared.crypto.keys import derive_key
from shared.web.problems import Problem

PURPOSE = b"asiointi/limits/1"
WHO_BYTES = 16
MAX_COUNTS = 200_000
"""Counts kept at once; beyond, the oldest are dropped."""


class TooMany(Problem):
    """429: somebody did something too often; `seconds` is how long to wait."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    slug = "too-many-requests"
    title = "Too many requests"

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, math.ceil(seconds))
        super().__init__(f"Try again in {self.seconds} seconds", headers={"Retry-After": str(self.seconds)})

    @property
    def minutes(self) -> int:
        """Return the wait in whole minutes, for a page."""
        return math.ceil(self.seconds / 60)


@dataclass(frozen=True, slots=True)
class Limit:
    """`most` times in `seconds`, for each caller that is counted under this `name`."""

    name: str
    most: int
    seconds: int


class Count(NamedTuple):
    """The key of a counter: one limit, one caller (as a keyed digest), one window of time."""

    limit: str
    who: bytes
    window: int


class Limits:
    """The counts of one process, including what it read of the others'.

    `key` is 32 bytes that the processes of a service share: callers are stored as keyed digests only. `times`
    multiplies every limit.
    """

    def __init__(self, key: bytes, *, times: float = 1) -> None:
        self._key = derive_key(key, PURPOSE)
        self._times = times
        self._counts: dict[Count, int] = {}
        self._unshared: dict[Count, int] = defaultdict(int)
        self._ends: dict[Count, float] = {}

    def hit(self, limit: Limit, who: str, now: float | None = None) -> None:
        """Count one event; raises `TooMany`, and counts nothing, if that would exceed the limit.

        The window slides: the previous window counts in proportion to its part that has not passed yet. `now`
        is in seconds since 1970.
        """
        now = time.time() if now is None else now
        most, (window, passed) = limit.most * self._times, divmod(now, limit.seconds)
        digest = hmac.digest(
            self._key, f"{limit.name}\n{who}".encode(errors="surrogatepass"), hashlib.sha256
        )[:WHO_BYTES]
        here = Count(limit.name, digest, int(window))
        present, before = (
            self._counts.get(here, 0),
            self._counts.get(here._replace(window=here.window - 1), 0),
        )
        if present + before * (1 - passed / limit.seconds) + 1 > most:
            raise TooMany(_wait(limit.seconds, passed, most, present, before))
        self._add(here, 1, (here.window + 2) * limit.seconds)
        self._unshared[here] += 1

    def take_unshared(self) -> dict[Count, tuple[int, float]]:
        """Return the counts since the last call, each with its expiry in seconds since 1970."""
        unshared = {
            count: (times, self._ends[count])
            for count, times in self._unshared.items()
            if count in self._ends
        }
        self._unshared.clear()
        return unshared

    def merge(self, totals: Iterable[tuple[Count, int]]) -> None:
        """Take over the totals of all processes."""
        for count, total in totals:
            if count in self._counts:
                self._counts[count] = max(self._counts[count], total + self._unshared.get(count, 0))

    def forget_old(self, now: float | None = None) -> None:
        """Drop the counts of windows that no longer matter."""
        now = time.time() if now is None else now
        for count in [count for count, end in self._ends.items() if end <= now]:
            self._drop(count)

    def _add(self, count: Count, times: int, end: float) -> None:
        if count not in self._counts and len(self._counts) >= MAX_COUNTS:
            self._drop(next(iter(self._counts)))
        self._counts[count] = self._counts.get(count, 0) + times
        self._ends[count] = end

    def _drop(self, count: Count) -> None:
        del self._counts[count], self._ends[count]
        self._unshared.pop(count, None)


def _wait(seconds: int, passed: float, most: float, present: int, before: int) -> float:
    """Return after how many seconds one more is allowed, if nothing else comes."""
    if present + 1 <= most:  # as soon as enough of the window before has passed
        return seconds * (1 - (most - 1 - present) / before) - passed
    return seconds - passed + seconds * max(0.0, 1 - (most - 1) / present)
