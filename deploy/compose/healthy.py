"""Checks the health of a container's app (`/readyz`) or worker (liveness file); kills a hung worker.

`python -m deploy.compose.healthy`. Docker restarts a container that ended, not one that hangs: a worker that
has made no progress for a minute is killed here.
"""

import contextlib
import http.client
import os
import signal
import sys
import time
from pathlib import Path

from deploy.compose.start import PROCESS_ID

APP_PORT, APP_SECONDS = 8000, 5.0
FRESH_SECONDS, HUNG_SECONDS = 30.0, 60.0


def app_is_ready(port: int = APP_PORT) -> bool:
    """True if the app's `/readyz` answers 200."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=APP_SECONDS)) as connection:
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False


def worker_is_alive(file: Path, process_id: Path = PROCESS_ID) -> bool:
    """True if the worker's file is recent; kills a worker that hangs."""
    try:
        age = time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return False
    if age > HUNG_SECONDS:
        os.kill(int(process_id.read_text()), signal.SIGKILL)
    return age < FRESH_SECONDS


if __name__ == "__main__":
    liveness = os.environ.get("LIVENESS_FILE")
    sys.exit(not (worker_is_alive(Path(liveness)) if liveness else app_is_ready()))
