"""One client who sends one request after another and is alone: how long until the answer, the number, the mail; what it costs."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from proof.bench.figure import Figure, of_rounds, percentile
from proof.bench.idle import idle_cpu
from proof.bench.measure import Measured, measure
from proof.bench.part import Bench
from proof.bench.sink import TimedSink, timed_sink

REQUESTS, SHORT_REQUESTS = 300, 40
CALM_SECONDS = 3.0
PAUSE_SECONDS = 0.02
"""After each answer, so that one request is under way at a time: its mail comes before the next one is sent."""
MOMENTS = ("answer", "number", "mail")
ANSWER_GOAL_MS, MAIL_GOAL_MS = 3.5, 12.0


@dataclass(frozen=True)
class Round:
    """Milliseconds of each request, from POST on; `cpu` in milliseconds a request above what idling costs."""

    answer: Sequence[float]
    number: Sequence[float]
    mail: Sequence[float]
    cpu: Mapping[str, float]


async def measure_one_client(bench: Bench) -> None:
    """Measure rounds and keep their medians."""
    rounds = await one_client_rounds(bench)
    bench.results.keep("one-client", [{"answer": r.answer, "number": r.number, "mail": r.mail, "cpu": r.cpu} for r in rounds])
    bench.results.add(*one_client_figures(rounds, "one-client"))
    lines = [(name, [percentile([ms for each in rounds for ms in getattr(each, name)], share) for share in range(100)]) for name in MOMENTS]
    bench.results.draw("One client: so long does the quickest share of requests take, from POST on", "ms", *lines, across="%")


async def one_client_rounds(bench: Bench) -> list[Round]:
    """Send as one client, first for answer, mail and CPU, then with somebody who waits for the number."""
    count = SHORT_REQUESTS if bench.options.short else REQUESTS
    seconds = 1.0 if bench.options.short else CALM_SECONDS
    await asyncio.sleep(seconds)  # whatever was sent before is worked off, and what the JVM found hot in it is compiled
    idle = await idle_cpu(bench, seconds)
    async with timed_sink(bench.under.smtp_port, bench.raw) as sink:
        rounds = []
        for turn in range(bench.options.rounds):
            with bench.progress.step(f"One client, round {turn + 1} of {bench.options.rounds}"):
                rounds.append(await _round(bench, sink, count, idle))
    return rounds


async def _round(bench: Bench, sink: TimedSink, count: int, idle: Mapping[str, float]) -> Round:
    alone = await measure(bench, bench.submissions(count, clients=1, pause=PAUSE_SECONDS), sink)
    watched = await measure(bench, bench.submissions(count, clients=1, pause=PAUSE_SECONDS, watch_every=1), sink)
    return Round(alone.sent.answer_ms(), watched.sent.number_ms(), alone.sent.mail_ms(sink.arrivals), _above_idle(alone, idle))


def _above_idle(measured: Measured, idle: Mapping[str, float]) -> dict[str, float]:
    """Take off what everybody would have used meanwhile without a request (`idle`: ms a second)."""
    waited = (measured.seconds + 1.0) / measured.sent.accepted
    return {name: max(0.0, used - idle.get(name, 0.0) * waited) for name, used in measured.cpu_ms.items()}


def one_client_figures(rounds: Sequence[Round], name: str) -> list[Figure]:
    """Make figures of rounds, called `<name>.answer.p50` and so on."""

    def of(what: str, percent: int, goal: float | None = None) -> Figure:
        values = [percentile(getattr(each, what), percent) for each in rounds]
        return of_rounds(f"{name}.{what}.p{percent}", values, "ms", goal=goal)

    programs = {program: median(each.cpu[program] for each in rounds) for program in rounds[0].cpu}
    return [
        of("answer", 50, ANSWER_GOAL_MS),
        of("answer", 99),
        of("number", 50),
        of("number", 99),
        of("mail", 50, MAIL_GOAL_MS),
        of("mail", 99),
        of_rounds(f"{name}.cpu", [sum(each.cpu.values()) for each in rounds], "ms"),
        *(Figure(f"{name}.cpu.{program}", value, "ms") for program, value in programs.items()),
    ]
