"""A steady rate for minutes, in an open loop: one is due every so often whatever the answers do, and a late one counts from when it was due."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from proof.bench.cpu import cpu_seconds, used_since
from proof.bench.figure import Figure, percentile
from proof.bench.load import Sent, generator
from proof.bench.memory import MemoryOverTime, memory_over_time
from proof.bench.part import Bench
from proof.bench.per_second import backlog_by_second, by_second
from proof.bench.sink import TimedSink, timed_sink

MILLI, NANO = 1_000_000, 1_000_000_000
WARM_UP_SECONDS, SHORT_WARM_UP_SECONDS, SHORT_SECONDS = 15.0, 1.0, 5.0
WATCH_EVERY = 10
"""For one in so many somebody waits for the number on the thank-you page."""
SAMPLE_SECONDS = 2
NUMBER_GOAL_MS, MAIL_GOAL_MS, BACKLOG_GOAL_SECONDS, MEMORY_GOAL_MIB, FLAT = 1000.0, 5000.0, 60.0, 1536.0, 0.05
PATIENCE_SECONDS, LOOK_SECONDS = 300.0, 1.0


@dataclass(frozen=True)
class Steady:
    """What was measured; `mailed` is when each request's mail came (`time.monotonic_ns()`, 0: it did not)."""

    sent: Sent
    mailed: Sequence[int]
    memory: MemoryOverTime
    cpu_ms: float


async def measure_steady(bench: Bench) -> None:
    """Send for as long as the options say, and go on watching until the last mail is out."""
    short, rate = bench.options.short, bench.options.steady_rate
    seconds = SHORT_SECONDS if short else bench.options.steady_seconds
    async with timed_sink(bench.under.smtp_port, bench.raw) as sink:
        with bench.progress.step("Warming up"):
            await _send(bench, sink, int(rate * (SHORT_WARM_UP_SECONDS if short else WARM_UP_SECONDS)))
        with bench.progress.step(f"{rate:g} requests a second for {seconds:.0f} s"):
            steady = await _send(bench, sink, int(rate * seconds))
    bench.results.keep("steady-memory", steady.memory.samples)
    if steady.sent.accepted < steady.sent.load.count:
        bench.results.note(f"Steady rate: the answers by status (0: the connection broke) were {dict(steady.sent.statuses)}.")
    bench.results.add(*steady_figures(steady))
    _draw(bench, steady)


async def _send(bench: Bench, sink: TimedSink, count: int) -> Steady:
    load = bench.submissions(count, rate=bench.options.steady_rate, watch_every=WATCH_EVERY)
    async with generator(load, bench.raw) as ready, memory_over_time(lambda: bench.under.pids, SAMPLE_SECONDS) as memory:
        before = cpu_seconds(bench.under.pids)
        sent = await ready.go()
        await _all_mailed(sent, sink)
        used = sum(used_since(before, bench.under.pids).values())
    return Steady(sent, sent.mailed(sink.arrivals), memory, used * 1000 / max(1, sent.accepted))


async def _all_mailed(sent: Sent, sink: TimedSink) -> None:
    """Wait for the mail of each that was accepted; one that was told otherwise may get its mail all the same, so counting would not do."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while _missing(sent, sink) and time.monotonic() < deadline:  # noqa: ASYNC110  another process has no event to wait for
        await asyncio.sleep(LOOK_SECONDS)


def _missing(sent: Sent, sink: TimedSink) -> int:
    sink.count()
    return sum(1 for answered, mailed in zip(sent.answered, sent.mailed(sink.arrivals), strict=True) if answered and not mailed)


def steady_figures(steady: Steady) -> list[Figure]:
    """Make figures, called `steady.…`."""
    sent = steady.sent
    mail_ms = [(mailed - due) / MILLI for due, mailed in zip(sent.due, steady.mailed, strict=True) if mailed]
    came = sum(1 for answered, mailed in zip(sent.answered, steady.mailed, strict=True) if answered and mailed)
    last_due = max(sent.due)
    return [
        Figure("steady.not-accepted", sent.load.count - sent.accepted, "requests", goal=0),
        *_times("answer", sent.answer_ms(), None),
        *_times("number", sent.number_ms(), NUMBER_GOAL_MS),
        *_times("mail", mail_ms, MAIL_GOAL_MS),
        Figure("steady.numbers-missing", sent.numbers_missing(), "requests", goal=0),
        Figure("steady.mails-missing", sent.accepted - came, "requests", goal=0),
        Figure("steady.backlog.most", max(backlog_by_second(sent.answered, steady.mailed)), "requests"),
        Figure("steady.backlog.gone-after", max(0.0, (max(steady.mailed) - last_due) / NANO), "s", goal=BACKLOG_GOAL_SECONDS),
        Figure("steady.sent-late.p99", percentile([(at - due) / MILLI for due, at in zip(sent.due, sent.sent, strict=True)], 99), "ms"),
        Figure("steady.cpu", steady.cpu_ms, "ms"),
        *_memory(steady.memory),
    ]


def _times(what: str, values: Sequence[float], goal: float | None) -> list[Figure]:
    if not values:
        return []
    return [
        Figure(f"steady.{what}.p50", percentile(values, 50), "ms"),
        Figure(f"steady.{what}.p99", percentile(values, 99), "ms", goal=goal),
        Figure(f"steady.{what}.max", max(values), "ms"),
    ]


def _memory(memory: MemoryOverTime) -> list[Figure]:
    """Tell the most, and by how much the last fifth is above the middle one, which is not to be more than a twentieth."""
    together = memory.together
    fifth = max(1, len(together) // 5)
    middle, end = median(together[len(together) // 2 :][:fifth]), median(together[-fifth:])
    fullest = max(memory.samples, key=lambda sample: sum(sample.values()))
    return [
        Figure("steady.memory.most", max(together), "MiB", goal=MEMORY_GOAL_MIB),
        Figure("steady.memory.growth", end - middle, "MiB", goal=FLAT * middle),
        *(Figure(f"steady.memory.{name}", value, "MiB") for name, value in fullest.items()),
    ]


def _draw(bench: Bench, steady: Steady) -> None:
    sent = steady.sent
    lines = {"answer": sent.answered, "number": sent.numbered, "mail": steady.mailed}
    bench.results.draw(
        "Steady rate: p99 of what was due in each second", "ms", *((name, by_second(sent.due, moments)) for name, moments in lines.items())
    )
    bench.results.draw("Steady rate: accepted, and no mail yet", "requests", ("backlog", backlog_by_second(sent.answered, steady.mailed)))
    programs = steady.memory.samples[0] if steady.memory.samples else {}
    curves = {name: [sample.get(name, 0.0) for sample in steady.memory.samples] for name in programs}
    bench.results.draw(
        "Steady rate: memory (PSS)", "MiB", *((name, [value for value in values for _ in range(SAMPLE_SECONDS)]) for name, values in curves.items())
    )
