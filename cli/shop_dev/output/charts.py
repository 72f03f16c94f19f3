"""Charts as SVG, without a library and without a script: a page with them can be read in ten years, and offline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 12, 28
_COLOURS = ("#2563eb", "#d97706", "#dc2626", "#059669", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f", "#525252", "#b45309")
_STEPS = 4


@dataclass(frozen=True)
class Series:
    """A line of a chart: points (x, y) in order of x."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Mark:
    """A vertical line at x with a word."""

    name: str
    x: float


def line_chart(title: str, series: Sequence[Series], *, x_unit: str, y_unit: str, marks: Sequence[Mark] = ()) -> str:
    """Return a chart of lines from 0 upwards, with a legend below."""
    points = [point for one in series for point in one.points]
    if not points:
        return f"<figure><figcaption>{escape(title)}</figcaption><p>Nothing was measured.</p></figure>"
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    plane = _Plane(left, max(right, left + 1e-9), _round_up(max(y for _, y in points)))
    drawn = [_line(one, _COLOURS[number % len(_COLOURS)], plane) for number, one in enumerate(series)]
    legend = "".join(
        f'<span><i style="background:{_COLOURS[number % len(_COLOURS)]}"></i>{escape(one.name)}</span>'
        for number, one in enumerate(series)
    )
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{_axes(plane, x_unit, y_unit)}{''.join(drawn)}{''.join(_mark(one, plane) for one in marks)}</svg>"
        f"<div>{legend}</div></figure>"
    )


def interval_chart(title: str, rows: Sequence[tuple[str, float, float, float]], *, within: float) -> str:
    """Return a chart of ratios (name, low, middle, high), with the band that does not matter shaded."""
    edge = max(1.5 * within, *(abs(value - 1) for _, low, _, high in rows for value in (low, min(high, 3.0)))) if rows else within
    scale = (WIDTH - 260) / (2 * edge)

    def x(value: float) -> float:
        return 240 + (min(max(value, 1 - edge), 1 + edge) - 1 + edge) * scale

    height = 26 * len(rows) + 34
    begin, end = x(1 / (1 + within)), x(1 + within)
    band = f'<rect x="{begin:.1f}" y="0" width="{end - begin:.1f}" height="{height - 24}" class="band"/>'
    lines = "".join(
        f'<text x="232" y="{26 * at + 20}" text-anchor="end">{escape(name)}</text>'
        f'<line x1="{x(low):.1f}" x2="{x(high):.1f}" y1="{26 * at + 16}" y2="{26 * at + 16}" class="interval"/>'
        f'<circle cx="{x(middle):.1f}" cy="{26 * at + 16}" r="4"/>'
        for at, (name, low, middle, high) in enumerate(rows)
    )
    ticks = "".join(
        f'<text x="{x(1 + share):.1f}" y="{height - 8}" text-anchor="middle">{share:+.0%}</text>' for share in (-edge, 0.0, edge)
    )
    return (
        f'<figure><figcaption>{escape(title)}</figcaption><svg viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}">{band}{lines}{ticks}</svg></figure>'
    )


@dataclass(frozen=True)
class _Plane:
    left: float
    right: float
    top: float

    def x(self, value: float) -> float:
        return _LEFT + (value - self.left) / (self.right - self.left) * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return HEIGHT - _BOTTOM - value / self.top * (HEIGHT - _TOP - _BOTTOM)


def _line(series: Series, colour: str, plane: _Plane) -> str:
    path = " ".join(f"{plane.x(x):.1f},{plane.y(y):.1f}" for x, y in series.points)
    return f'<polyline points="{path}" stroke="{colour}"/>'


def _mark(mark: Mark, plane: _Plane) -> str:
    x = plane.x(mark.x)
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{HEIGHT - _BOTTOM}" class="mark"/>'
        f'<text x="{x + 4:.1f}" y="{_TOP + 10}">{escape(mark.name)}</text>'
    )


def _axes(plane: _Plane, x_unit: str, y_unit: str) -> str:
    parts = []
    for step in range(_STEPS + 1):
        value = plane.top * step / _STEPS
        y = plane.y(value)
        parts.append(f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
        at = plane.left + (plane.right - plane.left) * step / _STEPS
        parts.append(f'<text x="{plane.x(at):.1f}" y="{HEIGHT - 10}" text-anchor="middle">{at:.3g}</text>')
    parts.append(f'<text x="{WIDTH - _RIGHT}" y="{HEIGHT}" text-anchor="end">{escape(x_unit)}</text>')
    parts.append(f'<text x="4" y="{_TOP}">{escape(y_unit)}</text>')
    return "".join(parts)


def _round_up(value: float) -> float:
    """The next of 1, 2, 4, 8 and their tens, so that lines of the grid have short numbers."""
    power = 1.0
    while power >= value > 0:
        power /= 10
    while power * 10 < value:
        power *= 10
    return next((power * step for step in (1, 2, 4, 8, 10) if power * step >= value), 1.0)
