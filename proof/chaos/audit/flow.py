"""Computes a run's curves: requests accepted, numbered and mailed per second, and the longest wait."""

from collections import Counter
from dataclasses import dataclass

from proof.chaos.audit.recovery import Passage


@dataclass(frozen=True)
class Flow:
    """One value per second from `start` on.

    `lag` is the age in seconds of the oldest accepted request without a receipt.
    """

    start: float
    accepted: list[int]
    numbered: list[int]
    mailed: list[int]
    lag: list[float]


def flow(ways: list[Passage]) -> Flow:
    """Count the passages by second."""
    if not ways:
        return Flow(0.0, [], [], [], [])
    start = min(way.sent_at for way in ways)
    end = max(max(way.accepted_at, way.numbered_at or 0.0, way.mailed_at or 0.0) for way in ways)
    seconds = int(end - start) + 1
    return Flow(
        start,
        _per_second([way.accepted_at for way in ways], start, seconds),
        _per_second([way.numbered_at for way in ways if way.numbered_at], start, seconds),
        _per_second([way.mailed_at for way in ways if way.mailed_at], start, seconds),
        [_oldest(ways, start + second + 1) for second in range(seconds)],
    )


def _per_second(moments: list[float], start: float, seconds: int) -> list[int]:
    counted = Counter(int(moment - start) for moment in moments)
    return [counted[second] for second in range(seconds)]


def _oldest(ways: list[Passage], now: float) -> float:
    waiting = [
        way.accepted_at
        for way in ways
        if way.accepted_at <= now and (way.mailed_at is None or way.mailed_at > now)
    ]
    return round(now - min(waiting), 2) if waiting else 0.0
