"""Readers that move after somebody else has moved those who write for them."""

from __future__ import annotations

from dataclasses import replace

from cockpit.core.plan import WriteOwner
from cockpit.core.stragglers import Moved
from tests.core.build import two_wave_plan
from tests.core.test_leftovers import FENCE, Ground


def test_a_late_reader_s_topics_were_written_on_the_target_before_its_wave() -> None:
    plan = two_wave_plan()
    readers, writers = plan.waves
    late = replace(readers, write_owner=WriteOwner("target", "target"))
    assert Moved(plan, {}).produced() == {}
    late_plan = replace(plan, waves=(late, writers))
    assert Moved(late_plan, {}).produced() == {"orders": 0}


def test_the_fence_of_what_late_readers_read_is_no_leftover_for_it_still_keeps_writers_off() -> (
    None
):
    plan = two_wave_plan()
    (reader,) = plan.wave_services(plan.waves[0])
    late = replace(plan.waves[0], write_owner=WriteOwner("target", "target"))
    alone = replace(plan, services=(reader,), waves=(late,))
    fence = frozenset({FENCE})
    early = replace(alone, waves=plan.waves[:1])
    assert [one.kind for one in Ground(plan=early, source=fence).found()] == ["fence"]
    assert Ground(plan=alone, source=fence).found() == ()
