"""`python -m proof.bench`: what `./bench` runs."""

import asyncio
import logging
import sys
from collections.abc import Sequence
from dataclasses import asdict

from deploy.failure import StartFailure
from deploy.progress import Progress
from proof.bench.options import Options, read_options
from proof.bench.report.machine import Machine, this_machine
from proof.bench.report.page import page
from proof.bench.report.table import table
from proof.bench.results import Results
from proof.bench.run import run
from proof.report.write_latest import write_latest

QUIET_LOAD = 1.0


def main(arguments: Sequence[str]) -> int:
    """Do one run; gives 0 when every goal is met, 1 when one is missed, 2 when it could not be measured to the end."""
    options, progress, machine = read_options(arguments), Progress(), this_machine()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    options.folder.mkdir(parents=True, exist_ok=True)
    results, code = Results(options.folder, smoke=options.short), 0
    _say_circumstances(options, results, machine)
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


def _say_circumstances(options: Options, results: Results, machine: Machine) -> None:
    if options.short:
        results.note("A smoke run: a few requests for each figure, so they mean nothing. Each service alone beside its floor is left out.")
    results.note(f"Measured: {', '.join(options.parts)}; rounds: {options.rounds}.")
    if machine.load > QUIET_LOAD:
        results.note(f"Before the run {machine.load:.1f} processes wanted a core already: the machine was busy with something else.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
