"""What the engine tells of itself, in the shape of a survey. Never about a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from cockpit.core.plan import Side

RECORDING: Final = "recording"
"""The feed of which a failure means that nothing is recorded now."""
WEBHOOK: Final = "webhook"
"""The feed of which a failure means that notices are not taken now."""
METRICS: Final = "metrics"
"""The feed of which a failure means that metrics are not handed out."""


@dataclass(frozen=True, slots=True)
class RecordingSurvey:
    """The cockpit's own recording is in order again."""

    asked_at_ms: int
    answered_at_ms: int

    @property
    def feed(self) -> str:
        """`recording`."""
        return RECORDING


COORDINATION: Final = "coordination"
SharedWord = Literal["shared", "lost", "taken over"]


@dataclass(frozen=True, slots=True)
class CoordinationSurvey:
    """How it stands with the topic that the journal is written to as well.

    shared: it has confirmed lately that no other host has the flight. lost: it has not. taken over:
    another host has it, and nothing that this engine might do is allowed ever again.
    """

    asked_at_ms: int
    """When the newest confirmation was asked for."""
    answered_at_ms: int
    word: SharedWord
    topic: str
    side: Side
    behind_bytes: int = 0
    """Of the journal, that are on disk and not in the topic."""
    by: str = ""
    """The host that has taken over; empty: it has not said."""
    taken_at_ms: int | None = None
    reason: str = ""
    """Why it is lost, or what was said at the taking over."""

    @property
    def feed(self) -> str:
        """`coordination`."""
        return COORDINATION


@dataclass(frozen=True, slots=True)
class WebhookSurvey:
    """The webhook takes notices again."""

    asked_at_ms: int
    answered_at_ms: int

    @property
    def feed(self) -> str:
        """`webhook`."""
        return WEBHOOK
