"""Pane 1: every wave, with the steps of the one that is being flown.

Follows the running step until somebody scrolls. Never says more about a step than its word, its
detail and its time.
"""

from __future__ import annotations

from cockpit.core.snapshot import Snapshot, StepView, StepWord, WaveView, WaveWord
from cockpit.tui import glyphs
from cockpit.tui.format import clock, utc
from cockpit.tui.text import Chunk, Line, Token, chunks_width, cut, left, right, wrap
from cockpit.tui.view import Pane

_WAVE: dict[WaveWord, tuple[str, Token]] = {
    "pending": (glyphs.PENDING, "dim"),
    "ready": (glyphs.HERE, "info"),
    "running": (glyphs.RUNNING, "strong"),
    "holding": (glyphs.HOLD, "warn"),
    "rolling back": (glyphs.BACK, "warn"),
    "done": (glyphs.DONE, "good"),
    "rolled back": (glyphs.BACK, "warn"),
    "failed": (glyphs.FAILED, "bad"),
}
_STEP: dict[StepWord, tuple[str, Token]] = {
    "pending": (glyphs.PENDING, "dim"),
    "running": (glyphs.RUNNING, "strong"),
    "waiting": (glyphs.WAIT, "info"),
    "done": (glyphs.DONE, "good"),
    "failed": (glyphs.FAILED, "bad"),
    "unknown": (glyphs.UNKNOWN, "unknown"),
    "undone": (glyphs.BACK, "dim"),
    "undoing": (glyphs.BACK, "warn"),
}
_MOVING: frozenset[StepWord] = frozenset({"running", "waiting", "failed", "unknown", "undoing"})

MAX_DETAIL = 3
"""Rows of a step's detail."""


class WavesPane(Pane):
    """Waves, and under the current one its steps."""

    number = "1"
    title_text = "waves and steps"

    _snapshot: Snapshot | None = None
    _rows: tuple[Line, ...] = ()
    _focus_row = 0
    _wave_row = 0
    _follows = True
    _built_for: tuple[int, bool] = (0, False)

    def take(self, snapshot: Snapshot) -> None:
        """Show this snapshot."""
        self._snapshot = snapshot
        self._build(self.size.width)
        self.sync()

    def count(self) -> int:
        """Rows."""
        return len(self._rows)

    def row(self, index: int, width: int) -> Line:
        """A row."""
        return self._rows[index]

    def settle(self, height: int) -> None:
        """Rows depend on the width; the running step stays in view."""
        if self._built_for != (self.size.width, self.zoomed):
            self._build(self.size.width)
        if self._follows:
            self.top = max(0, self._focus_row - height // 2)
            if self._focus_row - self._wave_row < height - MAX_DETAIL:
                self.top = min(self.top, self._wave_row)
        super().settle(height)

    def move(self, rows: int) -> None:
        """Scrolling by hand stops following."""
        self._follows = False
        super().move(rows)

    def home(self) -> None:
        """Back to following."""
        self._follows = True
        self.sync()

    def end(self) -> None:
        """To the last wave."""
        self._follows = False
        super().end()

    def note(self, width: int) -> tuple[Chunk, ...]:
        """How many waves are done."""
        if self._snapshot is None:
            return ()
        waves = self._snapshot.waves
        done = sum(wave.word == "done" for wave in waves)
        return ((f"{done} of {len(waves)} done", self.bar),)

    def _build(self, width: int) -> None:
        self._built_for = (width, self.zoomed)
        if self._snapshot is None or width == 0:
            return
        current = self._snapshot.status.wave
        now = self._snapshot.at_ms
        rows: list[Line] = []
        for number, wave in enumerate(self._snapshot.waves, 1):
            here = wave.name == current
            if here:
                self._focus_row = self._wave_row = len(rows)
            rows.append(_wave_row(wave, number, width, here=here))
            if wave.detail and (here or self.zoomed or wave.word in {"holding", "failed"}):
                rows.extend(Line(((f"   {p}", "warn"),)) for p in wrap(wave.detail, width - 3))
            if here or self.zoomed:
                for step in wave.steps:
                    if here and step.word in _MOVING and self._focus_row == self._wave_row:
                        self._focus_row = len(rows)
                    rows.extend(_step_rows(step, width, now))
        if self.zoomed:
            rows.extend(_facts(self._snapshot, width))
        self._rows = tuple(rows)


def _facts(snapshot: Snapshot, width: int) -> list[Line]:
    """What the status lines have no room for, in full."""
    status = snapshot.status
    said = [
        ("writes", f"{status.writes}  {status.writes_detail}"),
        ("rollback", f"{status.rollback}  {status.rollback_detail}"),
    ]
    for side in (snapshot.source, snapshot.target):
        text = f"{side.health} since {utc(side.since_ms)}  {side.brokers} brokers  "
        said.append((side.side, f"{text}cluster {side.cluster_id or '?'}  {side.reason}"))
    said.append(("mirror", snapshot.mirror))
    said.append(("session", status.session))
    rows = [Line(((left("  in full", width), "columns"),), "columns")]
    for name, text in said:
        first, *rest = wrap(text.rstrip(), width - 14)
        rows.append(Line(((f"  {left(name, 10)}", "dim"), (first, "text"))))
        rows.extend(Line(((f"{'':12}{piece}", "text"),)) for piece in rest)
    return rows


def _wave_row(wave: WaveView, number: int, width: int, *, here: bool) -> Line:
    glyph, token = _WAVE[wave.word]
    name: Token = "strong" if here else "text"
    tail: tuple[Chunk, ...] = ((f"  {wave.word.upper() if here else wave.word}", token),)
    services = ", ".join(wave.services)
    head = f"{number:>2} {wave.name}"
    room = max(4, width - 2 - chunks_width(tail))
    chunks: list[Chunk] = [(f"{glyph}", token), (cut(head, room), name)]
    spare = room - chunks_width(chunks) - 1
    if spare >= 8:
        chunks.append((f"  {cut(services, spare - 1)}", "dim"))
    gap = max(0, width - chunks_width(chunks) - chunks_width(tail) - 1)
    return Line((*chunks, (" " * gap, "text"), *tail))


def _step_rows(step: StepView, width: int, now_ms: int) -> list[Line]:
    glyph, token = _STEP[step.word]
    moving = step.word in _MOVING
    took = ""
    if step.started_at_ms is not None:
        took = clock(
            (now_ms if step.ended_at_ms is None else step.ended_at_ms) - step.started_at_ms
        )
    wide = width >= 44
    word = left(step.word, 8) if wide else ("" if step.word in {"pending", "done"} else step.word)
    head: list[Chunk] = [
        (f"    {glyph} ", token),
        (left(step.name, 8), "strong" if moving else "text"),
        (f" {word}" if word else "", token),
    ]
    room = max(0, width - chunks_width(head) - 8)
    detail = step.detail
    first = cut(detail, max(0, room - 1)) if not moving else ""
    pieces = [] if not moving or not detail else wrap(detail, width - 8)
    head.append((f" {left(first, max(0, room - 1))}" if room > 1 else "", "dim"))
    spare = max(0, width - chunks_width(head) - 1)
    line = Line((*head, (right(took, spare) if spare > len(took) else "", "dim")))
    return [line, *(Line(((f"      {piece}", token),)) for piece in pieces[:MAX_DETAIL])]
