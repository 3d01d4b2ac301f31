"""One snapshot for every word of every state that the screen has, all else being the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

from cockpit.core.crewview import CrewView, PersonView
from cockpit.core.elsewhere import CoordinationView, CoordinationWord
from cockpit.core.serviceview import ServiceWord
from cockpit.core.snapshot import (
    AlarmView,
    HealthWord,
    LogLine,
    PriceView,
    RollbackWord,
    Snapshot,
    StepWord,
    TimeLeft,
    TimeLeftWord,
    Verdict,
    WaveWord,
    WritesWord,
)
from tests.tui import fixtures
from tests.tui.fixtures import AT_MS, snapshot
from tests.tui.watched import drains, feeds, services, way_back


def every_state() -> Iterator[Snapshot]:
    """Each differs from `fixtures.snapshot()` in one state."""
    yield snapshot()
    yield from _status()
    yield from _waves()
    yield from _judged()
    yield from _clusters()
    yield from _people()
    yield from _moved()
    yield from (
        fixtures.fenced(), fixtures.fired(), fixtures.stale_target(), fixtures.holding(),
        fixtures.finished(), fixtures.simulated(), fixtures.armed(by="ben"),
    )  # fmt: skip


def _status() -> Iterator[Snapshot]:
    for writes in get_args(WritesWord):
        yield snapshot(status=fixtures.status(writes=writes))
    for word in get_args(RollbackWord):
        yield snapshot(status=fixtures.status(rollback=word))
    yield snapshot(status=fixtures.status(paused=True))
    blocked = {"writes": "FENCED", "blocked_since_ms": AT_MS - 90_000}
    yield snapshot(status=fixtures.status(**blocked))
    for deadline_ms in (AT_MS, AT_MS + 1):  # the clock says the same, and it is over or not
        yield snapshot(status=fixtures.status(**blocked, deadline_ms=deadline_ms))
    for word in ("nothing", "records", "unknown"):
        price = PriceView(word, "writers", 12, 0, (), None, "")  # type: ignore[arg-type]
        yield snapshot(status=fixtures.status(price=price))


def _waves() -> Iterator[Snapshot]:
    done, running, rest = fixtures.waves()
    for word in get_args(WaveWord):
        yield snapshot(waves=(done, replace(running, word=word), rest))
        yield snapshot(waves=(done, running, replace(rest, word=word)))
    for step_word in get_args(StepWord):
        steps = tuple(replace(s, word=step_word) for s in running.steps)
        yield snapshot(waves=(done, replace(running, steps=steps), rest))
    level: str
    for level in ("info", "good", "warn", "bad"):
        yield snapshot(log=(LogLine(1, AT_MS, level, "the same words"),))  # type: ignore[arg-type]


def _judged() -> Iterator[Snapshot]:
    for verdict in get_args(Verdict):
        yield snapshot(gates=tuple(replace(g, verdict=verdict) for g in fixtures.gates()))
        yield snapshot(triggers=tuple(replace(t, verdict=verdict) for t in fixtures.triggers()))
    for limit in (100.0, 5_000.0):  # the same lag, over its limit or not
        gates = tuple(replace(g, limit=limit) for g in fixtures.gates()[:1])
        yield snapshot(gates=gates)
    for most in (0.5, 0.001):
        yield snapshot(signals=tuple(replace(s, limit=most) for s in fixtures.signals()))
    for check in ("open", "approved", "equal", "unknown", "noted"):
        yield snapshot(checks=tuple(replace(c, word=check) for c in fixtures.checks()))
    left: TimeLeftWord
    for left in get_args(TimeLeftWord):
        shrinking = tuple(replace(d, left=TimeLeft(left, 60_000, 90_000)) for d in drains())
        yield snapshot(drains=shrinking)


def _clusters() -> Iterator[Snapshot]:
    health: HealthWord
    for health in get_args(HealthWord):
        yield snapshot(source=fixtures.side("source", health=health))
        yield snapshot(feeds=tuple(replace(f, word=health) for f in feeds()))
    for age_ms in (None, 4_900, 5_100):
        yield snapshot(target=fixtures.side("target", age_ms=age_ms))
    for mirror in ("running", "task failed", "unknown: no answer"):
        yield snapshot(mirror=mirror)
    for old_ms in (1_000, 60_000):
        at_ms = AT_MS - old_ms
        yield snapshot(
            partitions=replace(
                fixtures.partitions(), source_at_ms=at_ms, mirror_at_ms=at_ms, target_at_ms=at_ms
            ),
            deltas=tuple(replace(d, at_ms=at_ms) for d in fixtures.deltas()),
            groups=tuple(
                replace(g, source_at_ms=at_ms, target_at_ms=at_ms) for g in fixtures.groups()
            ),
            signals=tuple(replace(s, at_ms=at_ms) for s in fixtures.signals()),
        )
    word: CoordinationWord
    for word in get_args(CoordinationWord):
        view = CoordinationView(word, "journal", "source", AT_MS - 1_000, 0, "why")
        yield snapshot(coordination=view)


def _people() -> Iterator[Snapshot]:
    for level in ("warn", "bad"):
        for seen_by in ("", "ben"):
            alarm = AlarmView(level, "disk", "the disk is full", AT_MS, seen_by)
            yield snapshot(alarms=(alarm,))
    yield snapshot(alarms=())
    people = (PersonView(fixtures.USER, ("driver",), 1, AT_MS, AT_MS),)
    for driver, seat in (("", ""), ("ben", ""), ("ben", "2"), (fixtures.USER, "1")):
        yield snapshot(crew=CrewView(people=people, driver=driver, seat=seat))
    for until_ms in (AT_MS, AT_MS + 1):  # an idle driver, and one who is not yet
        idle = CrewView(people=people, driver="ben", seat="2", until_ms=until_ms, ask_ms=AT_MS)
        yield snapshot(crew=idle)
    closed = dict.fromkeys(("advance", "rollback", "pause", "end"), "why not")
    yield snapshot(actions=fixtures.actions(**closed))
    yield snapshot(actions=fixtures.actions())


def _moved() -> Iterator[Snapshot]:
    for word in get_args(ServiceWord):
        yield snapshot(services=tuple(replace(s, word=word) for s in services()))
    yield snapshot(stragglers=())
    for why_not in ("", "records are on the target"):
        for until_ms in (None, AT_MS - 1_000, AT_MS + 60_000):
            back = replace(way_back(), why_not=why_not, until_ms=until_ms)
            yield snapshot(way_back=back)
