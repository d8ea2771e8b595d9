"""Formats the report of a chaos run for the terminal."""

from collections.abc import Mapping
from typing import Any

from proof.chaos.report.words import (
    FIGURES,
    PROMISES,
    again,
    left_out,
    sentence,
    slowest_by_kind,
    stood_still,
)

SHOWN = 12


def table(known: Mapping[str, Any]) -> str:
    """Return the figures, the promises, the recovery times and the first findings."""
    lines = ["", *(f"  {known[name]:>8}  {words}" for name, words in FIGURES.items()), "", "  Must be none:"]
    lines += [
        f"  {known[name]:>8}  {words}{'   <<<' if known[name] else ''}" for name, words in PROMISES.items()
    ]
    lines += ["", f"  {'Mails flow again after:':<50} faults   median  longest"]
    lines += [
        f"  {kind:<50} {count:>6} {middle:>7.1f}s {longest:>7.1f}s"
        for kind, count, middle, longest in slowest_by_kind(known)
    ]
    if known["repeats_by_cause"]:
        lines += [
            "",
            "  Repeats of mail by cause: "
            + ", ".join(f"{cause} {count}" for cause, count in known["repeats_by_cause"].items()),
        ]
    shown = known["findings"][:SHOWN]
    lines += (
        ["", *(f"  {each['check']}: {each['subject']} {each['detail']}" for each in shown)] if shown else []
    )
    if known["harness_stood_still"]["longest"]:
        lines += ["", stood_still(known)]
    lines += ["", left_out(known)] if known["kinds_left_out"] else []
    return "\n".join(
        [
            *lines,
            "",
            sentence(known),
            f"The same storm again: {again(known)}. All of it: var/chaos/latest.json, latest.html",
            "",
        ]
    )
