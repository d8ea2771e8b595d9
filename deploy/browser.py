"""Finds or installs a browser for the tests: Debian's chromium, else Playwright's own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.progress import Progress

NAMES = ("chromium", "chromium-browser", "google-chrome")
APT = ("apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300")


def find_browser(progress: Progress, log: Path) -> str | None:
    """Return the path of a browser for Playwright, installing one if needed; `None` when that fails."""
    return _installed() or _from_debian(progress, log) or _from_playwright(progress, log)


def _installed() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


def _from_debian(progress: Progress, log: Path) -> str | None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return None
    with progress.step("Installing chromium (the first time only)"):
        if _call(log, *APT, "update"):
            _call(log, *APT, "install", "--no-install-recommends", "chromium")
    return _installed()


def _from_playwright(progress: Progress, log: Path) -> str | None:
    from playwright.sync_api import Error, sync_playwright  # noqa: PLC0415  slow to import

    try:
        with sync_playwright() as playwright:
            path = playwright.chromium.executable_path
    except Error:
        return None
    if not Path(path).exists():
        with progress.step("Fetching a browser (the first time only)"):
            _call(log, sys.executable, "-m", "playwright", "install", "chromium")
    return path if Path(path).exists() else None


def _call(log: Path, *command: str) -> bool:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with log.open("a") as output:
        return (
            subprocess.run(  # noqa: S603
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, check=False
            ).returncode
            == 0
        )
