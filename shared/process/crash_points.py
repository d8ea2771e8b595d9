"""Named points where a test can kill the process, so that crashes hit the critical moments.

`./chaos` arms a point by creating a file of its name in the folder `CRASH_POINTS`. The first process that
reaches the point removes the file and kills itself. Without the variable, `crash_point` does nothing.
"""

import os
import signal
from pathlib import Path


def crash_point(name: str) -> None:
    """Kill this process without cleanup if the point is armed."""
    folder = os.environ.get("CRASH_POINTS")
    if folder is None:
        return
    try:
        (Path(folder) / name).unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
