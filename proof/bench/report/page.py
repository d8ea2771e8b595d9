"""Renders the benchmark report as one HTML page without external files."""

from collections.abc import Sequence
from html import escape

from proof.bench.figures.figure import Figure
from proof.bench.report.table import COLUMNS, grouped, is_program, row, sentence
from proof.bench.results import Results
from proof.report.document import document

NUMBERS = ("value", "rounds", "goal", "floor", "of it")


def page(results: Results) -> str:
    """Return the page: the result first, then every figure."""
    figures = list(results.figures.values())
    state = "alert" if any(figure.met is False for figure in figures) else "fine"
    parts = [f"<h1>How fast is it?</h1><p class='answer {state}'>{escape(sentence(figures))}</p>"]
    parts += [f"<p class=muted>{escape(note)}</p>" for note in results.notes]
    for heading, members in grouped(figures).items():
        parts.append(
            f"<h2>{escape(heading)}</h2>{_table([figure for figure in members if not is_program(figure)])}"
        )
        if programs := [figure for figure in members if is_program(figure)]:
            parts.append(f"<details><summary>Each program's share</summary>{_table(programs)}</details>")
    return document("Bench: how fast is it?", parts)


def _table(figures: Sequence[Figure]) -> str:
    rows = [
        f"<tr{' class=alert' if figure.met is False else ''}>{_cells('td', row(figure))}"
        for figure in figures
    ]
    return f"<div class=wide><table><tr>{_cells('th', COLUMNS)}{''.join(rows)}</table></div>"


def _cells(kind: str, cells: Sequence[str]) -> str:
    return "".join(
        f"<{kind}{' class=figure' if name in NUMBERS else ''}>{escape(cell)}"
        for name, cell in zip(COLUMNS, cells, strict=True)
    )
