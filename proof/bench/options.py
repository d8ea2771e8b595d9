"""What `./bench` can be told."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.processes import ROOT

USUAL = ("idle", "one-client", "capacity", "resolutions", "floors", "start")
ON_REQUEST = ("steady", "growth")
ROUNDS = 3
STEADY_RATE, STEADY_SECONDS = 200.0, 600.0


@dataclass(frozen=True)
class Options:
    """One run. `scale` is how many requests the tables are filled with before growth is measured, 0 for not at all."""

    rounds: int
    short: bool
    parts: tuple[str, ...]
    scale: int
    steady_rate: float
    steady_seconds: float
    folder: Path


def read_options(arguments: Sequence[str]) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="./bench",
        description="Measures how fast everything is, each figure beside its floor in the same run. Writes latest.json and latest.html.",
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help=f"a figure is the median of so many (default: {ROUNDS})")
    parser.add_argument("--short", action="store_true", help="a smoke run of about a minute; its figures mean nothing, and none is held to a goal")
    parser.add_argument("--steady", action="store_true", help=f"also send {STEADY_RATE:.0f} requests a second for ten minutes")
    parser.add_argument("--steady-seconds", type=float, default=STEADY_SECONDS, metavar="S", help="how long that lasts (default: %(default)g)")
    parser.add_argument("--steady-rate", type=float, default=STEADY_RATE, metavar="R", help="how many a second (default: %(default)g)")
    parser.add_argument("--scale", type=int, default=0, metavar="N", help="also fill everything with N requests and measure again")
    parser.add_argument("--only", metavar="PART,…", help=f"these parts only, of {', '.join((*USUAL, *ON_REQUEST))}")
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "bench", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    parts = (*USUAL, *(("steady",) if given.steady else ()), *(("growth",) if given.scale else ()))
    if given.only:
        parts = tuple(given.only.split(","))
        if unknown := set(parts) - {*USUAL, *ON_REQUEST}:
            parser.error(f"unknown part: {', '.join(sorted(unknown))}")
    return Options(
        rounds=1 if given.short else max(1, given.rounds),
        short=given.short,
        parts=parts,
        scale=given.scale,
        steady_rate=given.steady_rate,
        steady_seconds=given.steady_seconds,
        folder=given.folder.resolve(),
    )
