"""The command line of `./bench`: `python -m proof.bench`."""

import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from deploy.failure import StartFailure
from deploy.processes import LIMITS_TIMES
from deploy.progress import Progress
from proof.bench.report.page import page
from proof.bench.report.table import table
from proof.bench.results import Results
from proof.bench.run import read_options, run
from proof.report.write_latest import write_latest

QUIET_LOAD = 1.0


def main(arguments: Sequence[str]) -> int:
    """Do one run; returns 0 when every goal is met, 1 when one is missed, 2 when the run failed."""
    options, progress, code = read_options(arguments), Progress(), 0
    os.environ[LIMITS_TIMES] = "1000000"  # one machine plays all clients; the limits are still counted
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    options.folder.mkdir(parents=True, exist_ok=True)
    results = Results(options.folder, smoke=options.short)
    results.notes.append(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {len(os.sched_getaffinity(0))} cores; {options.rounds} "
        "rounds."
    )
    if options.short:
        results.notes.append("A smoke run: a few requests for each figure, so they mean nothing.")
    if (load := os.getloadavg()[0]) > QUIET_LOAD:
        results.notes.append(
            f"Before the run {load:.1f} processes wanted a core already: the machine was busy with "
            "something else."
        )
    try:
        asyncio.run(run(options, results, progress))
    except StartFailure as failure:
        print(failure, file=sys.stderr)  # noqa: T201  the one sentence
        code = 2
    except (KeyboardInterrupt, asyncio.CancelledError):
        code = 130
    figures = results.figures.values()
    if figures:
        write_latest(options.folder, [figure.facts() for figure in figures], page(results))
        progress.say(table(results))
    return code or int(any(figure.met is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
