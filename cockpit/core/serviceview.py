"""The plan's services, and what taking a wave back would do: for the screens.

Values only; `cockpit.core.services` and `cockpit.core.wayback` make them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ServiceWord = Literal["source", "moving", "target", "going back"]
"""Where a service runs, as far as the flight has ordered: on the source, on its way, on the target,
or on its way back."""


@dataclass(frozen=True, slots=True)
class ServiceView:
    """One service of the plan."""

    name: str
    owner: str
    """Empty: the plan names none."""
    criticality: str
    wave: str
    """Empty: no wave moves it."""
    group: str
    """Empty: it has no group of its own."""
    produces: tuple[str, ...]
    consumes: tuple[str, ...]
    word: ServiceWord
    since_ms: int | None = None
    """Of `target`: since when; None: not known, or another word."""


@dataclass(frozen=True, slots=True)
class UndoView:
    """One step that going back would undo."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class WayBackView:
    """What `rollback` would do now."""

    wave: str
    services: tuple[str, ...]
    why_not: str
    """Why it is refused now; empty: it can be armed."""
    undo: tuple[UndoView, ...]
    """What is still to be undone, in the order in which it would be."""
    until_ms: int | None
    """When the wave's rollback window ends; None: there is none, or it has not begun."""
    level: int
    """How grave: 1: another key confirms. 2: and the wave's name. 3: and the go of others."""
