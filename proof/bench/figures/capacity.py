"""Measures the highest throughput from POST to mail."""

from proof.bench.bench import Bench
from proof.bench.figures.figure import Figure
from proof.bench.figures.measure import Measured, measure, rate_and_cpu
from proof.bench.figures.processes import memory_over_time
from proof.bench.sink.sink import open_sink

CONCURRENCIES, CLIENTS = (8, 16, 32, 64), 16
WARM_UP, PROBE, REQUESTS, SHORT_REQUESTS = 5_000, 2_000, 6_000, 300
RATE_GOAL, CPU_GOAL_MS, MEMORY_GOAL_MIB = 750.0, 2.5, 1536.0


async def measure_capacity(bench: Bench) -> None:
    """Find the best concurrency, measure rounds there, then one round of memory."""
    count, rates = SHORT_REQUESTS if bench.options.short else REQUESTS, {CLIENTS: 0.0}
    async with open_sink(bench.smtp_port, bench.options.folder) as sink:
        for clients in () if bench.options.short else CONCURRENCIES:
            with bench.progress.step(f"Capacity with {clients} clients"):
                rates[clients] = (await measure(bench, bench.load(PROBE, clients=clients), sink)).rate
        best = max(rates, key=lambda clients: rates[clients])
        rounds = [
            await measure(bench, bench.load(count, clients=best), sink)
            for _ in bench.rounds(f"Capacity with {best} clients")
        ]
        with bench.progress.step("Memory at full load"):
            async with memory_over_time(lambda: bench.pids) as memory:
                await measure(bench, bench.load(2 * count, clients=best), sink)
    rate_and_cpu(bench, "capacity", rounds, rate=RATE_GOAL, cpu=CPU_GOAL_MS)
    bench.results.add(Figure("capacity.clients", [best], "clients", better="higher"))
    bench.results.memory("capacity.memory", memory, MEMORY_GOAL_MIB)


async def warm_up(bench: Bench) -> Measured:
    """Send a load that is not measured, so that the JVM compiles, pools fill and tables have pages."""
    async with open_sink(bench.smtp_port, bench.options.folder) as sink:
        with bench.progress.step("Warming up"):
            return await measure(
                bench, bench.load(SHORT_REQUESTS if bench.options.short else WARM_UP, clients=CLIENTS), sink
            )
