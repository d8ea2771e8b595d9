"""Figures in words, for the table and the page alike."""

from collections.abc import Iterable, Mapping

from proof.bench.figure import Figure

GROUPS: Mapping[str, str] = {
    "idle": "Everything running, nobody there",
    "one-client": "One client, one request at a time",
    "capacity": "As many requests as it takes, from POST to mail",
    "resolutions": "Resolutions by a back office, from POST to mail",
    "whole": "The whole beside the bare pipeline, in the same run",
    "intake": "Intake beside a bare endpoint",
    "tracker": "Tracker beside raw batched inserts",
    "notifier": "Notifier beside a raw SMTP loop",
    "steady": "Steady load",
    "growth": "With everything full, as a share of empty",
    "start": "Starting",
}
LABELS = {"ratio": "rate beside the floor", "of-fastest": "rate beside the fastest floor"}
PROGRAMS = ("intake", "identity", "tracker", "tracker-worker", "notifier", "notifier-worker", "notifier-bounces", "mailbox", "kafka", "postgres")


def grouped(figures: Iterable[Figure]) -> list[tuple[str, list[Figure]]]:
    """Give figures by group (the first part of the name), each with its heading, in the order they came."""
    groups: dict[str, list[Figure]] = {}
    for figure in figures:
        groups.setdefault(figure.name.partition(".")[0], []).append(figure)
    return [(GROUPS.get(name, name), members) for name, members in groups.items()]


def label(figure: Figure) -> str:
    """Give a figure's name without its group."""
    name = figure.name.partition(".")[2] or figure.name
    return LABELS.get(name, name.replace(".", " "))


def is_program(figure: Figure) -> bool:
    """Say whether it is one program's share of another figure: bars show those, the table need not."""
    return figure.name.rpartition(".")[2] in PROGRAMS


def number(value: float | None) -> str:
    """Write a number with three or four digits."""
    if value is None:
        return ""
    if abs(value) >= 100:  # noqa: PLR2004  a hundred and more need no fraction
        return f"{value:,.0f}".replace(",", "\u2009")
    return f"{value:.3g}"


def goal(figure: Figure) -> str:
    """Write what a figure is held to: a number, a share of its floor, or both."""
    goals = [number(figure.goal)] if figure.goal is not None else []
    goals += [share(figure.of_floor)] if figure.of_floor is not None and figure.floor else []
    return f"{'≤' if figure.better == 'lower' else '≥'} {', '.join(goals)}" if goals else ""


def full_label(figure: Figure) -> str:
    """Give a figure's name as the table has it, with its group."""
    heading = GROUPS.get(figure.name.partition(".")[0], figure.name).partition(",")[0]
    return f"{label(figure)} ({heading[:1].lower()}{heading[1:]})"


def share(ratio: float | None) -> str:
    """Write a ratio in percent."""
    return "" if ratio is None else f"{ratio * 100:.0f} %"


def verdict(figure: Figure) -> str:
    """Say in a word whether a figure meets its goal."""
    return "" if figure.met is None else "met" if figure.met else "missed"


def spread(figure: Figure) -> str:
    """Write the least and the most of its rounds."""
    return f"{number(min(figure.rounds))}–{number(max(figure.rounds))}" if len(figure.rounds) > 1 else ""


def sentence(figures: Iterable[Figure]) -> str:
    """Say how many goals are met, and which are not."""
    held = [figure for figure in figures if figure.met is not None]
    if not held:
        return "Nothing was held to a goal."
    missed = [full_label(figure) for figure in held if not figure.met]
    return f"{len(held) - len(missed)} of {len(held)} goals are met." + (f" Missed: {', '.join(missed)}." if missed else "")
