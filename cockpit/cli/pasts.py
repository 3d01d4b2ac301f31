"""What gates over long windows have seen before this engine began."""

from __future__ import annotations

import os
from collections.abc import Mapping

from cockpit.cli.output import complain
from cockpit.core.gathering import over_of
from cockpit.core.plan import Plan
from cockpit.core.windows import Row
from cockpit.engine.folders import state_home
from cockpit.engine.rollup import GateRows, RollupError, rollup_folder


def open_rows(plan: Plan) -> GateRows | None:
    """Where the plan's samples are kept; None: no gate of it needs them, or they cannot be kept,
    which the log then says."""
    windows = [over for wave in plan.waves for gate in wave.gates if (over := over_of(gate))]
    if not windows:
        return None
    folder = rollup_folder(
        state_home(os.environ), plan.name, (plan.source.bootstrap, plan.target.bootstrap)
    )
    try:
        return GateRows(folder, longest_ms=max(over.over_ms for over in windows))
    except RollupError as error:
        complain(f"samples of gates over long windows are not kept: {error}")
        return None


def rows_before(rows: GateRows | None, now_ms: int) -> Mapping[str, tuple[Row, ...]]:
    """What earlier engines have sampled. What cannot be read was not seen."""
    if rows is None:
        return {}
    try:
        return rows.load(now_ms)
    except RollupError as error:
        complain(f"earlier samples of gates over long windows cannot be read: {error}")
        return {}
