"""`python -m proof.bench`: what `./bench` runs."""

import asyncio
import logging
import sys
from collections.abc import Sequence
from dataclasses import asdict

from deploy.failure import StartFailure
from deploy.progress import Progress
from proof.bench.options import read_options
from proof.bench.report.machine import this_machine
from proof.bench.report.page import page
from proof.bench.report.table import table
from proof.bench.results import Results
from proof.bench.run import run
from proof.report.write_latest import write_latest


def main(arguments: Sequence[str]) -> int:
    """Do one run; gives 0 when every goal is met, 1 when one is missed, 2 when it could not be measured to the end."""
    options, progress, machine = read_options(arguments), Progress(), this_machine()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    options.folder.mkdir(parents=True, exist_ok=True)
    results, code = Results(options.folder), 0
    try:
        asyncio.run(run(options, results, progress))
    except StartFailure as failure:
        print(failure, file=sys.stderr)  # noqa: T201  the one sentence
        code = 2
    except (KeyboardInterrupt, asyncio.CancelledError):
        code = 130
    figures = results.figures.values()
    if figures:
        results.keep("machine", asdict(machine))
        write_latest(options.folder, [figure.facts() for figure in figures], page(results, machine))
        progress.say(table(results))
    return code or int(any(figure.met is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
