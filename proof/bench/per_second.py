"""What happened to a load second by second. Pure; moments are nanoseconds of one clock, 0 for what did not happen."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import accumulate

from proof.bench.figure import percentile

MILLI, NANO = 1_000_000, 1_000_000_000


def by_second(due: Sequence[int], done: Sequence[int], percent: float = 99) -> list[float]:
    """Give, for each second from the first due one on, the percentile of the milliseconds that what was due in it took; 0 where nothing was."""
    began, taken = min(due), defaultdict[int, list[float]](list)
    for late, early in zip(done, due, strict=True):
        if late:
            taken[(early - began) // NANO].append((late - early) / MILLI)
    return [percentile(taken[second], percent) if taken[second] else 0.0 for second in range(max(taken, default=0) + 1)]


def backlog_by_second(begun: Sequence[int], ended: Sequence[int]) -> list[float]:
    """Give how many had begun and not ended at the end of each second, from the first one's beginning until the last one's end."""
    first = min((moment for moment in begun if moment), default=0)
    came, went = (Counter((moment - first) // NANO for moment in moments if moment) for moments in (begun, ended))
    seconds = range(max((0, *came, *went)) + 1)
    return [float(more - less) for more, less in zip(accumulate(came[s] for s in seconds), accumulate(went[s] for s in seconds), strict=True)]
