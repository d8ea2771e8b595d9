"""A measured figure with its goal and floor, and percentiles. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import Any, Literal


@dataclass(frozen=True)
class Figure:
    """A median of rounds; `name` is a stable slug such as `one-client.answer.p50`.

    `goal` is in `unit`. `floor` is the result of the bare equivalent, in `unit` too. `of_floor` is a goal as
    a share of the floor: 0.6 of a rate is at least 60 % of it, 1.2 of a time at most 120 %. If both goals are
    given, both must be met.
    """

    name: str
    rounds: Sequence[float]
    unit: str
    goal: float | None = None
    floor: float | None = None
    better: Literal["lower", "higher"] = "lower"
    of_floor: float | None = None

    @property
    def value(self) -> float:
        """The median of the rounds."""
        return median(self.rounds)

    @property
    def ratio(self) -> float | None:
        """The value as a share of its floor."""
        return self.value / self.floor if self.floor else None

    @property
    def bound(self) -> float | None:
        """The stricter of its goals, in `unit`."""
        goals = [self.goal, self.of_floor * self.floor if self.of_floor is not None and self.floor else None]
        return (min if self.better == "lower" else max)(
            (goal for goal in goals if goal is not None), default=None
        )

    @property
    def met(self) -> bool | None:
        """True if every goal is met; `None` without goals."""
        if self.bound is None:
            return None
        return self.value <= self.bound if self.better == "lower" else self.value >= self.bound

    def facts(self) -> dict[str, Any]:
        """Return the figure as in `latest.json`; `goal` is the stricter one, in `unit`."""
        numbers = {"value": self.value, "goal": self.bound, "floor": self.floor, "ratio": self.ratio}
        short = {name: None if number is None else float(f"{number:.5g}") for name, number in numbers.items()}
        return {
            "name": self.name,
            "unit": self.unit,
            **short,
            "met": self.met,
            "better": self.better,
            "rounds": list(self.rounds),
        }


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest of `values` that `percent` of them do not exceed (nearest rank)."""
    return sorted(values)[max(0, ceil(len(values) * percent / 100) - 1)]
