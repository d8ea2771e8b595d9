"""Draws curves over time as inline SVG, with the faults shaded. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 960, 220
LEFT, RIGHT, TOP, BOTTOM = 76, 12, 10, 28
TICKS = 4


@dataclass(frozen=True)
class Curve:
    """One line: its name, its CSS class, one value per second."""

    name: str
    kind: str
    values: Sequence[float]


@dataclass(frozen=True)
class Shade:
    """A fault: its first and last second, and its name."""

    begin: float
    end: float
    words: str


def chart(title: str, unit: str, curves: Sequence[Curve], shades: Sequence[Shade] = ()) -> str:
    """Return curves over shaded faults; the text alternative has the highest value of each."""
    seconds = max((len(curve.values) for curve in curves), default=0) or 1
    top = _nice(max((value for curve in curves for value in curve.values), default=0))
    said = "; ".join(f"{curve.name}: at most {max(curve.values, default=0):g}" for curve in curves)
    body = (
        [_shade(shade, seconds) for shade in shades]
        + [_grid(top, seconds)]
        + [_line(curve, seconds, top) for curve in curves]
    )
    legend = (
        "".join(f'<span class="key {curve.kind}">{escape(curve.name)}</span>' for curve in curves)
        if len(curves) > 1
        else ""
    )
    return (
        f"<figure><figcaption><b>{escape(title)}</b> <span class=muted>{escape(unit)}</span> "
        f"{legend}</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(f"{title}. {said}", quote=True)}">{"".join(body)}</svg></figure>'
    )


def _x(second: float, seconds: int) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * min(max(second, 0), seconds) / seconds, 1)


def _y(value: float, top: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top, 1)


def _shade(shade: Shade, seconds: int) -> str:
    begin, end = _x(shade.begin, seconds), _x(shade.end, seconds)
    height = HEIGHT - TOP - BOTTOM
    place = f'x="{begin}" y="{TOP}" width="{max(1.5, end - begin):.1f}" height="{height}"'
    return f'<rect class="fault" {place}><title>{escape(shade.words)}</title></rect>'


def _line(curve: Curve, seconds: int, top: float) -> str:
    points = " ".join(
        f"{_x(second + 0.5, seconds)},{_y(value, top)}" for second, value in enumerate(curve.values)
    )
    return f'<polyline class="curve {curve.kind}" points="{points}"/>'


def _grid(top: float, seconds: int) -> str:
    rows = [top * step / TICKS for step in range(TICKS + 1)]
    lines = [
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{_y(row, top)}" y2="{_y(row, top)}"/>'
        f'<text x="{LEFT - 6}" y="{_y(row, top) + 4}" text-anchor="end">{row:g}</text>'
        for row in rows
    ]
    step = max(1, _nice(seconds / 8))
    marks = range(0, seconds + 1, int(step))
    labels = [
        f'<text x="{_x(mark, seconds)}" y="{HEIGHT - 6}" '
        f'text-anchor="{"end" if mark + step > seconds else "middle"}">{mark} s</text>'
        for mark in marks
    ]
    return "".join(lines + labels)


def _nice(most: float) -> float:
    """Return a round number that is not below `most`."""
    scale = 1.0
    while scale * 10 < most:
        scale *= 10
    return next((scale * factor for factor in (1, 2, 4, 5, 8, 10) if scale * factor >= most), 10 * scale)
