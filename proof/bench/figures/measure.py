"""Measures one load from the first request to the last mail, with the CPU time of every program."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from deploy.failure import StartFailure
from proof.bench.bench import Bench
from proof.bench.figures.figure import Figure
from proof.bench.figures.processes import Roots, cpu_seconds, used_since
from proof.bench.load.load import Load
from proof.bench.load.send import NANO, Sent, send
from proof.bench.sink.sink import Sink

PATIENCE_SECONDS, SLOWEST_RATE = 30.0, 20.0
AFTER_SECONDS = 1.0
"""Outcomes of mails still go to tracker, so CPU time is read this long after the last mail."""


@dataclass(frozen=True)
class Measured:
    """The result of one load.

    `seconds` is from when the first request was due to the last mail; `cpu_ms` is per request and program,
    read over `watched` seconds.
    """

    sent: Sent
    mailed: Sequence[int]
    seconds: float
    cpu_ms: Mapping[str, float]
    watched: float

    @property
    def rate(self) -> float:
        """Requests per second, from POST to mail."""
        return self.sent.accepted / self.seconds

    @property
    def cpu(self) -> float:
        """Milliseconds of CPU per request, of all programs."""
        return sum(self.cpu_ms.values())


async def measure(
    bench: Bench, load: Load, sink: Sink, roots: Roots | None = None, *, strict: bool = True
) -> Measured:
    """Send a load to the product, or to the programs of `roots`, and wait for the last mail.

    Raises `StartFailure` when a request is not accepted or a mail is missing, if `strict`.
    """
    mails_before, before, began = sink.count(), cpu_seconds(roots or bench.pids), time.monotonic()
    sent = await send(load)
    come = (
        await sink.wait(mails_before + sent.accepted, PATIENCE_SECONDS + sent.accepted / SLOWEST_RATE)
        - mails_before
    )
    if strict and (sent.accepted, come) != (load.count, load.count):
        raise StartFailure(
            f"Of {load.count} requests {sent.accepted} were accepted, {come} mails came; by status: "
            f"{dict(sent.statuses)}."
        )
    await asyncio.sleep(AFTER_SECONDS)
    cpu_ms = {
        name: seconds * 1000 / max(1, sent.accepted)
        for name, seconds in used_since(before, roots or bench.pids).items()
    }
    return Measured(
        sent, sent.mailed(sink.arrivals), (sink.last - min(sent.due)) / NANO, cpu_ms, time.monotonic() - began
    )


def rate_and_cpu(
    bench: Bench, name: str, ours: Sequence[Measured], floor: Sequence[Measured] = (), **goals: float
) -> None:
    """Add the figures `<name>.requests`, `<name>.cpu` and `<name>.cpu.<program>`.

    `goals` are `rate`, `of_floor` (of the rate) and `cpu`. The raw data go to `<name>.json`.
    """
    facts = {"ours": ours, "floor": floor}
    bench.results.keep(
        name,
        {
            way: [{"rate": each.rate, "cpu_ms": each.cpu_ms} for each in rounds]
            for way, rounds in facts.items()
        },
    )
    rate, cpu = (
        (median(each.rate for each in floor), median(each.cpu for each in floor)) if floor else (None, None)
    )
    bench.results.add(
        Figure(
            f"{name}.requests",
            [each.rate for each in ours],
            "1/s",
            goals.get("rate"),
            rate,
            "higher",
            goals.get("of_floor"),
        ),
        Figure(f"{name}.cpu", [each.cpu for each in ours], "ms", goals.get("cpu"), cpu),
        *(
            Figure(f"{name}.cpu.{program}", [each.cpu_ms[program] for each in ours], "ms")
            for program in ours[0].cpu_ms
        ),
    )
