"""A snapshot as text that Prometheus reads.

Pure. Series are bounded: partitions, groups and topics have none of their own, only the worst of
them counts; names come from the plan alone, but for what is escaped here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from cockpit.core.observe import MISSING, Unknown
from cockpit.core.snapshot import Snapshot

MAX_SERIES: Final = 200
"""Of one metric."""
MAX_LABEL_CHARS: Final = 120

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Metric:
    """One gauge with its samples."""

    name: str
    help: str
    samples: tuple[tuple[Labels, float], ...]


def exposition(snapshot: Snapshot, *, version: str) -> str:
    """All metrics in the text format 0.0.4."""
    found = list(metrics(snapshot, version))
    left_out = sum(max(0, len(metric.samples) - MAX_SERIES) for metric in found)
    found.append(_one("series_left_out", "Samples beyond the bound of a metric.", left_out))
    return "".join(line + "\n" for metric in found for line in _lines(metric))


def metrics(snapshot: Snapshot, version: str) -> Iterator[Metric]:
    """Every metric; what is not known has no sample, for a number would be taken for one."""
    status = snapshot.status
    about = {
        "version": version,
        "plan": status.plan,
        "environment": status.environment,
        "session": status.session,
        "simulated": str(status.simulated).lower(),
    }
    yield Metric("info", "What is flown.", ((about, 1),))
    yield _one(
        "heartbeat_timestamp_seconds",
        "When the engine has last told how the flight stands.",
        snapshot.at_ms / 1000,
    )
    yield Metric(
        "wave_state",
        "How each wave stands.",
        tuple(({"wave": wave.name, "state": wave.word}, 1) for wave in snapshot.waves),
    )
    blocked_ms = 0
    if status.blocked_since_ms is not None:
        blocked_ms = max(0, snapshot.at_ms - status.blocked_since_ms)
    yield _one("blocked_seconds", "For how long clients have been blocked.", blocked_ms / 1000)
    yield _one("paused", "Whether no new step begins.", status.paused)
    yield Metric(
        "rollback_state", "Whether going back is possible.", (({"state": status.rollback}, 1),)
    )
    yield Metric("writes_state", "Who owns the wave's writes.", (({"owner": status.writes}, 1),))
    yield from _clusters(snapshot)
    yield from _verdicts(snapshot)
    yield from _watch(snapshot)


def _clusters(snapshot: Snapshot) -> Iterator[Metric]:
    sides = (snapshot.source, snapshot.target)
    yield Metric(
        "side_connected",
        "Whether a cluster answers.",
        tuple(({"side": side.side}, side.health == "connected") for side in sides),
    )
    yield Metric(
        "side_data_age_seconds",
        "Age of the newest good answer.",
        tuple(
            ({"side": side.side}, max(0, snapshot.at_ms - side.asked_at_ms) / 1000)
            for side in sides
            if side.asked_at_ms is not None
        ),
    )
    yield _one("mirror_running", "Whether all of the mirror runs.", snapshot.mirror == "running")
    lag = snapshot.partitions.lag
    known = lag[lag != MISSING]
    if known.size:
        yield _one("replication_lag_max_records", "The worst partition's lag.", float(known.max()))
    yield Metric(
        "group_lag_max_records",
        "The worst group's lag.",
        tuple(
            ({"side": side}, float(max(lags)))
            for side, lags in (
                ("source", _known(group.source_lag_records for group in snapshot.groups)),
                ("target", _known(group.target_lag_records for group in snapshot.groups)),
            )
            if lags
        ),
    )


def _known(values: Iterable[int | Unknown]) -> list[int]:
    return [value for value in values if not isinstance(value, Unknown)]


def _verdicts(snapshot: Snapshot) -> Iterator[Metric]:
    for name, text, views in (
        ("gate_verdict", "Gates of the current wave.", snapshot.gates),
        ("trigger_verdict", "Triggers of the current wave: FAIL is fired.", snapshot.triggers),
    ):
        yield Metric(
            name,
            text,
            tuple(
                ({"number": str(number), "name": view.name, "verdict": view.verdict}, 1)
                for number, view in enumerate(views)
            ),
        )


def _watch(snapshot: Snapshot) -> Iterator[Metric]:
    levels = [alarm.level for alarm in snapshot.alarms]
    yield Metric(
        "alarms",
        "Alarms that stand.",
        tuple(({"level": level}, levels.count(level)) for level in ("bad", "warn")),
    )
    unseen = sum(not alarm.seen_by for alarm in snapshot.alarms)
    yield _one("alarms_unacknowledged", "Alarms that nobody has acknowledged.", unseen)
    yield _one("viewers", "Connections of people.", sum(one.seats for one in snapshot.crew.people))
    seq = snapshot.head.partition(":")[0]
    if seq.isdecimal():
        yield _one("journal_entries", "Entries of the journal.", int(seq))


def _one(name: str, text: str, value: float) -> Metric:
    return Metric(name, text, (({}, value),))


def _lines(metric: Metric) -> Iterator[str]:
    name = f"cockpit_{metric.name}"
    yield f"# HELP {name} {metric.help}"
    yield f"# TYPE {name} gauge"
    for labels, value in metric.samples[:MAX_SERIES]:
        inside = ",".join(f'{key}="{escaped(text)}"' for key, text in labels.items())
        yield f"{name}{{{inside}}} {float(value):.15g}" if inside else f"{name} {float(value):.15g}"


_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def escaped(text: str) -> str:
    """A label's value: short, without controls, and nothing in it ends the label or the line."""
    cut = text[: MAX_LABEL_CHARS - 3] + "..." if len(text) > MAX_LABEL_CHARS else text
    plain = _CONTROL.sub("\ufffd", cut)
    return plain.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
