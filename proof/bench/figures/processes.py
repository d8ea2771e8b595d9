"""Reads CPU time and memory of programs, each with all its descendant processes."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress

import psutil

MIB = 1 << 20
Roots = Mapping[str, int]  # by the name of each program


def cpu_seconds(roots: Roots) -> dict[str, float]:
    """Return the CPU seconds of each program since its start, ended child processes included."""
    return _of_trees(roots, lambda process: sum(process.cpu_times()[:4]))


def used_since(before: Mapping[str, float], roots: Roots) -> dict[str, float]:
    """Return the CPU seconds of each program since `before`; a restarted one counts from zero."""
    return {name: max(0.0, seconds - before.get(name, 0.0)) for name, seconds in cpu_seconds(roots).items()}


def memory_mib(roots: Roots) -> dict[str, float]:
    """Return the MiB of each program: the proportional set size, so shared memory is counted once."""
    return {
        name: round(size / MIB, 1)
        for name, size in _of_trees(roots, lambda process: process.memory_full_info().pss).items()
    }


@asynccontextmanager
async def memory_over_time(
    roots: Callable[[], Roots], period: float = 1.0
) -> AsyncIterator[list[dict[str, float]]]:
    """Sample every `period` seconds for as long as the context lasts."""
    samples: list[dict[str, float]] = []

    async def watch() -> None:
        while True:
            samples.append(await asyncio.to_thread(lambda: memory_mib(roots())))
            await asyncio.sleep(period)

    watching = asyncio.create_task(watch())
    yield samples
    watching.cancel()


def _of_trees(roots: Roots, measure: Callable[[psutil.Process], float]) -> dict[str, float]:
    """Return the sum of each program's processes.

    One scan of all processes serves all programs; `Process.children` would scan once for each.
    """
    children: defaultdict[int, list[psutil.Process]] = defaultdict(list)
    processes = {process.pid: process for process in psutil.process_iter(["ppid"])}
    for process in processes.values():
        children[process.info["ppid"]].append(process)

    def total(process: psutil.Process) -> float:
        with suppress(psutil.Error):
            return measure(process) + sum(map(total, children[process.pid]))
        return 0.0

    return {name: total(processes[pid]) if pid in processes else 0.0 for name, pid in roots.items()}
