"""Everything running and nobody there: memory and CPU time."""

import asyncio

from proof.bench.cpu import cpu_seconds, used_since
from proof.bench.figure import Figure
from proof.bench.memory import memory_mib
from proof.bench.part import Bench

CALM_SECONDS, WATCHED_SECONDS = 5.0, 5.0
MEMORY_GOAL_MIB = 1024.0


async def measure_idle(bench: Bench) -> None:
    """Measure memory (PSS, MiB) and CPU (ms a second) of everything, and of each program."""
    with bench.progress.step("Idle"):
        await asyncio.sleep(1.0 if bench.options.short else CALM_SECONDS)
        memory = memory_mib(bench.under.pids)
        cpu = await idle_cpu(bench, 1.0 if bench.options.short else WATCHED_SECONDS)
    bench.results.add(Figure("idle.memory", sum(memory.values()), "MiB", MEMORY_GOAL_MIB))
    bench.results.add(*(Figure(f"idle.memory.{name}", value, "MiB") for name, value in memory.items()))
    bench.results.add(Figure("idle.cpu", sum(cpu.values()), "ms/s"))


async def idle_cpu(bench: Bench, seconds: float) -> dict[str, float]:
    """Watch for some seconds what each program uses while nothing is sent, in milliseconds of CPU a second."""
    before = cpu_seconds(bench.under.pids)
    await asyncio.sleep(seconds)
    return {name: used * 1000 / seconds for name, used in used_since(before, bench.under.pids).items()}
