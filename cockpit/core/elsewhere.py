"""Where else than on its engine's host a session lives: what a plan says of it, what a screen sees.

Values only; `cockpit.core.coordination` has the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Coordination:
    """Where the journal of a flight is written as well, so that another host can take it over."""

    topic: str
    cluster: Literal["source", "target"] = "target"


CoordinationWord = Literal["alone", "opening", "shared", "lost", "taken over"]


@dataclass(frozen=True, slots=True)
class CoordinationView:
    """Where else the session lives.

    alone: on the host of its engine only; the plan has no `coordination`. shared: in a topic too,
    and another host can take it over. lost: the topic does not answer. taken over: another host has
    it.
    """

    word: CoordinationWord
    topic: str = ""
    side: Literal["source", "target"] | None = None
    confirmed_at_ms: int | None = None
    """When the newest confirmation was asked for that no other host has it; None: never."""
    behind_bytes: int = 0
    """Of the journal, that are not in the topic yet."""
    detail: str = ""
    """Why it is lost, or who has taken it over and when."""
