"""Creates the virtual environment in `var/venv` and runs a module in it.

Standard library only, and importable by an old Python. A stamp beside the environment holds the hash of its
lock file, so a second start skips all of this.
"""

from __future__ import annotations  # an old Python must be able to import this to report its age

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from deploy.progress import Progress

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / "var" / "venv"
STAMP = ROOT / "var" / "venv.stamp"
LOG = ROOT / "var" / "setup.log"
OLDEST = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")
INCLUDED = {"services": (), "local": ("services",), "dev": ("local", "services")}


def become(requirements: str, module: str, arguments: Sequence[str]) -> NoReturn:
    """Install `requirements/<requirements>.txt` if needed, then become `python -m module arguments`."""
    if sys.version_info < OLDEST:
        _become_newer()
    try:
        python = ensure_environment(requirements, Progress())
    except KeyboardInterrupt:
        sys.exit(130)
    os.environ["PYTHONPATH"] = str(ROOT)
    os.execv(python, [str(python), "-m", module, *arguments])  # noqa: S606  our own interpreter


def _become_newer() -> NoReturn:
    newer = next(filter(None, map(shutil.which, NEWER)), None)
    if newer is None:
        sys.exit(
            f"Python {sys.version_info[0]}.{sys.version_info[1]} is too old; install Python 3.11 or newer."
        )
    os.execv(newer, [newer, *sys.argv])  # noqa: S606  the same script again


def ensure_environment(requirements: str, progress: Progress) -> Path:
    """Return the environment's interpreter, with a lock file installed that includes `requirements`."""
    python = VENV / "bin" / "python"
    VENV.parent.mkdir(exist_ok=True)
    with (VENV.parent / "venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not python.exists() or _stamped().get("python") != _version():
            _make(progress)
        if _stamped().get(requirements) != _digest(requirements):
            _install(python, requirements, progress)
    return python


def _make(progress: Progress) -> None:
    if importlib.util.find_spec("ensurepip") is None:
        sys.exit("Python's venv is missing; install it (on Debian and Ubuntu: apt install python3-venv).")
    kept = VENV.exists() and (VENV / "pyvenv.cfg").exists() and not STAMP.exists() and _same_python()
    if not kept:
        with progress.step("Making a Python environment in var/venv"):
            _call(
                [sys.executable, "-m", "venv", "--clear", str(VENV)],
                "The Python environment in var/venv cannot be made",
            )
    STAMP.write_text(f"python {_version()}\n")


def _install(python: Path, requirements: str, progress: Progress) -> None:
    command = [
        str(python),
        "-m",
        "pip",
        "install",
        "--require-hashes",
        "--no-input",
        "--disable-pip-version-check",
        "--progress-bar=off",
    ]
    with progress.step("Installing Python packages (the first time only)"):
        _call(
            [*command, "-r", str(ROOT / "requirements" / f"{requirements}.txt")],
            "The Python packages cannot be installed; check the network",
        )
    stamps = _stamped() | {name: _digest(name) for name in (requirements, *INCLUDED[requirements])}
    STAMP.write_text("".join(f"{name} {value}\n" for name, value in stamps.items()))


def _call(command: list[str], complaint: str) -> None:
    with LOG.open("w") as log:
        code = subprocess.run(  # noqa: S603
            command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False
        ).returncode
    if code:
        lines = [line for line in LOG.read_text().splitlines() if line.strip()]
        last = [line for line in lines if line.startswith("ERROR")][-3:] or lines[-3:]
        sys.exit("\n  ".join([f"{complaint} (all of it is in {LOG.relative_to(ROOT)}):", *last]))


def _stamped() -> dict[str, str]:
    try:
        return dict(line.split(" ", 1) for line in STAMP.read_text().splitlines())
    except (OSError, ValueError):
        return {}


def _same_python() -> bool:
    lines = (VENV / "pyvenv.cfg").read_text().splitlines()
    return any(line.replace(" ", "").startswith(f"version={_version()}.") for line in lines)


def _version() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def _digest(requirements: str) -> str:
    return hashlib.sha256((ROOT / "requirements" / f"{requirements}.txt").read_bytes()).hexdigest()
