"""Tables of a snapshot: no cell is younger than what it is worked out from."""

from __future__ import annotations

from cockpit.core.project import project
from tests.core.build import group, groups
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
