"""As many requests as it can take: from POST to mail, into a sink that is faster than anybody."""

from collections.abc import Sequence
from statistics import median

from proof.bench.figure import Figure, of_rounds
from proof.bench.measure import Measured, measure
from proof.bench.memory import memory_over_time
from proof.bench.part import Bench
from proof.bench.sink import FastSink, Sink, fast_sink

CONCURRENCIES, SHORT_CONCURRENCY = (8, 16, 32, 64), 16
WARM_UP, PROBE, REQUESTS, SHORT_REQUESTS = 5_000, 2_000, 6_000, 300
RATE_GOAL, CPU_GOAL_MS, MEMORY_GOAL_MIB = 750.0, 2.5, 1536.0


async def measure_capacity(bench: Bench) -> None:
    """Find the best concurrency, measure rounds there, then once more with an eye on memory."""
    short = bench.options.short
    async with fast_sink(bench.under.smtp_port, bench.raw) as sink:
        clients = await best_concurrency(bench, sink)
        rounds = await capacity_rounds(bench, sink, clients, SHORT_REQUESTS if short else REQUESTS)
        with bench.progress.step("Memory at full load"):
            async with memory_over_time(lambda: bench.under.pids) as memory:
                await one_round(bench, sink, clients, SHORT_REQUESTS if short else 2 * REQUESTS)
    bench.results.note(f"Mails went to {'smtp-sink' if isinstance(sink, FastSink) else 'the own sink'}; the best concurrency was {clients} clients.")
    bench.results.keep("capacity", [_raw(each) for each in rounds])
    bench.results.keep("capacity-memory", memory.samples)
    bench.results.add(*capacity_figures(rounds, "capacity"))
    fullest = max(memory.samples, key=lambda sample: sum(sample.values()))
    bench.results.add(Figure("capacity.clients", clients, "clients", better="higher"))
    bench.results.add(Figure("capacity.memory", sum(fullest.values()), "MiB", MEMORY_GOAL_MIB))
    bench.results.add(*(Figure(f"capacity.memory.{name}", value, "MiB") for name, value in fullest.items()))


async def warm_up(bench: Bench) -> None:
    """Send a load that nobody measures: Kafka's JVM compiles what is hot, pools fill, the first pages of each table are there."""
    async with fast_sink(bench.under.smtp_port, bench.raw) as sink:
        with bench.progress.step("Warming up"):
            await one_round(bench, sink, SHORT_CONCURRENCY, SHORT_REQUESTS if bench.options.short else WARM_UP)


async def best_concurrency(bench: Bench, sink: Sink) -> int:
    """Try each concurrency once."""
    if bench.options.short:
        return SHORT_CONCURRENCY
    rates = {}
    for clients in CONCURRENCIES:
        with bench.progress.step(f"Capacity with {clients} clients"):
            rates[clients] = (await one_round(bench, sink, clients, PROBE)).rate
    bench.results.keep("capacity-concurrency", rates)
    return max(rates, key=lambda clients: rates[clients])


async def capacity_rounds(bench: Bench, sink: Sink, clients: int, count: int) -> list[Measured]:
    """Measure `--rounds` rounds of `count` requests."""
    rounds = []
    for turn in range(bench.options.rounds):
        with bench.progress.step(f"Capacity with {clients} clients, round {turn + 1} of {bench.options.rounds}"):
            rounds.append(await one_round(bench, sink, clients, count))
    return rounds


async def one_round(bench: Bench, sink: Sink, clients: int, count: int) -> Measured:
    """Send `count` requests as `clients` clients without a pause, and wait for the last mail."""
    return await measure(bench, bench.submissions(count, clients=clients), sink)


def capacity_figures(rounds: Sequence[Measured], name: str) -> list[Figure]:
    """Make figures of rounds, called `<name>.requests`, `<name>.cpu` and `<name>.cpu.<program>`."""
    programs = {program: median(each.cpu_ms[program] for each in rounds) for program in rounds[0].cpu}
    return [
        of_rounds(f"{name}.requests", [each.rate for each in rounds], "1/s", goal=RATE_GOAL, better="higher"),
        of_rounds(f"{name}.cpu", [sum(each.cpu_ms.values()) for each in rounds], "ms", goal=CPU_GOAL_MS),
        *(Figure(f"{name}.cpu.{program}", value, "ms") for program, value in programs.items()),
    ]


def _raw(measured: Measured) -> dict[str, object]:
    return {
        "clients": measured.sent.load.clients,
        "requests": measured.sent.accepted,
        "seconds": measured.seconds,
        "cpu_ms": measured.cpu_ms,
        "generator_cpu_ms": measured.sent.cpu_seconds * 1000 / measured.sent.accepted,
    }
