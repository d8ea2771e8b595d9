"""The image's entry point: takes the settings that were written for this container, then becomes the command given.

A variable that the container was given itself wins over a written one.
"""

import json
import os
import sys
from pathlib import Path

SETTINGS = Path("/run/asiointi/environment.json")
PROCESS_ID = Path("/tmp/process-id")  # noqa: S108  the container's own, in memory


def main(command: list[str]) -> None:
    """Become `command`; the process keeps its number, which the health check may need."""
    written: dict[str, str] = json.loads(SETTINGS.read_text()) if SETTINGS.exists() else {}
    PROCESS_ID.write_text(str(os.getpid()))
    os.execvpe(command[0], command, {**written, **os.environ})  # noqa: S606  what the container is for


if __name__ == "__main__":
    main(sys.argv[1:])
