"""What a run gathers: figures, charts and raw data, the latter on the disk as soon as they are there."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from proof.bench.figure import Figure


@dataclass(frozen=True)
class Curves:
    """A chart for the page: each line has a name and one value for each step of `across` (a second, a percent)."""

    title: str
    unit: str
    lines: Sequence[tuple[str, Sequence[float]]]
    across: str = "s"


@dataclass
class Results:
    """Figures by name in the order they came; a later one of the same name (with its floor, say) takes the earlier one's place."""

    folder: Path
    smoke: bool = False
    """A run that only tries whether everything can be measured: its figures mean nothing, and none is held to a goal."""
    figures: dict[str, Figure] = field(default_factory=dict)
    charts: list[Curves] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *figures: Figure) -> None:
        """Keep figures."""
        kept = [replace(figure, goal=None, of_floor=None) for figure in figures] if self.smoke else figures
        self.figures.update((figure.name, figure) for figure in kept)

    def draw(self, title: str, unit: str, *lines: tuple[str, Sequence[float]], across: str = "s") -> None:
        """Keep a chart for the page; see `Curves`."""
        self.charts.append(Curves(title, unit, lines, across))

    def note(self, sentence: str) -> None:
        """Keep something to know when reading the figures: how full the tables were, which sink was used."""
        self.notes.append(sentence)

    def keep(self, name: str, raw: Any) -> None:  # noqa: ANN401  whatever JSON can hold
        """Write raw data to `raw/<name>.json`."""
        place = self.folder / "raw" / f"{name}.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(raw) + "\n")
