"""The command-line options of `./chaos`."""

import argparse
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.processes import ROOT

FULL_REQUESTS, FULL_RATE = 10_000, 20.0
SHORT_REQUESTS, SHORT_RATE = 1_100, 20.0
ALONE_REQUESTS, ALONE_RATE = 200, 10.0
DRAIN_SECONDS, VARIANT_DRAIN_SECONDS = 300.0, 8.0
VARIANTS = ("offsets-first", "mark-first", "no-unique-key", "send-without-ack")


@dataclass(frozen=True)
class Options:
    """One run."""

    requests: int
    rate: float
    seed: int
    short: bool
    alone: bool
    brokers: int
    only: frozenset[str]
    variant: str | None
    keep: bool
    folder: Path

    @property
    def seconds(self) -> float:
        """How long sending takes."""
        return self.requests / self.rate

    @property
    def drain_seconds(self) -> float:
        """How long the system may take to finish; a broken variant never does."""
        return VARIANT_DRAIN_SECONDS if self.variant else DRAIN_SECONDS


def read_options(arguments: Sequence[str]) -> Options:
    """Parse the command line, with defaults by the kind of run."""
    given = _parser().parse_args(arguments)
    small = given.short or given.variant
    return Options(
        requests=given.requests
        or (ALONE_REQUESTS if given.alone else SHORT_REQUESTS if small else FULL_REQUESTS),
        rate=given.rate or (ALONE_RATE if given.alone else SHORT_RATE if small else FULL_RATE),
        seed=given.seed if given.seed is not None else secrets.randbelow(1_000_000),
        short=bool(small),
        alone=given.alone,
        brokers=given.brokers,
        only=frozenset(filter(None, given.only.split(","))),
        variant=given.variant,
        keep=given.keep,
        folder=given.folder.resolve(),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./chaos",
        description=(
            "Sends requests through a storm of faults and shows that none is lost. Writes "
            "var/chaos/latest.json and latest.html."
        ),
    )
    parser.add_argument(
        "--requests",
        type=int,
        metavar="N",
        help=f"how many are sent (default: {FULL_REQUESTS}, short: {SHORT_REQUESTS})",
    )
    parser.add_argument(
        "--rate", type=float, metavar="R", help=f"how many a second (default: {FULL_RATE:.0f})"
    )
    parser.add_argument(
        "--seed", type=int, help="draws the requests and the storm; the same seed, the same storm"
    )
    parser.add_argument(
        "--short",
        action="store_true",
        help=(
            "about two minutes: the outages, the windows that matter, and as many other kinds of fault as "
            "there is time for"
        ),
    )
    _add_faults(parser)
    parser.add_argument("--keep", action="store_true", help="leave the run's data in var/chaos")
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "chaos", help=argparse.SUPPRESS)
    return parser


def _add_faults(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--one-at-a-time",
        dest="alone",
        action="store_true",
        help=(
            "every fault on every target once, each only when mails flow again after the last one: how "
            "long each takes to recover from"
        ),
    )
    parser.add_argument(
        "--only",
        default="",
        metavar="KIND,…",
        help="with --one-at-a-time: these kinds of fault only (freeze, failover-cut-off, …)",
    )
    parser.add_argument(
        "--brokers",
        type=int,
        choices=(1, 3),
        default=1,
        help="how many brokers Kafka has; of three, one may be lost",
    )
    parser.add_argument(
        "--variant", choices=VARIANTS, help="break the product on purpose and see that the auditor finds it"
    )
