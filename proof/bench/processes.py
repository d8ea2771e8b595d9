"""The processes of a program: its root and everything that descends from it, read from /proc."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

PROC = Path("/proc")
PARENT = 1
"""Where the parent's number stands in `stat`, counted after the name in brackets."""


def trees(roots: Mapping[str, int]) -> dict[str, list[int]]:
    """Give every process of each program at this moment, the root first (PostgreSQL's backends are children of its postmaster)."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for pid, fields in _all():
        children[int(fields[PARENT])].append(pid)

    def descend(pid: int) -> list[int]:
        return [pid, *(grandchild for child in children[pid] for grandchild in descend(child))]

    return {name: descend(pid) for name, pid in roots.items()}


def stat_fields(pid: int) -> list[str]:
    """Give the fields of `stat` after the name, from the state on; raises `OSError` where the process is gone."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _all() -> Iterator[tuple[int, list[str]]]:
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                yield int(entry.name), stat_fields(int(entry.name))
            except OSError:
                continue
