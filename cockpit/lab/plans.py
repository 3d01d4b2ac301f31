"""Writes the plans of a lab into its folder: which ones there are depends on its profile."""

from __future__ import annotations

import datetime
import time

from cockpit.lab.bankplan import bank_plan
from cockpit.lab.bankplan import lab_places as bank_places
from cockpit.lab.clickstreamplan import clickstream_plan
from cockpit.lab.clickstreamplan import lab_places as clickstream_places
from cockpit.lab.gridplan import grid_plan, lab_places
from cockpit.lab.home import write_private
from cockpit.lab.layout import Layout
from cockpit.lab.planfile import plan_text
from cockpit.lab.profiles import AVIA, BYOC, DEFAULT, EC2, WAVES
from cockpit.lab.state import State
from cockpit.lab.tournamentplan import lab_places as tournament_places
from cockpit.lab.tournamentplan import tournament_plan
from cockpit.lab.wavesplan import lab_addresses, long_tail_plan, waves_plan


def write_plans(layout: Layout, state: State) -> None:
    """Every plan that moves the lab's workload, or what it has left."""
    if state.profile is DEFAULT:
        write_private(layout.plan, plan_text(layout, state))
        write_private(layout.exact_plan, plan_text(layout, state, "exact"))
    elif state.profile is WAVES:
        places = lab_addresses(layout, state)
        write_private(layout.plan, waves_plan(places))
        write_private(layout.long_tail_plan, long_tail_plan(places))
    elif state.profile is AVIA:
        write_private(layout.plan, tournament_plan(tournament_places(state)))
    elif state.profile is BYOC:
        now = datetime.datetime.fromtimestamp(time.time_ns() / 1e9, tz=datetime.UTC)
        write_private(layout.plan, bank_plan(bank_places(layout, state, now)))
    elif state.profile is EC2:
        write_private(layout.plan, clickstream_plan(clickstream_places(state)))
    else:
        write_private(layout.plan, grid_plan(lab_places(layout, state)))
