"""Everything running and nobody there: memory and CPU time."""

import asyncio

from proof.bench.bench import Bench
from proof.bench.figures.figure import Figure
from proof.bench.figures.processes import cpu_seconds, memory_mib, used_since

IDLE_SECONDS, SHORT_SECONDS = 5.0, 1.0
MEMORY_GOAL_MIB = 1024.0


async def measure_idle(bench: Bench) -> None:
    """Measure memory (PSS, MiB) and CPU (ms a second) of everything, and of each program."""
    with bench.progress.step("Idle"):
        cpu = await idle_cpu(bench)
        bench.results.memory("idle.memory", [memory_mib(bench.pids)], MEMORY_GOAL_MIB)
    bench.results.add(Figure("idle.cpu", [sum(cpu.values())], "ms/s"))


async def idle_cpu(bench: Bench) -> dict[str, float]:
    """Wait until all work is done, then watch what each program uses while nothing is sent, in milliseconds of CPU a second."""
    seconds = SHORT_SECONDS if bench.options.short else IDLE_SECONDS
    await asyncio.sleep(seconds)
    before = cpu_seconds(bench.pids)
    await asyncio.sleep(seconds)
    return {name: used * 1000 / seconds for name, used in used_since(before, bench.pids).items()}
