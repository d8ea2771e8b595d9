"""Signals to a process and everything that it has started."""

import contextlib
import os
import signal
from pathlib import Path


def family(pid: int) -> list[int]:
    """Give a process and all its descendants, the process first."""
    try:
        children = " ".join(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
    except OSError:
        return []
    return [pid, *(each for child in children.split() for each in family(int(child)))]


def signal_family(pid: int, number: signal.Signals) -> None:
    """Send a signal to a whole family; one that is gone is gone."""
    for each in family(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, number)


def signal_one(pid: int, number: signal.Signals) -> None:
    """Send a signal to one process; one that is gone is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
