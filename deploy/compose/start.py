"""The image's entry point: loads the settings written for this container, then runs the given command.

A variable that is set on the container overrides a written one.
"""

import json
import os
import sys
from pathlib import Path

SETTINGS = Path("/run/asiointi/environment.json")
PROCESS_ID = Path("/tmp/process-id")  # noqa: S108  the container's own, in memory


def become(command: list[str], settings: Path = SETTINGS, process_id: Path = PROCESS_ID) -> None:
    """Replace this process by `command`; it keeps its process id, which the health check may need."""
    written: dict[str, str] = json.loads(settings.read_text()) if settings.exists() else {}
    process_id.write_text(str(os.getpid()))
    os.execvpe(command[0], command, {**written, **os.environ})  # noqa: S606  what the container is for


if __name__ == "__main__":
    become(sys.argv[1:])
