"""The lines of a report's plots once more, from raw samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cockpit.core.observe import MISSING, Unknown
from cockpit.core.snapshot import Snapshot
from tests.report.raw import Raw

Points = list[tuple[int, float | None]]
Lines = dict[str, Points]
AGES = (".logs", ".groups")


def _number(value: Any) -> float | None:  # a number or an Unknown
    return None if isinstance(value, Unknown) else float(value)


def _of_wave(look: Snapshot, column: str) -> list[int]:
    """The known values of the partitions of the wave at work."""
    table = look.partitions
    pairs = zip(table.keys.names, getattr(table, column).tolist(), strict=True)
    return [value for (topic, _), value in pairs if topic in table.wave and value != MISSING]


def _lag(raw: Raw) -> Lines:
    lines: Lines = {}
    for look in raw.looks:
        known = _of_wave(look, "lag")
        worst = float(max(known)) if known else None
        lines.setdefault(look.status.wave, []).append((look.at_ms, worst))
    return lines


def _under(raw: Raw) -> Points:
    """The least that 95 of 100 partitions of the wave at work do not pass."""
    points: Points = []
    for look in raw.looks:
        known = sorted(_of_wave(look, "lag"))
        place = -(-95 * len(known) // 100) - 1
        points.append((look.at_ms, float(known[place]) if known else None))
    return points


def _reads(raw: Raw) -> Lines:
    lines: Lines = {"source": [], "target": []}
    for look in raw.looks:
        for side, points in lines.items():
            rates = [getattr(g, f"{side}_rate_milli") for g in look.groups if g.service]
            known = [rate / 1_000 for rate in rates if not isinstance(rate, Unknown)]
            points.append((look.at_ms, sum(known) if known else None))
    return lines


def _answers(raw: Raw) -> Lines:
    lines: Lines = {}
    for look in raw.looks:
        for feed in look.feeds:
            if feed.feed.endswith(AGES):
                took = None if feed.took_ms is None else feed.took_ms / 1_000
                lines.setdefault(feed.feed, []).append((look.at_ms, took))
    return lines


def _touching(raw: Raw) -> Lines:
    lines: Lines = {}
    for look in raw.looks:
        seen = [one.kind for one in look.stragglers]
        for kind in dict.fromkeys((*lines, *seen)):
            rates = [_number(one.rate_milli) for one in look.stragglers if one.kind == kind]
            known = [rate / 1_000 for rate in rates if rate is not None]
            total = sum(known) if len(known) == len(rates) else None
            lines.setdefault(kind, []).append((look.at_ms, total))
    return lines


def _writes(raw: Raw) -> Lines:
    lines: Lines = {"source": [], "target": []}
    for look in raw.looks:
        for side, points in lines.items():
            known = _of_wave(look, f"{side}_rate_milli")
            points.append((look.at_ms, sum(known) / 1_000 if known else None))
    return lines


def _groups(raw: Raw) -> dict[str, Lines]:
    found: dict[str, Lines] = {}
    for look in raw.looks:
        for group in look.groups:
            if group.service:
                lines = found.setdefault(group.name, {})
                for side in ("source", "target"):
                    value = _number(getattr(group, f"{side}_lag_records"))
                    lines.setdefault(f"{group.name} on {side}", []).append((look.at_ms, value))
    return found


def _reread(raw: Raw) -> Lines:
    lines: Lines = {}
    for look in raw.looks:
        for group in look.groups:
            if group.service:
                value = _number(group.reread_records)
                lines.setdefault(group.name, []).append((look.at_ms, value))
    return lines


def _errors(raw: Raw) -> Lines:
    lines: Lines = {}
    for look in raw.looks:
        now: dict[str, float] = {}
        for rate in look.error_rates:
            now[rate.kind] = now.get(rate.kind, 0.0) + (rate.per_minute or (0,))[-1]
        for kind in {*now, *lines}:
            lines.setdefault(kind, []).append((look.at_ms, now.get(kind, 0.0)))
    return lines


def _ages(raw: Raw) -> Lines:
    lines: Lines = {}
    for look in raw.looks:
        for feed in look.feeds:
            if feed.feed.endswith(AGES) or feed.feed in ("mirror", "recording"):
                asked_ms = feed.asked_at_ms
                age = None if asked_ms is None else (look.at_ms - asked_ms) / 1_000
                lines.setdefault(feed.feed, []).append((look.at_ms, age))
    return lines


def lines_of(raw: Raw) -> Mapping[str, Mapping[str, Sequence[tuple[int, float | None]]]]:
    """By plot and line."""
    groups = {f"group_lag_{i}": lines for i, lines in enumerate(_groups(raw).values())}
    return {
        "replication_lag": {**_lag(raw), "95 of 100 stay under": _under(raw)},
        "reads": _reads(raw),
        "answers": _answers(raw),
        "touching": _touching(raw),
        "writes": _writes(raw),
        "reread": _reread(raw),
        "errors": _errors(raw),
        "ages": _ages(raw),
        **groups,
    }
