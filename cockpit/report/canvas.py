"""What every figure in SVG has: its frame, its words, an axis of time, and what happened on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from cockpit.report.alternative import in_words
from cockpit.report.document import Band, Figure, Tick
from cockpit.report.wording import clock, duration, line

WIDTH: Final = 960
RIGHT: Final = 12
TOP: Final = 26
BOTTOM: Final = 34
MAX_TICKS: Final = 60


class TimeScale:
    """Moments to pixels."""

    def __init__(self, from_ms: int, to_ms: int, left: int) -> None:
        """`left`: where the axis begins, in pixels."""
        self.from_ms, self.to_ms = from_ms, max(to_ms, from_ms + 1)
        self.left = left

    def x(self, at_ms: int) -> float:
        """Never outside of the axis."""
        share = (at_ms - self.from_ms) / (self.to_ms - self.from_ms)
        return self.left + (WIDTH - RIGHT - self.left) * min(max(share, 0.0), 1.0)


def framed(figure: Figure, height: int, parts: Sequence[str]) -> str:
    """One `svg` element with its words."""
    title = escape(line(figure.title))
    return (
        f'<svg class="plot" role="img" viewBox="0 0 {WIDTH} {height}" aria-label="{title}" '
        f'xmlns="http://www.w3.org/2000/svg"><title>{title}</title>'
        f"<desc>{escape(in_words(figure))}</desc>{''.join(parts)}</svg>"
    )


def time_labels(scale: TimeScale, bottom: int, *, relative: bool = False) -> Iterator[str]:
    """Five, in UTC; `relative`: durations from the beginning."""
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        at_ms = round(scale.from_ms + (scale.to_ms - scale.from_ms) * share)
        anchor = {0.0: "start", 1.0: "end"}.get(share, "middle")
        text = duration(at_ms) if relative else clock(at_ms)
        yield (
            f'<text class="x" text-anchor="{anchor}" x="{scale.x(at_ms):.1f}" '
            f'y="{bottom + 16}">{text}</text>'
        )


def bands_drawn(
    bands: Sequence[Band], scale: TimeScale, bottom: int, *, top: int = TOP
) -> Iterator[str]:
    """What lasted."""
    for band in bands:
        left, right = scale.x(band.from_ms), scale.x(band.to_ms)
        yield (
            f'<rect class="{band.kind}" x="{left:.1f}" y="{top}" '
            f'width="{max(right - left, 1.0):.1f}" height="{bottom - top}">'
            f"<title>{escape(line(band.text))}</title></rect>"
        )


def ticks_drawn(ticks: Sequence[Tick], scale: TimeScale, bottom: int) -> Iterator[str]:
    """What happened at one moment, over everything else."""
    for tick in ticks[:MAX_TICKS]:
        words = f"{clock(tick.at_ms)} {tick.text}"
        yield (
            f'<path class="tick" d="M{scale.x(tick.at_ms):.1f} {TOP}V{bottom}m-3 0h6l-3 6z">'
            f"<title>{escape(line(words))}</title></path>"
        )
