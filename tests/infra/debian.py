"""Programs of Debian that tests need: installed when they are missing.

Where that cannot be, the test fails instead of being skipped.
"""

import os
import subprocess
from pathlib import Path

from deploy.browser import APT


def debian_program(package: str, pattern: str) -> Path:
    """Return the newest file under `/` that `pattern` names, after installing `package` if there is none."""
    found = _newest(pattern)
    if found is None:
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in ((*APT, "update"), (*APT, "install", "--no-install-recommends", package)):
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{package} is missing and cannot be installed: {done.stderr}"
        found = _newest(pattern)
    assert found is not None, f"{package} is installed, and has no {pattern}"
    return found


def _newest(pattern: str) -> Path | None:
    return max(Path("/").glob(pattern), default=None)
