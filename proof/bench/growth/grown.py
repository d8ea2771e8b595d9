"""Growth: one client, capacity and everybody who reads, on an empty system and again with millions of requests in it."""

import asyncio
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.data_folder import data_folder
from deploy.ports import free_base
from proof.bench.capacity import WARM_UP, best_concurrency, capacity_figures, capacity_rounds, one_round
from proof.bench.figure import Figure
from proof.bench.growth.bare_servers import bare_servers
from proof.bench.growth.fill_tables import fill_tables
from proof.bench.growth.fill_topics import fill_topics
from proof.bench.growth.readers import read_everything
from proof.bench.load import fetch_form
from proof.bench.one_client import one_client_figures, one_client_rounds
from proof.bench.part import Alone, Bench
from proof.bench.sink import fast_sink
from proof.bench.stack import bench_stack

REQUESTS, SHORT_REQUESTS, SHORT_SCALE = 6_000, 200, 2_000
PORTS_FROM = 26_000
FLAT_TIME, FLAT_RATE, FLAT_READING = 1.25, 0.8, 2.0
"""As shares of what the empty system did. Reading takes a few milliseconds, so twice as long is still nothing that a person notices."""
GIB = 1 << 30


@dataclass(frozen=True)
class Taken:
    """The figures of one system, and the milliseconds of each call that reads."""

    figures: Mapping[str, Figure]
    reading: Mapping[str, float]
    clients: int


async def measure_growth(alone: Alone) -> None:
    """Measure, fill, measure again; the ratio is the figure."""
    total = SHORT_SCALE if alone.options.short else alone.options.scale
    data = alone.options.folder / "growth"
    try:
        with data_folder(data, data, fresh=True):
            empty = await _take(alone, data, "empty")
            started = time.monotonic()
            with alone.progress.step(f"Filling in {total:,} requests"):
                records = await _fill(alone, data, total)
            seconds, gib = time.monotonic() - started, _size(data) / GIB
            grown = await _take(alone, data, "grown", empty.clients)
    finally:
        shutil.rmtree(data, ignore_errors=True)
    alone.results.note(f"Growth: {total:,} requests of three years filled {gib:.1f} GiB in {seconds:.0f} s; each topic got {records:,} records.")
    alone.results.keep("growth-reading", {"empty": empty.reading, "grown": grown.reading})
    alone.results.add(*growth_figures(empty, grown))
    alone.results.add(Figure("growth.filling", seconds, "s"), Figure("growth.disk", gib, "GiB"))


async def _take(alone: Alone, data: Path, name: str, clients: int | None = None) -> Taken:
    """Measure a system that was just started, with `clients` clients or as many as are best; its own requests make a few thousand."""
    short = alone.options.short
    alone.progress.say(f"Growth: the {name} system")
    async with bench_stack(data, alone.progress) as under:
        form = await asyncio.to_thread(fetch_form, under.url("intake"))
        bench = Bench(alone.options, under, form, alone.results, alone.progress)
        async with fast_sink(under.smtp_port, bench.raw) as sink:
            if clients is None:
                clients = await best_concurrency(bench, sink)
            else:
                await one_round(bench, sink, clients, SHORT_REQUESTS if short else WARM_UP)
            capacity = await capacity_rounds(bench, sink, clients, SHORT_REQUESTS if short else REQUESTS)
        one_client = await one_client_rounds(bench)
        known = capacity[-1].sent
        with alone.progress.step("Reading"):
            reading = await read_everything(bench, known.load.address_of(0), known.request_ids[0])
    figures = (*capacity_figures(capacity, "capacity"), *one_client_figures(one_client, "one-client"))
    return Taken({figure.name: figure for figure in figures}, reading, clients)


async def _fill(alone: Alone, data: Path, total: int) -> int:
    async with bare_servers(data, free_base(PORTS_FROM), alone.progress) as servers:
        records, _ = await asyncio.gather(fill_topics(servers.kafka, total), fill_tables(servers, total))
    return records


def growth_figures(empty: Taken, grown: Taken) -> list[Figure]:
    """Make figures whose floor is the empty system's, called `growth.…`."""
    figures = [_beside(figure, empty.figures[name]) for name, figure in grown.figures.items() if _is_told(name)]
    reading = [Figure(f"growth.reading.{name}", ms, "ms", floor=empty.reading.get(name), of_floor=FLAT_READING) for name, ms in grown.reading.items()]
    return figures + reading


def _beside(grown: Figure, empty: Figure) -> Figure:
    flat = FLAT_RATE if grown.better == "higher" else FLAT_TIME
    return Figure(f"growth.{grown.name}", grown.value, grown.unit, floor=empty.value, better=grown.better, rounds=grown.rounds, of_floor=flat)


def _is_told(name: str) -> bool:
    return name.endswith(("p50", ".requests", ".cpu"))


def _size(folder: Path) -> int:
    return sum(file.lstat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())
