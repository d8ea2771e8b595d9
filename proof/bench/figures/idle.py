"""Measures memory and CPU time of the running stack without any requests."""

import asyncio

from proof.bench.bench import Bench
from proof.bench.figures.figure import Figure
from proof.bench.figures.processes import cpu_seconds, memory_mib, used_since

IDLE_SECONDS, SHORT_SECONDS = 5.0, 1.0
MEMORY_GOAL_MIB = 1024.0


async def measure_idle(bench: Bench) -> None:
    """Measure memory (PSS, MiB) and CPU (ms per second) of the stack, and of each program."""
    with bench.progress.step("Idle"):
        cpu = await idle_cpu(bench)
        bench.results.memory("idle.memory", [memory_mib(bench.pids)], MEMORY_GOAL_MIB)
    bench.results.add(Figure("idle.cpu", [sum(cpu.values())], "ms/s"))


async def idle_cpu(bench: Bench) -> dict[str, float]:
    """Wait until all work is done, then return each program's CPU time in ms per second without load."""
    seconds = SHORT_SECONDS if bench.options.short else IDLE_SECONDS
    await asyncio.sleep(seconds)
    before = cpu_seconds(bench.pids)
    await asyncio.sleep(seconds)
    return {name: used * 1000 / seconds for name, used in used_since(before, bench.pids).items()}
