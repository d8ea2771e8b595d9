"""The report as one HTML page that needs nothing else."""

from collections import defaultdict
from html import escape

from proof.bench.figure import Figure
from proof.bench.report.bars import beside_floor, stacked
from proof.bench.report.machine import Machine
from proof.bench.report.words import goal, grouped, is_program, label, number, sentence, share, spread, verdict
from proof.bench.results import Curves, Results
from proof.report.charts import Curve, chart
from proof.report.document import document

LEAST_REST = 0.01
KINDS = ("one", "two", "four", "three")
HEAD = "<tr><th>figure<th class=figure>value<th>unit<th class=figure>rounds<th class=figure>goal<th class=figure>floor<th class=figure>of it<th>"


def page(results: Results, machine: Machine) -> str:
    """Write the page: the answer first, then what is beside its floor, what the time and memory go to, curves, every figure."""
    figures = list(results.figures.values())
    state = "alert" if any(figure.met is False for figure in figures) else "fine"
    notes = "".join(f"<p class=muted>{escape(note)}</p>" for note in results.notes)
    parts = [
        f"<p class=muted>{escape(str(machine))}</p>",
        f"<h1>How fast is it?</h1><p class='answer {state}'>{escape(sentence(figures))}</p>{notes}",
        *_beside_floors(figures),
        *_made_of(figures),
        *(_curves(each) for each in results.charts),
        *(_section(heading, members) for heading, members in grouped(figures)),
    ]
    return document("Bench: how fast is it?", parts)


def _beside_floors(figures: list[Figure]) -> list[str]:
    by_unit: defaultdict[str, list[tuple[str, float, float]]] = defaultdict(list)
    for figure in figures:
        if figure.floor:
            by_unit[figure.unit].append((figure.name, figure.value, figure.floor))
    return ["<h2>Beside its floor</h2>", *(beside_floor("Product and floor", unit, rows) for unit, rows in by_unit.items())] if by_unit else []


def _made_of(figures: list[Figure]) -> list[str]:
    """Stack the programs' shares, one bar for each figure that has them, one chart for each unit."""
    shares: defaultdict[str, dict[str, list[tuple[str, float]]]] = defaultdict(dict)
    for figure in filter(is_program, figures):
        whole, _, program = figure.name.rpartition(".")
        shares[figure.unit].setdefault(whole, []).append((program, figure.value))
    wholes = {figure.name: figure.value for figure in figures}
    for rows in shares.values():
        for whole, parts in rows.items():
            if (rest := wholes.get(whole, 0.0) - sum(value for _, value in parts)) > LEAST_REST * wholes.get(whole, 0.0):
                parts.append(("others", rest))
    titles = {"ms": "CPU time of one request, by program", "MiB": "Memory (PSS), by program"}
    charts = [stacked(titles.get(unit, "By program"), unit, list(rows.items())) for unit, rows in shares.items()]
    return ["<h2>What it goes to</h2>", *charts] if charts else []


def _curves(curves: Curves) -> str:
    lines = [Curve(name, KINDS[index % len(KINDS)], values) for index, (name, values) in enumerate(curves.lines)]
    return chart(curves.title, curves.unit, lines, across=curves.across)


def _section(heading: str, figures: list[Figure]) -> str:
    programs = [figure for figure in figures if is_program(figure)]
    shares = f"<details><summary>Each program's share</summary>{_table(programs)}</details>" if programs else ""
    return f"<h2>{escape(heading)}</h2>{_table([figure for figure in figures if not is_program(figure)])}{shares}"


def _table(figures: list[Figure]) -> str:
    return f"<div class=wide><table>{HEAD}</tr>{''.join(map(_row, figures))}</table></div>"


def _row(figure: Figure) -> str:
    numbers = (number(figure.value), figure.unit, spread(figure), goal(figure), number(figure.floor), share(figure.ratio))
    cells = "".join(f"<td{'' if place == 1 else ' class=figure'}>{escape(text)}" for place, text in enumerate(numbers))
    return f"<tr{' class=alert' if figure.met is False else ''}><td>{escape(label(figure))}{cells}<td>{verdict(figure)}"
