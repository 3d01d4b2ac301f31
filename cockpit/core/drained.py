"""What the target's logs have grown by since the drain was proved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cockpit.core.flight import FlightState, WaveState
from cockpit.core.observe import MISSING, TopicPartition, partition_of, partition_text
from cockpit.core.plan import FenceStep, ReverseStep, Step
from cockpit.core.turn import Turn

NOTHING_THERE: Final = "nothing_there"
"""Whether the target had no record past the drained end when `reverse` began to be undone."""
STAYED: Final = "stayed"
"""By "topic/partition" the records past the drained end when the fence began to be undone."""


def before_undo(turn: Turn, step: Step) -> None:
    """Keep what the target has of its own, before what is undone lets the mirrors change that."""
    if turn.wave.start_intent_at_ms is not None:
        return
    grown = past_the_drain(turn.state, turn.wave)
    if isinstance(step, ReverseStep):
        turn.remember({NOTHING_THERE: grown == {}})
    if isinstance(step, FenceStep):
        turn.remember({STAYED: {partition_text(name): n for name, n in (grown or {}).items()}})


def past_the_drain(state: FlightState, wave: WaveState) -> Mapping[TopicPartition, int] | None:
    """Records on the target past the drained end, of each partition that has some; None: nothing
    was drained, or the target's ends are not read since."""
    ends: Mapping[str, int] = wave.memory.get("drained.target_end") or {}
    logs = state.facts.newest_logs("target")
    if not ends or logs is None or logs.asked_at_ms <= wave.memory.get("drained.at_ms", 0):
        return None
    now = dict(zip(logs.keys.names, logs.end.tolist(), strict=True))
    if any(now.get(partition_of(key), MISSING) == MISSING for key in ends):
        return None
    return dict(_over(ends, now))


def _over(
    ends: Mapping[str, int], now: Mapping[TopicPartition, Any]
) -> Iterator[tuple[TopicPartition, int]]:
    for key, end in ends.items():
        name = partition_of(key)
        if now[name] > end:
            yield name, int(now[name]) - end
