"""Reads the journals of the clients, the faults and the mail server."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from proof.chaos.audit.evidence import Fault, Login, Poison, Resolve, Submit

T = TypeVar("T", Submit, Resolve, Poison, Login, Fault)


def read_lines(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the JSON lines of a file; a last line that was cut off by a kill is left out."""
    if not file.exists():
        return
    with file.open() as lines:
        for line in lines:
            if line.endswith("\n"):
                yield json.loads(line)


def read_journals(folder: Path) -> tuple[list[Submit], list[Resolve], list[Poison], list[Login]]:
    """Read every journal of a folder."""
    entries = [entry for file in sorted(folder.glob("*.jsonl")) for entry in read_lines(file)]
    return (
        [_make(Submit, entry) for entry in entries if entry["kind"] == "submit"],
        [_make(Resolve, entry) for entry in entries if entry["kind"] == "resolve"],
        [_make(Poison, entry) for entry in entries if entry["kind"] == "poison"],
        [_make(Login, entry) for entry in entries if entry["kind"] == "login"],
    )


def read_no_page(folder: Path) -> frozenset[int]:
    """Return the orders whose form never opened."""
    return frozenset(
        entry["order"]
        for file in sorted(folder.glob("*.jsonl"))
        for entry in read_lines(file)
        if entry["kind"] == "no-page"
    )


def read_faults(file: Path) -> list[Fault]:
    """Read the log of injected faults."""
    return [_make(Fault, entry) for entry in read_lines(file)]


def read_unacknowledged(file: Path) -> frozenset[str]:
    """Return the names of mails that the mail server kept without confirming them."""
    return frozenset(entry["file"] for entry in read_lines(file) if not entry["confirmed"])


def read_bounced(file: Path) -> frozenset[str]:
    """Return the Message-IDs of mails that the mail server accepted and sent back."""
    return frozenset(entry["message_id"] for entry in read_lines(file) if entry["file"] is None)


def _make(kind: type[T], entry: Mapping[str, Any]) -> T:
    return kind(**{each.name: entry[each.name] for each in fields(kind) if each.name in entry})
