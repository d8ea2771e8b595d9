"""`./run`: runs everything of one stack until Ctrl-C."""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from deploy.data_folder import data_folder
from deploy.failure import StartFailure
from deploy.ports import DEFAULT_BASE, NAMES, ports_from
from deploy.processes import ROOT
from deploy.progress import Progress
from deploy.servers import ExistingServers
from deploy.stack import Stack

DEFAULT_DATA = ROOT / "var"
CANARY_SECONDS = 60


def main(arguments: Sequence[str]) -> int:
    """Run until stopped; returns the exit code."""
    options = _options(arguments)
    progress = Progress()
    try:
        ports_from(options.port_base)
        with data_folder(options.data.resolve(), DEFAULT_DATA, fresh=options.fresh) as data:
            return asyncio.run(_serve(data, options.port_base, progress))
    except StartFailure as failure:
        print(failure, file=sys.stderr)  # noqa: T201  the one sentence
        return 1
    except KeyboardInterrupt:
        return 130


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./run",
        description="Runs everything: the four services, Kafka, PostgreSQL and a mailbox. Ctrl-C stops it.",
        epilog=(
            "KAFKA_BOOTSTRAP_SERVERS and DATABASE_URL in the environment name servers to use instead of "
            "starting them."
        ),
    )
    parser.add_argument("--fresh", action="store_true", help="delete the data of earlier runs first")
    parser.add_argument(
        "--data", type=Path, default=DEFAULT_DATA, metavar="DIR", help="where the data is (default: var/)"
    )
    parser.add_argument(
        "--port-base",
        type=int,
        default=DEFAULT_BASE,
        metavar="N",
        help=f"first of {len(NAMES)} ports (default: {DEFAULT_BASE})",
    )
    return parser.parse_args(arguments)


async def _serve(data: Path, port_base: int, progress: Progress) -> int:
    started = time.monotonic()
    existing, log_level = ExistingServers.from_environment(os.environ), os.environ.get("LOG_LEVEL", "INFO")
    stack = Stack(data, port_base, progress, existing, log_level=log_level, canary_seconds=CANARY_SECONDS)
    _stop_on_signals(stack)
    try:
        async with stack.running():
            progress.say(welcome(stack, time.monotonic() - started))
            await asyncio.Event().wait()
    except asyncio.CancelledError:
        progress.say("Stopped.")
    return 0


def _stop_on_signals(stack: Stack) -> None:
    """Stop the run in order at the first signal; kill what is left at the second."""
    serving = asyncio.current_task()
    assert serving is not None  # noqa: S101  called from a coroutine
    asked: list[int] = []

    def on_signal(number: int) -> None:
        asked.append(number)
        if len(asked) == 1:
            serving.cancel()
        else:
            stack.supervisor.kill()
            os._exit(1)

    under_nohup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    for number in (
        (signal.SIGINT, signal.SIGTERM) if under_nohup else (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    ):
        asyncio.get_running_loop().add_signal_handler(number, on_signal, number)


def welcome(stack: Stack, seconds: float) -> str:
    """Return the text that says where everything listens."""
    place = stack.place
    rows = (
        ("site", place.url("intake")),
        ("site's API", f"{place.url('intake')}/docs"),
        ("console", f"{place.url('tracker')}/console"),
        ("  user", f"operator, password {stack.secrets['operator_password']}"),
        ("tracker's API", f"{place.url('tracker')}/docs"),
        ("mailbox", place.url("mailbox")),
        *((name, f"DOWN: {why}; it is tried again") for name, why in stack.supervisor.down.items()),
        ("data", f"{place.data} (logs in {place.data / 'logs'}, all addresses in addresses.json)"),
    )
    table = "\n".join(f"  {name:<14} {value}" for name, value in rows)
    return f"Ready after {seconds:.1f} s.\n{table}\nCtrl-C stops everything."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
