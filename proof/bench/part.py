"""What every part of a run is given."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TypeAlias

from deploy.progress import Progress
from proof.bench.load import Load
from proof.bench.options import Options
from proof.bench.results import Results
from proof.bench.stack import BenchStack


@dataclass(frozen=True)
class Bench:
    """A run under way: the running stack, the form that is sent, and where figures go."""

    options: Options
    under: BenchStack
    form: Mapping[str, str]
    results: Results
    progress: Progress
    _runs: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def raw(self) -> Path:
        """The folder that raw data goes to."""
        return self.results.folder / "raw"

    def new_run(self) -> str:
        """Give a name for a load that no other load of this stack has."""
        return f"r{next(self._runs)}"

    def submissions(self, count: int, *, clients: int = 0, rate: float = 0.0, pause: float = 0.0, watch_every: int = 0) -> Load:
        """Describe a load of submissions to intake; see `Load` for what each means."""
        return Load(
            port=self.under.port("intake"),
            run=self.new_run(),
            form=self.form,
            count=count,
            clients=clients,
            rate=rate,
            pause=pause,
            watch_every=watch_every,
        )


@dataclass(frozen=True)
class Alone:
    """A run of a part that starts what it measures itself, while nothing else runs."""

    options: Options
    results: Results
    progress: Progress


Part: TypeAlias = Callable[[Bench], Awaitable[None]]
PartAlone: TypeAlias = Callable[[Alone], Awaitable[None]]
