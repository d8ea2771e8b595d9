"""One measured figure with what it is held to, and the percentiles that figures are made of. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import Any, Literal


@dataclass(frozen=True)
class Figure:
    """A median of rounds; `name` is a stable slug such as `one-client.answer.p50`.

    `goal` is in `unit`. `floor` is what the bare thing beside it did, in `unit` too. `of_floor` is a goal as a share of the floor: 0.6 of a rate is
    at least 60 % of it, 1.2 of a time at most 120 %. Where both goals are given, both must be met.
    """

    name: str
    value: float
    unit: str
    goal: float | None = None
    floor: float | None = None
    better: Literal["lower", "higher"] = "lower"
    rounds: tuple[float, ...] = ()
    of_floor: float | None = None

    @property
    def ratio(self) -> float | None:
        """Give the value as a share of its floor; `None` where there is no floor."""
        return self.value / self.floor if self.floor else None

    @property
    def bound(self) -> float | None:
        """Give the stricter of its goals, in `unit`; `None` where it has none."""
        goals = [self.goal] if self.goal is not None else []
        if self.of_floor is not None and self.floor:
            goals.append(self.of_floor * self.floor)
        if not goals:
            return None
        return min(goals) if self.better == "lower" else max(goals)

    @property
    def met(self) -> bool | None:
        """Say whether every goal is met; `None` where there is none."""
        if self.bound is None:
            return None
        return self.value <= self.bound if self.better == "lower" else self.value >= self.bound

    def facts(self) -> dict[str, Any]:
        """Give it as `latest.json` has it; `goal` is the stricter one, in `unit`."""
        rounded = {"value": self.value, "goal": self.bound, "floor": self.floor, "ratio": self.ratio}
        return {
            "name": self.name,
            "unit": self.unit,
            **{name: None if number is None else _short(number) for name, number in rounded.items()},
            "met": self.met,
            "better": self.better,
            "rounds": [_short(value) for value in self.rounds],
        }


def of_rounds(
    name: str,
    rounds: Sequence[float],
    unit: str,
    *,
    goal: float | None = None,
    floor: float | None = None,
    better: Literal["lower", "higher"] = "lower",
    of_floor: float | None = None,
) -> Figure:
    """Make a figure of its rounds' median."""
    return Figure(name, median(rounds), unit, goal, floor, better, tuple(rounds), of_floor)


def percentile(values: Sequence[float], percent: float) -> float:
    """Give the smallest of `values` that `percent` of them do not exceed (nearest rank); raises `ValueError` where there are none."""
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(0, ceil(len(values) * percent / 100) - 1)]


def _short(number: float) -> float:
    return float(f"{number:.4g}") if abs(number) < 1000 else round(number, 1)  # noqa: PLR2004  four digits tell enough
