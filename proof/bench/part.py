"""What every part of a run is given."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from deploy.progress import Progress
from proof.bench.options import Options
from proof.bench.results import Results
from proof.bench.stack import BenchStack


@dataclass(frozen=True)
class Bench:
    """A run under way: the running stack, and where figures go."""

    options: Options
    under: BenchStack
    results: Results
    progress: Progress


@dataclass(frozen=True)
class Alone:
    """A run of a part that starts what it measures itself, while nothing else runs."""

    options: Options
    results: Results
    progress: Progress


Part: TypeAlias = Callable[[Bench], Awaitable[None]]
PartAlone: TypeAlias = Callable[[Alone], Awaitable[None]]
