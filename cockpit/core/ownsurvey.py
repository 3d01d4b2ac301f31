"""What the engine tells of itself, in the shape of a survey. Never about a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

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


@dataclass(frozen=True, slots=True)
class WebhookSurvey:
    """The webhook takes notices again."""

    asked_at_ms: int
    answered_at_ms: int

    @property
    def feed(self) -> str:
        """`webhook`."""
        return WEBHOOK
