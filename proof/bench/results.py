"""Collects the figures of a benchmark run, and writes raw data to the disk at once."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from proof.bench.figures.figure import Figure


@dataclass
class Results:
    """Figures by name in their order (in a smoke run without goals), and notes for the reader."""

    folder: Path
    smoke: bool = False
    figures: dict[str, Figure] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, *figures: Figure) -> None:
        """Add figures."""
        kept = [replace(figure, goal=None, of_floor=None) for figure in figures] if self.smoke else figures
        self.figures.update((figure.name, figure) for figure in kept)

    def memory(self, name: str, samples: Sequence[Mapping[str, float]], goal: float) -> None:
        """Add the MiB of all programs together, and of each, in the sample with the highest sum."""
        programs = max(samples, key=lambda sample: sum(sample.values()))
        self.add(Figure(name, [sum(programs.values())], "MiB", goal))
        self.add(*(Figure(f"{name}.{program}", [value], "MiB") for program, value in programs.items()))

    def keep(self, name: str, raw: Any) -> None:  # noqa: ANN401  any JSON value
        """Write raw data to `raw/<name>.json`."""
        place = self.folder / "raw" / f"{name}.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(raw) + "\n")
