"""Figures with a row for each thing, as SVG: strips of stretches, and heat maps.

What colour tells is told by borders, by the words in a stretch, or by the legend as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from typing import Final

from cockpit.report.canvas import (
    BOTTOM,
    RIGHT,
    TOP,
    WIDTH,
    TimeScale,
    bands_drawn,
    framed,
    ticks_drawn,
    time_labels,
)
from cockpit.report.document import Heat, Strip, Strips
from cockpit.report.wording import amount, clock, duration, line

LEFT: Final = 270
MAX_ROWS: Final = 150
"""Rows that are drawn; the words and the JSON have all."""
_NAME: Final = 42
_LETTER: Final = 7.4
"""Pixels that a letter takes."""
_STRIP: Final = 18
_CELL: Final = 13


def strips_svg(strips: Strips) -> str:
    """One `svg` element with its words."""
    shown = strips.strips[:MAX_ROWS]
    bottom = TOP + max(1, len(shown)) * _STRIP
    scale = TimeScale(strips.from_ms, strips.to_ms, LEFT)
    parts = [
        *bands_drawn(strips.bands, scale, bottom),
        *(part for number, one in enumerate(shown) for part in _strip(strips, one, number, scale)),
        *ticks_drawn(strips.ticks, scale, bottom),
        *_axis(scale, bottom, relative=strips.relative),
        *_more(len(strips.strips), bottom),
        *_kinds(strips),
    ]
    return framed(strips, bottom + BOTTOM, parts)


def _strip(strips: Strips, one: Strip, number: int, scale: TimeScale) -> Iterator[str]:
    top = TOP + number * _STRIP
    yield _row_name(one.name, top + 13)
    for stretch in one.stretches:
        left, right = scale.x(stretch.from_ms), scale.x(stretch.to_ms)
        wide = max(right - left, 3.0)
        lasted = duration(stretch.to_ms - stretch.from_ms)
        begun = "" if strips.relative else f" from {clock(stretch.from_ms)}"
        words = f"{one.name}: {stretch.text}{begun}, {lasted}"
        yield (
            f'<rect class="s {stretch.kind}" x="{left:.1f}" y="{top + 2}" width="{wide:.1f}" '
            f'height="{_STRIP - 4}"><title>{escape(line(words))}</title></rect>'
        )
        if wide >= len(stretch.text) * _LETTER + 6:
            place = f'x="{left + 4:.1f}" y="{top + 13}"'
            yield f'<text class="{stretch.kind} in" {place}>{escape(line(stretch.text))}</text>'
    if one.limit_ms is not None:
        yield f'<path class="deadline" d="M{scale.x(one.limit_ms):.1f} {top}v{_STRIP}"/>'


def heat_svg(heat: Heat) -> str:
    """One `svg` element with its words."""
    shown = heat.rows[:MAX_ROWS]
    bottom = TOP + max(1, len(shown)) * _CELL
    scale = TimeScale(heat.from_ms, heat.to_ms, LEFT)
    parts = [
        part for number, row in enumerate(shown) for part in _heat_row(heat, row, number, scale)
    ]
    parts += [
        *bands_drawn(heat.bands, scale, bottom + 4, top=bottom),
        *ticks_drawn(heat.ticks, scale, bottom),
        *_axis(scale, bottom),
        *_more(heat.of, bottom, shown=len(shown)),
        *_steps(heat),
    ]
    return framed(heat, bottom + BOTTOM, parts)


def _heat_row(
    heat: Heat, row: tuple[str, Sequence[float | None]], number: int, scale: TimeScale
) -> Iterator[str]:
    """Neighbours of one shade are one rectangle."""
    name, values = row
    top = TOP + number * _CELL
    known = [value for value in values if value is not None]
    most = amount(max(known), heat.unit) if known else "never known"
    yield f"<g><title>{escape(line(f'{name}: at most {most}'))}</title>"
    yield _row_name(name, top + 10)
    column = 0
    for shade, run in groupby(_shade(heat, value) for value in values):
        width = sum(1 for _ in run)
        left = scale.x(heat.from_ms + column * heat.step_ms)
        column += width
        right = scale.x(heat.from_ms + column * heat.step_ms)
        if shade:
            yield (
                f'<rect class="{shade}" x="{left:.1f}" y="{top}" '
                f'width="{right - left:.1f}" height="{_CELL - 1}"/>'
            )
    yield "</g>"


def _shade(heat: Heat, value: float | None) -> str:
    """The class of a value; empty: not known."""
    if value is None:
        return ""
    level = sum(value >= step for step in heat.steps)
    return "over" if heat.alarming and level == len(heat.steps) else f"h{level}"


def _row_name(name: str, y: int) -> str:
    told = line(name)
    half = _NAME // 2
    short = told if len(told) <= _NAME else f"{told[: half - 1]}…{told[-half:]}"
    return f'<text class="row" x="{LEFT - 6}" y="{y}">{escape(short)}</text>'


def _axis(scale: TimeScale, bottom: int, *, relative: bool = False) -> Iterator[str]:
    yield f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{WIDTH - RIGHT}"/>'
    yield from time_labels(scale, bottom, relative=relative)


def _more(of: int, bottom: int, *, shown: int = MAX_ROWS) -> Iterator[str]:
    if of > shown:
        yield f'<text class="x" x="0" y="{bottom + 16}">{shown} of {of} rows</text>'


def _kinds(strips: Strips) -> Iterator[str]:
    """The legend: what each kind of stretch is called here, most usual words only."""
    words: dict[str, str] = {}
    for strip in strips.strips:
        for one in strip.stretches:
            words.setdefault(one.kind, one.text)
    shown = {one.text for strip in strips.strips for one in strip.stretches}
    left = LEFT
    if strips.limit:
        yield f'<path class="deadline" d="M{left + 12} {TOP - 21}v14"/>'
        yield f'<text class="legend" x="{left + 30}" y="{TOP - 10}">{escape(strips.limit)}</text>'
        left += 48 + 7 * len(strips.limit)
    if len(shown) > len(words):  # the words stand in the stretches
        return
    for kind, word in sorted(words.items()):
        yield f'<rect class="s {kind}" x="{left}" y="{TOP - 19}" width="24" height="10"/>'
        yield f'<text class="legend" x="{left + 30}" y="{TOP - 10}">{escape(line(word))}</text>'
        left += 48 + 7 * len(word)


def _steps(heat: Heat) -> Iterator[str]:
    """The legend: from which value on each shade is drawn."""
    left = LEFT
    shades = [_shade(heat, step) for step in heat.steps]
    unit = heat.unit if heat.unit == "ratio" else ""
    words = [f"under {amount(heat.steps[0], unit)}"]
    words += [f"from {amount(step, unit)}" for step in heat.steps]
    words[-1] += f" {heat.unit}" if not unit else ""
    for shade, word in zip(["h0", *shades], words, strict=True):
        yield f'<rect class="{shade}" x="{left}" y="{TOP - 19}" width="24" height="10"/>'
        yield f'<text class="legend" x="{left + 30}" y="{TOP - 10}">{escape(line(word))}</text>'
        left += 48 + 7 * len(word)
