"""Pane 5: what differs between the clusters, open differences first.

Shows findings; never compares anything itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import ClassVar

import numpy as np

from cockpit.core.distances import differs
from cockpit.core.snapshot import CheckView, Snapshot
from cockpit.tui import glyphs
from cockpit.tui.format import age, signed
from cockpit.tui.grid import Column, Grid, Mask, Order
from cockpit.tui.look import Look
from cockpit.tui.text import Chunk, Token

_WORDS: dict[str, tuple[int, str, Token]] = {
    "open": (0, glyphs.FAILED, "bad"),
    "unknown": (1, glyphs.UNKNOWN, "unknown"),
    "noted": (2, glyphs.DASH, "dim"),
    "approved": (3, glyphs.DONE, "info"),
    "equal": (4, glyphs.DONE, "good"),
}
CheckKey = tuple[str, str]


class ChecksPane(Grid):
    """One row for each compared object."""

    number = "5"
    title_text = "checks"
    sorts: ClassVar[tuple[str, ...]] = ("state", "kind", "object")
    all_columns: ClassVar[tuple[Column, ...]] = (
        Column("state", "state", 10, right=False),
        Column("kind", "kind", 9, 2, right=False),
        Column("object", "object", 0, right=False),
        Column("source", "source", 12, 4, right=False),
        Column("target", "target", 12, 4, right=False),
        Column("age", "age", 5, 6),
        Column("why", "why", 20, 5, right=False),
    )
    flexible_min = 18

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._checks: tuple[CheckView, ...] = ()
        self._places: dict[CheckKey, int] = {}
        self._wave: frozenset[str] = frozenset()
        self._now_ms = 0

    def take(self, snapshot: Snapshot) -> None:
        """Show this snapshot."""
        checks = snapshot.checks
        other = [_key(c) for c in checks] != [_key(c) for c in self._checks] or any(
            new.word != old.word for new, old in zip(checks, self._checks, strict=False)
        )
        self._checks = checks
        self._now_ms = snapshot.at_ms
        self._wave = snapshot.partitions.wave
        if other:
            self._places = {_key(check): i for i, check in enumerate(checks)}
        self.arrived(snapshot.at_ms, other_rows=other)

    def total(self) -> int:
        """Checks."""
        return len(self._checks)

    def key_of(self, model: int) -> Hashable:
        """Kind and name."""
        return _key(self._checks[model])

    def find(self, key: Hashable) -> int | None:
        """Row of a kind and name."""
        return self._places.get(key)  # type: ignore[call-overload, no-any-return]

    def texts(self) -> Sequence[str]:
        """Everything that the row says."""
        return [f"{c.word} {c.kind} {c.name} {c.source} {c.target} {c.why}" for c in self._checks]

    def in_wave(self) -> Mask:
        """Objects whose name has one of the wave's topics in it."""
        found = (any(topic in c.name for topic in self._wave) for c in self._checks)
        return np.fromiter(found, bool, len(self._checks))

    def problems(self) -> Mask:
        """Open, or not known."""
        found = (c.word in ("open", "unknown") for c in self._checks)
        return np.fromiter(found, bool, len(self._checks))

    def ranking(self, sort: str) -> Order:
        """Open first, or by kind, or by name."""

        def rank(model: int) -> tuple[object, ...]:
            check = self._checks[model]
            state = _WORDS[check.word][0]
            if sort == "kind":
                return (check.kind, state, check.name)
            if sort == "object":
                return (check.name, check.kind)
            return (state, check.rank, check.kind, check.name)

        return np.array(sorted(range(len(self._checks)), key=rank), dtype=np.intp)

    def cell(self, model: int, column: str) -> Chunk:
        """One cell."""
        check = self._checks[model]
        _, glyph, token = _WORDS[check.word]
        match column:
            case "state":
                return (f"{glyph} {check.word}", token)
            case "kind":
                return (check.kind, "dim")
            case "object":
                return (check.name, "strong" if check.word == "open" else "text")
            case "source":
                return (check.source, "text")
            case "target":
                return (check.target, "text")
            case "age":
                return (self._age(check), "dim")
            case _:
                return (check.why, "dim")

    def _age(self, check: CheckView) -> str:
        return "--" if check.at_ms is None else age(self._now_ms - check.at_ms)

    def detail(self, model: int) -> Sequence[tuple[str, str]]:
        """The check in full."""
        check = self._checks[model]
        return (
            ("state", check.word),
            (check.kind, check.name),
            ("source", check.source),
            ("target", check.target),
            *_difference(check),
            ("why", check.why or "-"),
            ("asked", "never" if check.at_ms is None else f"{self._age(check)} ago"),
        )

    def flags(self) -> tuple[Chunk, ...]:
        """How many of each state."""
        base = self.bar
        number = Counter(check.word for check in self._checks)
        words = [f"{number[w]} {w}" for w in ("open", "unknown", "approved") if number[w]]
        first = sum(check.word == "open" and check.rank == 0 for check in self._checks)
        if first:
            words.insert(0, f"{first} URGENT")
        return ((" ".join(words), base),) if words else ()


def _key(check: CheckView) -> CheckKey:
    return (check.kind, check.name)


def _difference(check: CheckView) -> list[tuple[str, str]]:
    """What one side has and the other has not, where two values are long or are numbers."""
    found = differs(check)
    if found is None:
        return []
    if found.more is not None:
        return [("differs", f"the target's is {signed(found.more)}")]
    said = []
    if found.only_source:
        said.append(("differs", f"only on source: {', '.join(found.only_source)}"))
    if found.only_target:
        said.append(("" if said else "differs", f"only on target: {', '.join(found.only_target)}"))
    return said
