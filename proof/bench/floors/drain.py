"""How fast a backlog is worked off."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from deploy.failure import StartFailure

PAUSE = 0.03
WARM_SHARE = 0.1
Samples = Sequence[tuple[float, int]]


async def drain(count: Callable[[], Awaitable[int]], amount: int, within: float) -> list[tuple[float, int]]:
    """Sample (monotonic seconds, how many are done) until `amount` are done; raises `StartFailure` where that takes too long."""
    samples: list[tuple[float, int]] = []
    deadline = time.monotonic() + within
    while not samples or samples[-1][1] < amount:
        if time.monotonic() > deadline:
            raise StartFailure(f"Only {samples[-1][1] if samples else 0} of {amount} were worked off within {within:.0f} s.")
        await asyncio.sleep(PAUSE)
        done = await count()
        samples.append((time.monotonic(), done))
    return samples


def drain_rate(samples: Samples, before: int, amount: int) -> float:
    """Give how many of the `amount` that came to `before` were done a second.

    The first tenth is left out: joining a group and filling caches is not what is asked for.
    """
    first = next(sample for sample in samples if sample[1] >= before + amount * WARM_SHARE)
    last = next(sample for sample in samples if sample[1] >= before + amount)
    if last[0] <= first[0]:
        return amount / PAUSE
    return (last[1] - first[1]) / (last[0] - first[0])
