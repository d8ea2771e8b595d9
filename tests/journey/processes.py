"""Takes a process of a running stack away for a while, with all its children, by its pid."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def process_tree(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    try:
        children = " ".join(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
    except FileNotFoundError:
        return []
    return [pid, *(each for child in children.split() for each in process_tree(int(child)))]


@contextmanager
def frozen(*pids: int) -> Iterator[None]:
    """Freeze processes: their sockets stay open and nothing answers, the hardest way to be away."""
    stopped = [each for pid in pids for each in process_tree(pid)]
    try:
        for each in stopped:
            os.kill(each, signal.SIGSTOP)
        yield
    finally:
        for each in reversed(stopped):
            os.kill(each, signal.SIGCONT)


def kill_process(pid: int) -> None:
    """End a process without a word."""
    os.kill(pid, signal.SIGKILL)
