"""Pane 6: gates and rollback triggers, each with its verdict and what the verdict stands on.

Shows verdicts as the engine reached them; never judges a number itself.
"""

from __future__ import annotations

from cockpit.core.observe import Unknown
from cockpit.core.snapshot import GateView, Snapshot, Verdict
from cockpit.tui import glyphs
from cockpit.tui.format import age, clock, distance_text, quantity, unit_word
from cockpit.tui.fresh import measured
from cockpit.tui.text import Chunk, Line, Token, chunks_width, cut, left, width_of, wrap
from cockpit.tui.view import Pane

_GATE: dict[Verdict, tuple[str, str, Token]] = {
    "PASS": (glyphs.DONE, "PASS", "good"),
    "FAIL": (glyphs.FAILED, "FAIL", "bad"),
    "UNKNOWN": (glyphs.UNKNOWN, "UNKNOWN", "unknown"),
    "INCONCLUSIVE": (glyphs.WAIT, "WAIT", "warn"),
}
_TRIGGER: dict[Verdict, tuple[str, str, Token]] = {
    "PASS": (glyphs.PENDING, "quiet", "dim"),
    "FAIL": (glyphs.FAILED, "FIRED", "bad"),
    "UNKNOWN": (glyphs.UNKNOWN, "UNKNOWN", "unknown"),
    "INCONCLUSIVE": (glyphs.WAIT, "rising", "warn"),
}


class GatesPane(Pane):
    """Gates first, then triggers."""

    number = "6"
    title_text = "gates and triggers"

    _snapshot: Snapshot | None = None
    _rows: tuple[Line, ...] = ()
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
        """Rows depend on the width."""
        if self._built_for != (self.size.width, self.zoomed):
            self._build(self.size.width)
        super().settle(height)

    def note(self, width: int) -> tuple[Chunk, ...]:
        """How many gates pass, and whether a trigger fired."""
        if self._snapshot is None:
            return ()
        base = self.bar
        gates = self._snapshot.gates
        passed = sum(gate.verdict == "PASS" for gate in gates)
        fired = sum(trigger.verdict == "FAIL" for trigger in self._snapshot.triggers)
        text = f"{passed} of {len(gates)} pass"
        return ((text, base), *(((f"  {fired} FIRED", base),) if fired else ()))

    def _build(self, width: int) -> None:
        self._built_for = (width, self.zoomed)
        if self._snapshot is None or width == 0:
            return
        now = self._snapshot.at_ms
        rows: list[Line] = []
        for gate in self._snapshot.gates:
            rows.extend(gate_rows(gate, _GATE[gate.verdict], width, now, full=self.zoomed))
        if not self._snapshot.gates:
            rows.append(Line((("  no gates in this wave", "dim"),)))
        rows.append(Line(((left("  roll back when", width), "columns"),), "columns"))
        for trigger in self._snapshot.triggers:
            look = _TRIGGER[trigger.verdict]
            rows.extend(gate_rows(trigger, look, width, now, full=self.zoomed, trigger=True))
        if not self._snapshot.triggers:
            rows.append(Line((("  no triggers in this wave", "dim"),)))
        self._rows = tuple(rows)


def gate_rows(
    gate: GateView,
    look: tuple[str, str, Token],
    width: int,
    now_ms: int,
    *,
    full: bool,
    trigger: bool = False,
) -> list[Line]:
    """Verdict, name and value against limit; below, age, time held and the evidence."""
    glyph, word, token = look
    value = _value(gate)
    limit = f" / {quantity(gate.limit, gate.unit)}"
    unit = f" {unit_word(gate.unit)}".rstrip()
    head: tuple[Chunk, ...] = ((f"{glyph} {left(word, 7)} ", token),)
    fixed = chunks_width((*head, value, (limit, "dim"))) + 2
    if fixed + width_of(unit) + width_of(gate.name) > width:
        unit = ""
    tail: tuple[Chunk, ...] = (value, (limit + unit, "dim"))
    room = max(4, width - fixed - width_of(unit))
    name = left(gate.name, room)
    first = Line((*head, (name, "strong"), (" ", "text"), *tail))
    held = "" if not gate.for_ms else f"  held {clock(gate.held_ms)}/{clock(gate.for_ms)}"
    if trigger:
        held = held.replace("held", "broken") if gate.held_ms else ""
    return [first, *_evidence(gate, width, now_ms, held, full=full)]


def _value(gate: GateView) -> Chunk:
    if gate.verdict == "UNKNOWN" and not isinstance(gate.value, Unknown):
        return measured(gate.value, gate.unit, stale=True)
    token: Token = "bad" if gate.verdict == "FAIL" else "text"
    return measured(gate.value, gate.unit, style=token)


def _evidence(gate: GateView, width: int, now_ms: int, held: str, *, full: bool) -> list[Line]:
    old = "no sample" if gate.at_ms is None else f"{age(now_ms - gate.at_ms)} old"
    text = gate.evidence
    if isinstance(gate.value, Unknown) and gate.value.reason not in text:
        text = f"{gate.value.reason}; {text}" if text else gate.value.reason
    facts = f"  {old}{held}{_far(gate)}"
    if not full:
        return [Line(((cut(f"{facts}  {text}", width - 1), "dim"),))]
    return [Line(((facts, "dim"),)), *(Line(((f"    {p}", "dim"),)) for p in wrap(text, width - 6))]


def _far(gate: GateView) -> str:
    text = distance_text(gate)
    return f"  {text}" if text else ""
