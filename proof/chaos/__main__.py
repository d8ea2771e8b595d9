"""The command line of `./chaos`: `python -m proof.chaos`."""

import asyncio
import logging
import os
import sys
from collections.abc import Sequence

import structlog

from deploy.failure import StartFailure
from deploy.processes import LIMITS_TIMES
from deploy.progress import Progress
from proof.chaos.audit.read_journals import read_faults
from proof.chaos.options import read_options
from proof.chaos.report.latest import facts
from proof.chaos.report.page import page
from proof.chaos.report.table import table
from proof.chaos.run import run
from proof.report.write_latest import write_latest


def main(arguments: Sequence[str]) -> int:
    """Do one run; returns 0 when nothing was lost, 1 when something was, 2 when the run failed."""
    options, progress = read_options(arguments), Progress()
    # Its errors about a killed broker would hide all other lines.
    os.environ[LIMITS_TIMES] = "1000000"  # one machine plays all clients; the limits are still counted
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    # The harness reads topics too; what it cannot decode there is its own poison.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    options.folder.mkdir(parents=True, exist_ok=True)
    try:
        outcome = asyncio.run(run(options, progress))
    except StartFailure as failure:
        print(failure, file=sys.stderr)  # noqa: T201  the one sentence
        return 2
    except KeyboardInterrupt:
        return 130
    known = facts(options, outcome)
    write_latest(
        options.folder, known, page(known, outcome.verdict, read_faults(options.folder / "faults.jsonl"))
    )
    progress.say(table(known))
    return 0 if known["ok"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
