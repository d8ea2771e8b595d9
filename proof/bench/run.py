"""The parts of a benchmark run in their order, and the options of `./bench`."""

import argparse
import asyncio
import shutil
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from deploy.processes import ROOT
from deploy.progress import Progress
from proof.bench.bench import Bench, Options, open_bench
from proof.bench.figures.alone import measure_alone
from proof.bench.figures.capacity import measure_capacity, warm_up
from proof.bench.figures.idle import measure_idle
from proof.bench.figures.one_client import measure_one_client
from proof.bench.figures.steady import measure_steady
from proof.bench.figures.whole import measure_whole
from proof.bench.growth.measure_growth import measure_growth
from proof.bench.results import Results

PARTS: Mapping[str, Callable[[Bench], Awaitable[object]]] = {
    "idle": measure_idle,
    "warm-up": warm_up,
    "one-client": measure_one_client,
    "capacity": measure_capacity,
    "whole": measure_whole,
    "alone": measure_alone,
    "steady": measure_steady,
}
"""They share one stack, which is warmed up after the idle measurement. Growth has its own, empty one."""
NAMES = [*(name for name in PARTS if name != "warm-up"), "growth"]


def read_options(arguments: Sequence[str]) -> Options:
    """Parse the command line; a short run does not stop and restart workers, which would take longest."""
    parser = argparse.ArgumentParser(
        prog="./bench",
        description="Measures how fast everything is, each figure beside its floor in the same run.",
    )
    parser.add_argument(
        "--rounds", type=int, default=3, metavar="N", help="a figure is the median of so many (default: 3)"
    )
    parser.add_argument(
        "--short",
        action="store_true",
        help="a smoke run of about a minute; its figures mean nothing, and none has a goal",
    )
    parser.add_argument(
        "--steady", action="store_true", help="also send 200 requests a second for ten minutes"
    )
    parser.add_argument(
        "--scale",
        type=int,
        default=0,
        metavar="N",
        help="also fill the tables with N requests and measure again",
    )
    parser.add_argument("--only", metavar="PART,…", help=f"these parts only, of {', '.join(NAMES)}")
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "bench", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    wanted = {"alone": not given.short, "steady": given.steady, "growth": given.scale}
    parts = given.only.split(",") if given.only else [name for name in NAMES if wanted.get(name, True)]
    if unknown := set(parts) - set(NAMES):
        parser.error(f"unknown part: {', '.join(sorted(unknown))}")
    return Options(
        1 if given.short else max(1, given.rounds), given.short, parts, given.scale, given.folder.resolve()
    )


async def run(options: Options, results: Results, progress: Progress) -> None:
    """Measure the chosen parts; `results` holds what there is even when the run ends early.

    Raises `StartFailure` when something cannot start, or when a request or a mail is missing.
    """
    running = asyncio.current_task()
    assert running is not None  # noqa: S101  we are in one
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    shutil.rmtree(options.folder / "raw", ignore_errors=True)
    asked = {*options.parts, "warm-up"}
    shared = [measure for name, measure in PARTS.items() if name in asked]
    for parts in ([measure_growth] if "growth" in asked else []), (shared if len(shared) > 1 else []):
        try:
            if parts:
                async with open_bench(options, results, progress) as bench:
                    for measure in parts:
                        await measure(bench)
        finally:
            shutil.rmtree(options.folder / "data", ignore_errors=True)
