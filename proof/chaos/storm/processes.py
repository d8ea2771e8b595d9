"""Signals to a process and everything that it has started."""

import contextlib
import os
import signal
import subprocess

import psutil


def family(pid: int) -> list[int]:
    """Give a process and all its descendants, the process first."""
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


def signal_family(pid: int, number: signal.Signals) -> None:
    """Send a signal to a whole family; one that is gone is gone."""
    for each in family(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, number)


def signal_one(pid: int, number: signal.Signals) -> None:
    """Send a signal to one process; one that is gone is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def limit_files(pid: int, most: str) -> bool:
    """Limit how long a file a whole family may write: `0` as on a full disk, `unlimited` as before; says whether that was possible.

    The limit is set as the process's own user: a server that was started by root runs as another, and root may lack the right.
    """
    done = []
    for each in family(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            user, group = psutil.Process(each).uids().effective, psutil.Process(each).gids().effective
            command = (
                "prlimit",
                f"--pid={each}",
                f"--fsize={most}:",
            )  # of util-linux, which every distribution has
            ended = subprocess.run(  # noqa: S603
                command, user=user, group=group, extra_groups=(), capture_output=True, check=False
            )
            done.append(ended.returncode == 0)
    return any(done)
