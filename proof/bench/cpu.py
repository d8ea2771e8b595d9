"""CPU seconds by program, from /proc."""

import os
from collections.abc import Mapping
from contextlib import suppress

from proof.bench.processes import stat_fields, trees

USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM = 11, 12, 13, 14
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(roots: Mapping[str, int]) -> dict[str, float]:
    """Give the seconds that each program has used since it started, its children's too, those that have ended and were waited for as well."""
    return {name: sum(map(_of_process, pids)) for name, pids in trees(roots).items()}


def used_since(before: Mapping[str, float], roots: Mapping[str, int]) -> dict[str, float]:
    """Give the seconds that each program has used since `before` was read; one that was started anew in between counts from zero."""
    return {name: max(0.0, seconds - before.get(name, 0.0)) for name, seconds in cpu_seconds(roots).items()}


def _of_process(pid: int) -> float:
    with suppress(OSError):
        fields = stat_fields(pid)
        return sum(int(fields[place]) for place in (USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM)) / TICKS
    return 0.0
