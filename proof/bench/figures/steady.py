"""Measures latency, backlog and memory at a steady rate for minutes, in an open loop.

A request is due at a fixed interval independently of the responses, and a late one is timed from when it was
due.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from statistics import median

from proof.bench.bench import Bench
from proof.bench.figures.figure import Figure, percentile
from proof.bench.figures.measure import Measured, measure
from proof.bench.figures.processes import memory_over_time
from proof.bench.load.send import NANO
from proof.bench.sink.sink import open_sink

RATE, SECONDS, WARM_UP_SECONDS = 200.0, 600, 15
SHORT_SECONDS, SHORT_WARM_UP_SECONDS = 5, 1
WATCH_EVERY = 10
"""For one request in so many a client waits for the number on the thank-you page."""
SAMPLE_SECONDS = 2
GOALS_MS = {"number": 1000.0, "mail": 5000.0}
BACKLOG_GOAL_SECONDS, MEMORY_GOAL_MIB, FLAT = 60.0, 1536.0, 0.05


async def measure_steady(bench: Bench) -> None:
    """Send for ten minutes, and go on until the last mail is out."""
    seconds, warm_up = (
        (SHORT_SECONDS, SHORT_WARM_UP_SECONDS) if bench.options.short else (SECONDS, WARM_UP_SECONDS)
    )
    async with open_sink(bench.smtp_port, bench.options.folder) as sink:
        with bench.progress.step("Warming up"):
            await measure(bench, bench.load(int(RATE * warm_up), rate=RATE), sink, strict=False)
        with bench.progress.step(f"{RATE:g} requests a second for {seconds} s"):
            async with memory_over_time(lambda: bench.pids, SAMPLE_SECONDS) as memory:
                steady = await measure(
                    bench,
                    bench.load(int(RATE * seconds), rate=RATE, watch_every=WATCH_EVERY),
                    sink,
                    strict=False,
                )
    bench.results.keep("steady-memory", memory)
    if steady.sent.accepted < steady.sent.load.count:
        bench.results.notes.append(
            f"Steady rate: the answers by status (0: the connection broke) were {dict(steady.sent.statuses)}."
        )
    bench.results.add(*steady_figures(steady), memory_growth(memory))
    bench.results.memory("steady.memory", memory, MEMORY_GOAL_MIB)


def steady_figures(steady: Measured) -> list[Figure]:
    """Return the figures `steady.…`."""
    sent, mailed = steady.sent, steady.mailed
    came = sum(1 for answered, at in zip(sent.answered, mailed, strict=True) if answered and at)
    moments = {"answer": sent.answered, "number": sent.numbered, "mail": mailed}
    times = {what: ms for what, at in moments.items() if (ms := sent.ms(at))}
    return [
        Figure("steady.not-accepted", [sent.load.count - sent.accepted], "requests", goal=0),
        *(Figure(f"steady.{what}.p50", [percentile(ms, 50)], "ms") for what, ms in times.items()),
        *(
            Figure(f"steady.{what}.p99", [percentile(ms, 99)], "ms", GOALS_MS.get(what))
            for what, ms in times.items()
        ),
        *(Figure(f"steady.{what}.max", [max(ms)], "ms") for what, ms in times.items()),
        Figure("steady.numbers-missing", [sent.numbers_missing()], "requests", goal=0),
        Figure("steady.mails-missing", [sent.accepted - came], "requests", goal=0),
        Figure("steady.backlog.most", [max(backlog_by_second(sent.answered, mailed))], "requests"),
        Figure(
            "steady.backlog.gone-after",
            [max(0.0, (max(mailed) - max(sent.due)) / NANO)],
            "s",
            BACKLOG_GOAL_SECONDS,
        ),
        Figure("steady.sent-late.p99", [percentile(sent.ms(sent.sent), 99)], "ms"),
        Figure("steady.cpu", [steady.cpu], "ms"),
    ]


def memory_growth(memory: list[dict[str, float]]) -> Figure:
    """Return how much more memory the last fifth uses than the middle one; the goal is at most 5 % more."""
    together = [sum(sample.values()) for sample in memory]
    fifth = max(1, len(together) // 5)
    middle, end = median(together[len(together) // 2 :][:fifth]), median(together[-fifth:])
    return Figure("steady.memory.growth", [end - middle], "MiB", FLAT * middle)


def backlog_by_second(begun: Sequence[int], ended: Sequence[int]) -> list[float]:
    """Return how many requests had begun and not ended at the end of each second.

    From the first one's beginning until the last one's end.
    """
    first = min((moment for moment in begun if moment), default=0)
    came, went = (
        Counter((moment - first) // NANO for moment in moments if moment) for moments in (begun, ended)
    )
    return [
        float(open_)
        for open_ in accumulate(came[second] - went[second] for second in range(max((0, *came, *went)) + 1))
    ]
