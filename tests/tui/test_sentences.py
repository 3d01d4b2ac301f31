"""Every change of state and every alarm becomes a line, once, and nothing else does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.crewview import CrewView, PersonView
from cockpit.core.snapshot import LogLine, Snapshot
from cockpit.tui import sentences
from cockpit.tui.alarms import standing
from cockpit.tui.sentences import ANNOUNCED, beginning, changes
from tests.tui import fixtures
from tests.tui.fixtures import AT_MS, later, snapshot
from tests.tui.states import every_state
from tests.tui.watched import alarms


def announced(before: Snapshot, now: Snapshot) -> list[str]:
    """What must not be missed, without its mark and its time."""
    lines = [line for line in changes(before, now) if line.startswith(ANNOUNCED)]
    return [line.removeprefix(ANNOUNCED).split("Z ", 1)[1] for line in lines]


def test_who_comes_is_told_where_the_flight_stands_and_every_alarm() -> None:
    first, *standing_now = beginning(fixtures.simulated(fixtures.fired()))
    assert first.startswith(ANNOUNCED)
    for word in ("SIMULATED", "wave 2/3 writers", "WRITES: FENCED", "ROLLBACK lossy", "PAUSED"):
        assert word in first
    assert len(standing_now) == 3
    assert all(line.startswith("alarm: ") for line in standing_now)


def test_nothing_is_told_when_nothing_but_the_time_has_changed() -> None:
    for state in every_state():
        if state.status.deadline_ms is None and state.crew.until_ms is None:
            assert changes(state, later(state, 50)) == [], state


def test_every_event_is_told_once_with_its_level_in_a_word() -> None:
    before = snapshot()
    new = tuple(
        LogLine(108 + i, AT_MS + i, level, f"event {i}")  # type: ignore[arg-type]
        for i, level in enumerate(("info", "good", "warn", "bad"))
    )
    now = later(before, 1_000, log=(*before.log, *new))
    assert changes(before, now) == [
        "02:14:07Z event 0", "02:14:07Z event 1", "02:14:07Z WARN event 2", "02:14:07Z BAD event 3",
    ]  # fmt: skip
    assert changes(now, later(now, 1_000)) == []
    lost = later(before, 1_000, log=(LogLine(120, AT_MS, "info", "later"),))
    assert changes(before, lost)[0].endswith("12 events were not told here")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({"writes": "TARGET"}, "WRITES: TARGET orders, refunds"),
        ({"rollback": "closed", "rollback_detail": "go forward"}, "ROLLBACK closed: go forward"),
        ({"paused": True}, "PAUSED"),
        ({"outcome": "rolled_back"}, "the flight is over: rolled back"),
        ({"wave": "batch", "wave_number": 3}, "wave 3 of 3, batch"),
        ({"blocked_since_ms": AT_MS}, "clients are BLOCKED"),
        (
            {"blocked_since_ms": AT_MS, "deadline_ms": AT_MS + 90_000},
            "clients are BLOCKED, 89s until the fence's deadline",
        ),
    ],
)
def test_each_state_is_announced_when_it_becomes_another(
    status: dict[str, object], said: str
) -> None:
    before = snapshot(alarms=())
    now = later(before, 1_000, status=fixtures.status(**status))
    assert announced(before, now) == [said]


def test_the_deadline_is_announced_as_it_comes_near_and_when_it_is_over() -> None:
    now = fixtures.fenced()  # 49 s are left
    told: list[str] = []
    for _ in range(60):
        before, now = now, later(now, 1_000)
        told += announced(before, now)
    assert [line for line in told if "blocked" in line] == [
        "clients are blocked, 30s until the fence's deadline",
        "clients are blocked, 10s until the fence's deadline",
        "the fence's deadline has PASSED, clients are still blocked",
    ]
    over = later(now, 500, status=fixtures.status(writes="TARGET"))
    assert "clients are no longer blocked, after 01:41" in announced(now, over)


def test_every_alarm_is_told_when_it_comes_when_it_is_seen_and_when_it_is_over() -> None:
    quiet, loud = snapshot(alarms=()), later(fixtures.fired(), 1_000)
    begun = announced(quiet, loud)
    for one in standing(loud):
        assert f"ALARM {one.text}" in begun
    alarm = alarms()[0]
    seen = later(snapshot(), 1_000, alarms=(replace(alarm, seen_by="ben"),))
    assert announced(snapshot(), seen) == [f"alarm seen by ben: {alarm.text}"]
    assert announced(seen, later(seen, 1_000, alarms=())) == [f"alarm over: {alarm.text}"]


def test_a_side_that_goes_silent_or_stale_is_announced() -> None:
    before = snapshot()
    down = fixtures.side("target", health="unreachable", reason="no route")
    told = announced(before, later(before, 1_000, target=down))
    assert "target unreachable no route" in told
    assert announced(before, later(before, 6_000)) == ["source STALE", "target STALE"]


def test_who_drives_is_announced() -> None:
    here = (PersonView("ben", ("driver",), 1, AT_MS - 60_000, AT_MS),)
    driven = snapshot(crew=CrewView(people=here, driver="ben", seat="2"))
    gone = later(driven, 1_000, crew=CrewView(people=here, driver="ben"))
    assert announced(driven, gone) == ["ben, who drives, is GONE"]
    assert announced(gone, later(gone, 1, crew=CrewView(people=here))) == ["nobody drives"]
    idle = replace(driven.crew, ask_ms=AT_MS, until_ms=AT_MS + 500)
    told = announced(driven, later(driven, 1_000, crew=idle))
    assert told == ["ben drives and presses no key: drive takes over"]
    assert sentences.people(driven) == ["ben drives", "ben, driver, here for 60s"]


def test_gates_are_told_with_verdict_value_limit_age_and_evidence() -> None:
    lines = sentences.gates(snapshot())
    assert lines[0] == (
        "gate replication_lag FAIL, 1,204, limit 100 records, 12x limit, 0.9s old, "
        "held 00:00 of 01:00: "
        "orders/3 1,204; 7 more under 100"
    )
    assert "gate parity UNKNOWN, unknown, ACLs of the target not read yet" in lines[2]
    assert lines[4].startswith("trigger group_lag quiet, 812, limit 50,000 records")
    old = replace(fixtures.gates()[0], verdict="UNKNOWN")
    assert "1,204, limit" not in sentences.gates(snapshot(gates=(old,)))[0]


def test_the_worst_partitions_are_told_and_never_a_stale_number() -> None:
    lines = sentences.lags(snapshot())
    assert lines[:3] == [
        "orders partition 8: -12 ANOMALY",
        "orders partition 5: unknown",
        "orders partition 3: 1,204",
    ]
    assert len(lines) == sentences.WORST + 1
    assert lines[-1] == "and 110 more partitions, none worse"
    stale = sentences.lags(fixtures.stale_target())
    assert all(line.endswith(": STALE") for line in stale[:-1])


def test_waves_steps_and_their_words_are_told() -> None:
    lines = sentences.waves(fixtures.holding())
    assert lines[1].startswith("wave 2, writers, holding, checkout, refunds: fence is unknown")
    assert any(line.startswith("  step fence, unknown the answer") for line in lines)
