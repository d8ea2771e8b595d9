"""Bars as inline SVG: what something is made of, and a value beside its floor. Pure."""

from collections.abc import Sequence
from html import escape

from proof.bench.report.words import number

WIDTH, ROW, BAR, LEFT, RIGHT, TOP = 960, 30, 20, 280, 90, 6
MINIMUM = 3.0
SHADES = 9


def stacked(title: str, unit: str, rows: Sequence[tuple[str, Sequence[tuple[str, float]]]]) -> str:
    """Draw a bar for each row, one piece for each of its parts (name, value); a part has the same shade in every row."""
    names = list(dict.fromkeys(name for _, parts in rows for name, _ in parts))
    most = max((sum(value for _, value in parts) for _, parts in rows), default=0.0) or 1.0
    body = []
    for index, (row, parts) in enumerate(rows):
        x, y, total = float(LEFT), TOP + index * ROW, sum(value for _, value in parts)
        for name, value in parts:
            width = (WIDTH - LEFT - RIGHT) * value / most
            body.append(_piece(x, y, width, f"s{names.index(name) % SHADES}", f"{name}: {value:.3g} {unit}"))
            x += width
        body += [_words(row, y), _total(x, y, number(total))]
    legend = "".join(f'<span class="swatch s{index % SHADES}">{escape(name)}</span>' for index, name in enumerate(names))
    said = "; ".join(f"{row}: {', '.join(f'{name} {value:.3g}' for name, value in parts)}" for row, parts in rows)
    return _figure(title, unit, len(rows), body, said, legend)


def beside_floor(title: str, unit: str, rows: Sequence[tuple[str, float, float]]) -> str:
    """Draw for each row (name, value, floor) the value over its floor."""
    most = max((max(value, floor) for _, value, floor in rows), default=0.0) or 1.0
    body, scale = [], (WIDTH - LEFT - RIGHT) / most
    for index, (name, value, floor) in enumerate(rows):
        y = TOP + index * ROW
        body += [
            _piece(LEFT, y, floor * scale, "ground", f"floor: {floor:.4g} {unit}"),
            _piece(LEFT, y + BAR / 4, value * scale, "s0", f"{name}: {value:.4g} {unit}", BAR / 2),
            _words(name, y),
            _total(LEFT + max(floor, value) * scale, y, f"{value / floor * 100:.0f} %"),
        ]
    said = "; ".join(f"{name}: {value:.4g} of {floor:.4g}" for name, value, floor in rows)
    return _figure(title, unit, len(rows), body, said, '<span class="swatch s0">product</span><span class="swatch ground">floor</span>')


def _figure(title: str, unit: str, rows: int, body: Sequence[str], said: str, legend: str) -> str:
    height = 2 * TOP + rows * ROW
    described = escape(f"{title}. {said}", quote=True)
    return (
        f"<figure><figcaption><b>{escape(title)}</b> <span class=muted>{escape(unit)}</span> <span class=legend>{legend}</span></figcaption>"
        f'<svg class="bars" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{described}">{"".join(body)}</svg></figure>'
    )


def _piece(x: float, y: float, width: float, kind: str, words: str, height: float = BAR) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{height:.1f}"><title>{escape(words)}</title></rect>'


def _words(name: str, y: float) -> str:
    return f'<text x="{LEFT - 8}" y="{y + BAR - 5:.1f}" text-anchor="end">{escape(name)}</text>'


def _total(x: float, y: float, words: str) -> str:
    return f'<text x="{x + 8:.1f}" y="{y + BAR - 5:.1f}">{escape(words)}</text>'
