"""`./test`: runs pytest, after installing everything it needs, browser included."""

import os
import subprocess
import sys
from collections.abc import Sequence

from deploy.browser import find_browser
from deploy.processes import ROOT
from deploy.progress import Progress


def main(arguments: Sequence[str]) -> int:
    """Run the tests; returns pytest's exit code. Without a browser the last line names what was skipped."""
    browser = os.environ.get("TEST_BROWSER") or find_browser(Progress(), ROOT / "var" / "browser.log")
    environment = os.environ | ({"TEST_BROWSER": browser} if browser else {})
    command = [sys.executable, "-m", "pytest", *arguments]
    code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode  # noqa: S603  our own command
    if not browser:
        print(  # noqa: T201  the last line
            "The browser tests did not run: no chromium here, and none could be installed (see "
            "var/browser.log)."
        )
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
