"""Formats the benchmark figures for the terminal; the HTML page uses the same words."""

from collections.abc import Iterable, Mapping

from proof.bench.figures.figure import Figure
from proof.bench.results import Results

GROUPS: Mapping[str, str] = {
    "idle": "Everything running, nobody there",
    "one-client": "One client, one request at a time",
    "capacity": "As many requests as it takes, from POST to mail",
    "resolutions": "Resolutions by a back office, from POST to mail, beside the bare pipeline",
    "whole": "The whole beside the bare pipeline, in the same run",
    "intake": "Intake beside a bare endpoint",
    "tracker": "Tracker beside raw batched inserts",
    "notifier": "Notifier beside aiosmtplib alone",
    "steady": "Steady load",
    "growth": "With everything full, as a share of empty",
}
PROGRAMS = (
    "intake",
    "identity",
    "tracker",
    "tracker-worker",
    "notifier",
    "notifier-worker",
    "notifier-bounces",
    "mailbox",
    "kafka",
    "postgres",
)
COLUMNS = ("figure", "value", "unit", "rounds", "goal", "floor", "of it", "")


def table(results: Results) -> str:
    """Return every figure but the programs' shares; missed goals are marked."""
    lines = [""]
    for heading, figures in grouped(results.figures.values()).items():
        lines += [
            heading,
            _line(COLUMNS),
            *(_line(row(figure)) for figure in figures if not is_program(figure)),
            "",
        ]
    lines += [*results.notes, "", sentence(results.figures.values())]
    return "\n".join([*lines, f"All of it: {results.folder}/latest.json, latest.html, raw/", ""])


def grouped(figures: Iterable[Figure]) -> dict[str, list[Figure]]:
    """Return figures by heading (the first part of the name), in their order."""
    groups: dict[str, list[Figure]] = {}
    for figure in figures:
        group = figure.name.partition(".")[0]
        groups.setdefault(GROUPS.get(group, group), []).append(figure)
    return groups


def is_program(figure: Figure) -> bool:
    """True for one program's share of another figure: the page folds those, the table leaves them out."""
    return figure.name.rpartition(".")[2] in PROGRAMS


def row(figure: Figure) -> tuple[str, ...]:
    """Return a figure's cells in `COLUMNS`."""
    rounds = f"{number(min(figure.rounds))}–{number(max(figure.rounds))}" if len(figure.rounds) > 1 else ""
    verdict = "" if figure.met is None else "met" if figure.met else "missed"
    return (
        label(figure),
        number(figure.value),
        figure.unit,
        rounds,
        _goal(figure),
        number(figure.floor),
        _share(figure.ratio),
        verdict,
    )


def label(figure: Figure) -> str:
    """Return a figure's name without its group."""
    name = figure.name.partition(".")[2] or figure.name
    return "rate beside the floor" if name == "ratio" else name.replace(".", " ")


def number(value: float | None) -> str:
    """Format a number with three or four digits."""
    if value is None:
        return ""
    return f"{value:,.0f}".replace(",", "\u2009") if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004  a hundred needs no fraction


def sentence(figures: Iterable[Figure]) -> str:
    """Return how many goals are met, and which are not."""
    held = [figure for figure in figures if figure.met is not None]
    missed = [f"{label(figure)} ({figure.name.partition('.')[0]})" for figure in held if not figure.met]
    if not held:
        return "Nothing was held to a goal."
    return f"{len(held) - len(missed)} of {len(held)} goals are met." + (
        f" Missed: {', '.join(missed)}." if missed else ""
    )


def _line(cells: tuple[str, ...]) -> str:
    name, value, unit, rounds, goal, floor, of_floor, verdict = cells
    marked = f"{verdict} <<<" if verdict == "missed" else verdict
    return f"  {name:<34}{value:>9} {unit:<8}{rounds:>14}{goal:>14}{floor:>9}{of_floor:>7}  {marked}".rstrip()


def _goal(figure: Figure) -> str:
    goals = filter(None, [number(figure.goal), _share(figure.of_floor) if figure.floor else ""])
    return (
        f"{'≤' if figure.better == 'lower' else '≥'} {', '.join(goals)}" if figure.bound is not None else ""
    )


def _share(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio * 100:.0f} %"
