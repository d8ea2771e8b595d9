"""The whole, from POST to mail, beside the bare pipeline: the same clients, bodies, sink and clock."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import median

from deploy.failure import StartFailure
from proof.bench.cpu import cpu_seconds, used_since
from proof.bench.figure import of_rounds
from proof.bench.load import Load, generator
from proof.bench.measure import AFTER_SECONDS
from proof.bench.part import Bench
from proof.bench.sink import Sink

CLIENTS = 16
WITHIN = 120.0
NANO = 1e9
SERVERS = ("kafka", "postgres")
HOPS = {"intake": "floor-intake", "tracker-worker": "floor-tracker", "notifier-worker": "floor-notifier", **dict(zip(SERVERS, SERVERS, strict=True))}
"""Each program of ours that a request passes through, and the floor's that does the same."""
LEAST_A_SECOND, SHARE, MOST_CPU_MS = 750.0, 0.75, 2.5


@dataclass(frozen=True)
class Pass:
    """One load through everything: `a_second` from the first POST to the last mail, `cpu_ms` a request by program."""

    requests: int
    a_second: float
    cpu_ms: Mapping[str, float]

    @property
    def cpu(self) -> float:
        """Give the milliseconds of all programs together."""
        return sum(self.cpu_ms.values())


async def one_pass(bench: Bench, load: Load, sink: Sink, roots: Mapping[str, int]) -> Pass:
    """Send a load and wait for its mails; raises `StartFailure` where one is missing."""
    async with generator(load, bench.raw) as ready:
        mails, before = sink.count() + load.count, cpu_seconds(roots)
        sending = asyncio.create_task(ready.go())
        come = await sink.wait(mails, WITHIN)
        ended = time.monotonic_ns()
        sent = await sending
    await asyncio.sleep(AFTER_SECONDS)
    used = used_since(before, roots)
    if come < mails or sent.accepted < load.count:
        raise StartFailure(f"Of {load.count} requests {sent.accepted} were accepted, and {load.count - mails + come} mails came.")
    return Pass(load.count, load.count / (ended - sent.began) * NANO, {name: seconds * 1000 / load.count for name, seconds in used.items()})


async def measure_whole(bench: Bench, sink: Sink, floor: Mapping[str, int], floor_port: int) -> None:
    """Alternate the floor and ours; `floor` are the pids of the bare pipeline."""
    under = bench.under
    servers = {name: under.pids[name] for name in SERVERS}
    ways = {"floor": (floor_port, {**floor, **servers}), "ours": (under.port("intake"), dict(under.pids))}
    passes: dict[str, list[Pass]] = {"floor": [], "ours": []}
    count = 100 if bench.options.short else 4_000
    for number in range(-1, bench.options.rounds):
        for way, (port, roots) in ways.items():
            # The first time nothing counts: pools, plans and the broker's own code get warm.
            load = Load(port, bench.new_run(), bench.form, count=count if number >= 0 else count // 4, clients=CLIENTS)
            done = await one_pass(bench, load, sink, roots)
            if number >= 0:
                passes[way].append(done)
    bench.results.keep("floors-whole", {way: [asdict(done) for done in each] for way, each in passes.items()})
    _add(bench, passes["ours"], passes["floor"])


def _add(bench: Bench, ours: list[Pass], floor: list[Pass]) -> None:
    bench.results.add(
        of_rounds(
            "whole.ratio",
            [done.a_second for done in ours],
            "1/s",
            goal=LEAST_A_SECOND,
            floor=median(done.a_second for done in floor),
            better="higher",
            of_floor=SHARE,
        ),
        of_rounds("whole.cpu", [done.cpu for done in ours], "ms", goal=MOST_CPU_MS, floor=median(done.cpu for done in floor)),
        *(
            of_rounds(f"whole.cpu.{name}", [done.cpu_ms[name] for done in ours], "ms", floor=median(done.cpu_ms[bare] for done in floor))
            for name, bare in HOPS.items()
        ),
    )
