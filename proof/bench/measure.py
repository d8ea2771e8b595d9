"""One load measured from the first request to the last mail, with everybody's CPU time."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from deploy.failure import StartFailure
from proof.bench.cpu import cpu_seconds, used_since
from proof.bench.load import Load, Sent, generator
from proof.bench.part import Bench
from proof.bench.sink import Sink, TimedSink

NANO = 1_000_000_000
PATIENCE_SECONDS, SLOWEST_RATE = 30.0, 20.0
AFTER_SECONDS = 1.0
"""Outcomes of mails go on to the tracker: so long after the last mail everybody's CPU time is read."""


@dataclass(frozen=True)
class Measured:
    """`seconds` from when the first request was due to the last mail; `cpu` is each program's seconds for all of it."""

    sent: Sent
    seconds: float
    cpu: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Requests a second, from POST to mail."""
        return self.sent.accepted / self.seconds

    @property
    def cpu_ms(self) -> dict[str, float]:
        """Milliseconds of CPU a request, by program."""
        return {name: seconds * 1000 / self.sent.accepted for name, seconds in self.cpu.items()}


async def measure(bench: Bench, load: Load, sink: Sink) -> Measured:
    """Send a load into the product; raises `StartFailure` when not every request is accepted or not every mail comes."""
    mails_before = sink.count()
    async with generator(load, bench.raw) as ready:
        before = cpu_seconds(bench.under.pids)
        sent = await ready.go()
    if sent.accepted != load.count:
        raise StartFailure(f"{load.count} requests were sent, {sent.accepted} accepted; the answers by status: {dict(sent.statuses)}")
    come = await sink.wait(mails_before + load.count, PATIENCE_SECONDS + load.count / SLOWEST_RATE) - mails_before
    now = time.monotonic_ns()
    if come < load.count:
        raise StartFailure(f"{load.count} requests were accepted, but only {come} mails came")
    await asyncio.sleep(AFTER_SECONDS)
    ended = max(sent.mailed(sink.arrivals)) if isinstance(sink, TimedSink) else now
    return Measured(sent, (ended - sent.began) / NANO, used_since(before, bench.under.pids))
