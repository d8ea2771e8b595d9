"""Sends signals and limits to a process and all its descendants."""

import contextlib
import os
import signal
import subprocess

import psutil


def family(pid: int) -> list[int]:
    """Return a process and all its descendants, the process first."""
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


def signal_family(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process and its descendants; ended ones are ignored."""
    for each in family(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, number)


def signal_one(pid: int, number: signal.Signals) -> None:
    """Send a signal to one process; an ended one is ignored."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def limit_files(pid: int, most: str) -> bool:
    """Limit the size of files that a process and its descendants may write; returns true on success.

    `0` simulates a full disk, `unlimited` restores it. The limit is set as the process's own user: root may
    lack the right for a server that runs as another user.
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
