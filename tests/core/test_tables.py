"""Tables of a snapshot: no cell is younger than what it is worked out from."""

from __future__ import annotations

from dataclasses import replace

from cockpit.core.project import project
from tests.core.build import group, groups, logs
from tests.core.driver import Script


def test_a_lag_is_as_old_as_the_ends_that_it_was_measured_by() -> None:
    script = Script()
    script.look()
    script.now_ms += 20_000
    commits = {("orders", 0): 95, ("orders", 1): 95}
    script.see(groups("source", script.now_ms, group("ledger", 1, commits)))
    (ledger,) = project(script.state, script.now_ms).groups
    assert ledger.source_lag_records == 20
    assert ledger.source_at_ms == 1_600
    assert ledger.target_at_ms == 1_600


def test_log_starts_have_a_time_of_their_own() -> None:
    script = Script()
    script.now_ms = 100_000
    script.look()
    now = script.now_ms
    script.see(replace(logs("source", now, (100, 100)), starts_at_ms=now - 29_000))
    table = project(script.state, 1).partitions
    assert (table.source_at_ms, table.source_starts_at_ms) == (now, now - 29_000)
    assert table.target_starts_at_ms == table.target_at_ms


def test_a_mirror_of_which_nothing_was_heard_for_long_does_not_run() -> None:
    script = Script()
    script.look()
    assert project(script.state, 1).mirror == "running"
    script.mirror_up = False
    script.look(12)
    assert project(script.state, 2).mirror == "unknown: mirror: not read for more than 10 s"
