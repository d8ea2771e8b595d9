"""Measures one client, capacity and reading, on an empty system and again with millions of requests."""

import time
from collections.abc import Mapping
from dataclasses import replace

from proof.bench.bench import Bench
from proof.bench.figures.capacity import measure_capacity, warm_up
from proof.bench.figures.figure import Figure
from proof.bench.figures.one_client import measure_one_client
from proof.bench.growth.fill_tables import fill_tables
from proof.bench.growth.read_everything import read_everything
from proof.bench.results import Results

SHORT_SCALE = 2_000
FLAT = {".p50": 1.25, ".requests": 0.8, ".cpu": 1.25, ".ms": 2.0}
"""Which figures are compared, by the end of their names, and the goal as a share of the empty system's.

Reads take a few milliseconds: nobody notices twice as long.
"""
SERVERS = {"kafka", "postgres", "mailbox"}


async def measure_growth(bench: Bench) -> None:
    """Measure, fill the tables, measure again; the ratio is the figure."""
    total = SHORT_SCALE if bench.options.short else bench.options.scale
    services = [name for name in bench.pids if name not in SERVERS]
    empty = await _measure(bench, "empty")
    started = time.monotonic()
    with bench.progress.step(f"Filling in {total:,} requests"):
        await bench.stack.supervisor.stop(services)
        await fill_tables(bench.stack.place.databases, bench.stack.secrets["work_number_key"], total)
        await bench.start(services)
    bench.results.add(Figure("growth.filling", [time.monotonic() - started], "s"))
    bench.results.add(*growth_figures(empty, await _measure(bench, "grown")))


def growth_figures(empty: Mapping[str, Figure], grown: Mapping[str, Figure]) -> list[Figure]:
    """Return the figures `growth.…`, whose floor is the empty system's figure."""
    return [
        replace(figure, name=f"growth.{name}", goal=None, floor=empty[name].value, of_floor=flat)
        for name, figure in grown.items()
        for end, flat in FLAT.items()
        if name.endswith(end)
    ]


async def _measure(bench: Bench, name: str) -> Mapping[str, Figure]:
    """Measure the system as it is, with the few thousand requests of its own measurements."""
    apart = replace(bench, results=Results(bench.results.folder / name))
    bench.progress.say(f"Growth: the {name} system")
    known = (await warm_up(apart)).sent
    await measure_capacity(apart)
    await measure_one_client(apart)
    with bench.progress.step("Reading"):
        reading = await read_everything(bench, known.load.address_of(0), known.request_ids[0])
    apart.results.add(*(Figure(f"reading.{call}.ms", [ms], "ms") for call, ms in reading.items()))
    return apart.results.figures
