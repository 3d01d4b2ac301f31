"""The outcome of a proof, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where in the plan something would be mended; indexes into the model."""

    kind: Literal["service", "step", "wave", "rollback", "rollback_window", "offsets", "window"]
    wave: int
    service: int = -1
    step: int = -1


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that some reachable state of the plan breaks."""

    rule: str
    message: str
    hint: str
    counter_example: tuple[str, ...]
    """The shortest way there, in words; the last line says what is wrong."""
    anchor: Anchor
    also: tuple[str, ...] = ()
    """Whom else the same mistake concerns: `ledger (orders)`."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of proving a plan."""

    violations: tuple[Violation, ...]
    notes: tuple[str, ...] = ()
    """What the plan gives up with open eyes."""
    views: int = 0
    """Different views that were explored."""
    worlds: int = 0
    """States that were looked at, in all views together."""

    @property
    def proved(self) -> bool:
        """No reachable state breaks a rule."""
        return not self.violations
