"""Journals of the clients: one JSON line per request and its answer, written before the client goes on."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeAlias

Reply: TypeAlias = Literal["accepted", "refused", "failed", "unknown"]
"""`failed`: an error answer (5xx). `unknown`: no answer at all."""

ACCEPTED, REFUSED, SERVER_ERROR = 200, 400, 500


def reply_of_status(status: int) -> Reply:
    """Return what an HTTP status means for a client."""
    if status >= SERVER_ERROR:
        return "failed"
    return "refused" if status >= REFUSED else "accepted"


class Journal:
    """One client's journal."""

    def __init__(self, file: Path) -> None:
        self._output = file.open("a", buffering=1)

    def write(self, kind: str, **facts: Any) -> None:  # noqa: ANN401  a JSON object
        """Append one entry with the time of writing."""
        self._output.write(json.dumps({"kind": kind, "at": time.time(), **facts}, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._output.close()


def read_entries(folder: Path) -> Iterator[dict[str, Any]]:
    """Read every journal of a folder."""
    for file in sorted(folder.glob("*.jsonl")):
        with file.open() as lines:
            yield from (json.loads(line) for line in lines)
