"""Downloads Kafka's jars once from the Maven repository, and checks them at each start against a lock."""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.failure import StartFailure

COORDINATES = "org.apache.kafka:kafka_2.13:4.4.0+org.slf4j:slf4j-simple:1.7.36"
LOCK = Path(__file__).with_name("kafka.jars.lock")
MAX_PARALLEL_DOWNLOADS = 8

Progress = Callable[[int, int], None]


def class_path(folder: Path, progress: Progress = lambda _done, _all: None) -> list[Path]:
    """Return every jar of the lock; downloads into `folder` what is missing or differs from the lock.

    `progress(done, all)` is called for each jar downloaded. Raises `StartFailure` without network or when a
    downloaded jar is not the locked one.
    """
    folder, locked = folder.resolve(), read_lock(LOCK.read_text())
    jars = {coordinate: folder / file_name(coordinate) for coordinate in locked}
    with ThreadPoolExecutor(MAX_PARALLEL_DOWNLOADS) as pool:
        whole = pool.map(lambda coordinate: _is_locked(jars[coordinate], locked[coordinate]), jars)
        missing = [coordinate for coordinate, right in zip(jars, whole, strict=True) if not right]
    if missing:
        _download({coordinate: locked[coordinate] for coordinate in missing}, folder, progress)
    return list(jars.values())


def read_lock(text: str) -> dict[str, str]:
    """Read `group:artifact:version sha256` lines; comments start with `#`."""
    rows = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return {coordinate: digest for coordinate, digest in rows}  # noqa: C416  unpacking checks that there are two


def file_name(coordinate: str) -> str:
    """Return a jar's file name with its group: two groups may have an artifact of one name."""
    return coordinate.replace(":", "_") + ".jar"


def _download(wanted: dict[str, str], folder: Path, progress: Progress) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(MAX_PARALLEL_DOWNLOADS) as pool:
        places = pool.map(lambda coordinate: _fetch(coordinate, folder), wanted)
        for done, (coordinate, place) in enumerate(zip(wanted, places, strict=True), 1):
            if not _is_locked(place, wanted[coordinate]):
                place.unlink()
                message = (
                    f"{coordinate} came with another checksum than deploy/kafka.jars.lock has; check "
                    "the Maven repository that jgo is set to."
                )
                raise StartFailure(message)
            place.replace(folder / file_name(coordinate))
            progress(done, len(wanted))
    shutil.rmtree(folder / "downloads")


def _is_locked(jar: Path, digest: str) -> bool:
    return jar.exists() and hashlib.sha256(jar.read_bytes()).hexdigest() == digest


def _fetch(coordinate: str, folder: Path) -> Path:
    """Download one jar with the user's own jgo settings (`~/.config/jgo.conf`: mirrors)."""
    from jgo.config import GlobalSettings  # noqa: PLC0415  seldom needed, and slow to import
    from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415  as above
    from jgo.maven import MavenContext  # noqa: PLC0415  as above

    repositories = {"central": MAVEN_CENTRAL_URL} | GlobalSettings.load().repositories
    group, artifact, version = coordinate.split(":")
    context = MavenContext(repo_cache=folder / "downloads", remote_repos=repositories)
    try:
        return Path(context.project(group, artifact).at_version(version).artifact().resolve())
    except Exception as error:
        problem = f"Kafka's jars cannot be downloaded ({type(error).__name__} at {coordinate})"
        raise StartFailure(
            f"{problem}; check the network, or name a Maven mirror in ~/.config/jgo.conf."
        ) from error


def lock(folder: Path) -> str:
    """Resolve `COORDINATES` with all dependencies, and return the lock's text."""
    os.environ["M2_REPO"] = str(folder)
    import jgo  # noqa: PLC0415  reads M2_REPO

    return _lock_text(
        (f"{jar.groupId}:{jar.artifactId}:{jar.version}", Path(jar.resolve()))
        for jar in jgo.resolve(COORDINATES)
    )


def _lock_text(jars: Iterable[tuple[str, Path]]) -> str:
    rows = sorted(f"{coordinate} {hashlib.sha256(jar.read_bytes()).hexdigest()}" for coordinate, jar in jars)
    return "\n".join(
        ["# Kafka's jars: Maven coordinate and SHA-256. Written by: python -m deploy.jars FOLDER", *rows, ""]
    )


if __name__ == "__main__":
    LOCK.write_text(lock(Path(sys.argv[1])))
