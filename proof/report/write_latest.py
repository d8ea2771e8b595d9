"""Writes `latest.json` and `latest.html` of a run."""

import json
from pathlib import Path
from typing import Any


def write_latest(folder: Path, known: Any, page: str) -> None:  # noqa: ANN401  any JSON value
    """Write both files, each atomically."""
    for name, content in (
        ("latest.json", json.dumps(known, indent=1, ensure_ascii=False) + "\n"),
        ("latest.html", page),
    ):
        draft = folder / f"{name}.new"
        draft.write_text(content)
        draft.replace(folder / name)
