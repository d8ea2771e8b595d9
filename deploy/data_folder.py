"""Locks, creates and empties the folder that holds all data of one stack."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.failure import StartFailure

MARK = ".asiointi"
PRIVATE = ("kafka", "logs", "alive", "mail")
OURS = ("kafka", "postgres", "mail", "logs", "alive", "secrets.json", "addresses.json")


@contextmanager
def data_folder(folder: Path, default: Path, *, fresh: bool) -> Iterator[Path]:
    """Lock the folder for this run, created or emptied as asked.

    Raises `StartFailure` when another run uses it, or when it holds files that no run created. `default` may
    hold other files too.
    """
    marked = (folder / MARK).exists()
    held = {entry.name for entry in folder.iterdir()} if folder.exists() else set()
    if not marked and (held & set(OURS) or (held and folder != default)):
        raise StartFailure(
            f"{folder} holds files that ./run did not make; name a new or empty folder with --data."
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()
    with (folder / MARK).open("r+") as lock:
        _lock(lock.fileno(), folder)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        if fresh:
            _empty(folder)
        for name in PRIVATE:
            (folder / name).mkdir(mode=0o700, exist_ok=True)
            # Earlier versions left Kafka's log, with events and users, readable for everybody on the machine.
            (folder / name).chmod(0o700)
        (folder / "addresses.json").unlink(missing_ok=True)
        yield folder


def _lock(file: int, folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(file, 20, 0).decode().strip()
        raise StartFailure(
            f"Another ./run (process {holder}) uses {folder}; stop it, or start with --data and --port-base "
            "of your own."
        ) from error


def _empty(folder: Path) -> None:
    for name in OURS:
        place = folder / name
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
