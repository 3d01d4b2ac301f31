"""Whether the target may hold records of its own in topics of a wave that nobody was told to start.

Judges only. A fence that falls over such records leaves two sides with different ends.
"""

from __future__ import annotations

from collections.abc import Iterator

from cockpit.core.drained import past_the_drain
from cockpit.core.flight import FlightState, WaveState
from cockpit.core.observe import LogSample, TopicPartition, partition_text
from cockpit.core.openings import own_records
from cockpit.core.turn import produces


def why_not_unfence(state: FlightState) -> str:
    """Why the source must not be opened again by itself; empty: nothing is against it, or it is
    open, or producers were told to start, of which `price` tells.

    An engine that has flown the wave from its begin needs a sign of such records. One that took it
    over has to know that there are none.
    """
    wave = state.wave()
    if wave.fenced_at_ms is None or wave.start_intent_at_ms is not None:
        return ""
    grown = past_the_drain(state, wave)
    if grown:
        name, count = max(grown.items(), key=lambda one: (one[1], one[0]))
        by = "1 record" if count == 1 else f"{count:,} records"
        return f"{partition_text(name)} has {by} on the target past the drained end"
    if grown is None and (partition := own_records(state)):
        return f"{partition} has records of its own on the target"
    if wave.restored_at_ms is None or grown is not None:
        return ""
    return _unknown(state, wave)


def _unknown(state: FlightState, wave: WaveState) -> str:
    """What cannot be said of the target's records; empty: each has its like on the source."""
    if wave.memory.get("drained.target_end"):
        return "the target's ends are not known since the drain"
    syncs, logs = state.facts.syncs, state.facts.newest_logs("target")
    if syncs is None or logs is None:
        return "the mirror's positions are not known"
    for name in _filled(logs, frozenset(produces(state, wave))):
        if not syncs.slots.get(name):
            return f"of {partition_text(name)} no position of the mirror is known"
    return ""


def _filled(logs: LogSample, topics: frozenset[str]) -> Iterator[TopicPartition]:
    for name, end in zip(logs.keys.names, logs.end.tolist(), strict=True):
        if name[0] in topics and end != 0:
            yield name
