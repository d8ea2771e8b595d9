"""Measures the latency and CPU cost of one client that sends one request after another.

The times are those until the answer, the work number and the mail.
"""

from proof.bench.bench import Bench
from proof.bench.figures.figure import Figure, percentile
from proof.bench.figures.idle import idle_cpu
from proof.bench.figures.measure import measure
from proof.bench.sink.sink import open_sink

REQUESTS, SHORT_REQUESTS = 300, 40
PAUSE_SECONDS = 0.02
"""The pause after each answer, so that its mail comes before the next request is sent."""
GOALS_MS = {"answer.p50": 3.5, "mail.p50": 12.0}


async def measure_one_client(bench: Bench) -> None:
    """Send as one client, first for answer, mail and CPU, then also waiting for the number."""
    count, idle = SHORT_REQUESTS if bench.options.short else REQUESTS, await idle_cpu(bench)
    taken: dict[str, list[list[float]]] = {"answer": [], "number": [], "mail": []}
    costs: list[dict[str, float]] = []
    async with open_sink(bench.smtp_port, bench.options.folder) as sink:
        for _ in bench.rounds("One client"):
            alone = await measure(bench, bench.load(count, clients=1, pause=PAUSE_SECONDS), sink)
            watched = await measure(
                bench, bench.load(count, clients=1, pause=PAUSE_SECONDS, watch_every=1), sink
            )
            taken["answer"].append(alone.sent.ms(alone.sent.answered))
            taken["number"].append(watched.sent.ms(watched.sent.numbered))
            taken["mail"].append(alone.sent.ms(alone.mailed))
            # What every program would have used meanwhile without a request is taken off.
            costs.append(
                {
                    name: max(0.0, used - idle.get(name, 0.0) * alone.watched / count)
                    for name, used in alone.cpu_ms.items()
                }
            )
    bench.results.keep("one-client", taken)
    for what, rounds in taken.items():
        for percent in (50, 99):
            name = f"{what}.p{percent}"
            bench.results.add(
                Figure(
                    f"one-client.{name}",
                    [percentile(each, percent) for each in rounds],
                    "ms",
                    GOALS_MS.get(name),
                )
            )
    bench.results.add(Figure("one-client.cpu", [sum(cost.values()) for cost in costs], "ms"))
    bench.results.add(
        *(Figure(f"one-client.cpu.{name}", [cost[name] for cost in costs], "ms") for name in costs[0])
    )
