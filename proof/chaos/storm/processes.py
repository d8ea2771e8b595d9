"""Signals to a process and everything that it has started."""

import contextlib
import os
import signal
import subprocess
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


def limit_files(pid: int, most: str) -> bool:
    """Limit how long a file a whole family may write: `0` as on a full disk, `unlimited` as before; says whether that was possible.

    The limit is set as the process's own user: a server that was started by root runs as another, and root may lack the right.
    """
    done = []
    for each in family(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            owner = Path(f"/proc/{each}").stat()
            command = ("prlimit", f"--pid={each}", f"--fsize={most}:")  # of util-linux, which every distribution has
            ended = subprocess.run(command, user=owner.st_uid, group=owner.st_gid, extra_groups=(), capture_output=True, check=False)  # noqa: S603
            done.append(ended.returncode == 0)
    return any(done)
