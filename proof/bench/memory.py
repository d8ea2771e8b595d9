"""Memory by program: the proportional set size, so that what processes share is counted once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from proof.bench.processes import PROC, trees

MIB = 1 << 20


def memory_mib(roots: Mapping[str, int]) -> dict[str, float]:
    """Give the MiB (PSS) of each program with its children."""
    return {name: round(sum(map(_of_process, pids)) / MIB, 1) for name, pids in trees(roots).items()}


def _of_process(pid: int) -> int:
    with suppress(OSError):
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    return 0


@dataclass
class MemoryOverTime:
    """One sample (program to MiB) every `period` seconds."""

    period: float
    samples: list[dict[str, float]] = field(default_factory=list)

    @property
    def together(self) -> list[float]:
        """Everything's MiB, sample by sample."""
        return [sum(sample.values()) for sample in self.samples]


@asynccontextmanager
async def memory_over_time(roots: Callable[[], Mapping[str, int]], period: float = 1.0) -> AsyncIterator[MemoryOverTime]:
    """Sample for as long as the context lasts; reading everything takes about 20 ms of CPU, so not too often."""
    over_time = MemoryOverTime(period)

    async def watch() -> None:
        while True:
            over_time.samples.append(await asyncio.to_thread(lambda: memory_mib(roots())))
            await asyncio.sleep(period)

    watching = asyncio.create_task(watch())
    try:
        yield over_time
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
