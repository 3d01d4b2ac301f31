"""Searches for a group's places on real clusters: there, back again, and out of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cockpit.core.actions import FindPlaces
from cockpit.core.observe import partition_text
from cockpit.kafka.effects.places import TIME_UP
from tests.kafka.clock import until
from tests.kafka.real import ports_of

if TYPE_CHECKING:
    from cockpit.lab.looking import Status

pytestmark = pytest.mark.broker

GROUP = "shop-audit"


async def test_a_groups_places_lead_back_to_where_they_came_from(lab: Status) -> None:
    async with ports_of(lab) as ports:
        commits = (await ports.source.groups()).groups[GROUP].committed()
        there = FindPlaces("target", GROUP, tuple(sorted(commits.items())), 10_000)
        found: dict[str, list[object]] = {}

        async def all_exact() -> bool:
            found.update((await ports.effector.do(there))["places"])
            return {answer[1] for answer in found.values()} == {"EXACT"}

        await until(all_exact, timeout_s=30)  # the mirror is still on its way with some of them
        assert {key: answer[0] for key, answer in found.items()} == {
            partition_text(name): offset for name, offset in commits.items()
        }
        places = tuple((name, found[partition_text(name)][2]) for name in sorted(commits))
        back = FindPlaces("source", GROUP, places, 10_000)  # type: ignore[arg-type]  # offsets
        origins = (await ports.effector.do(back))["places"]
        assert {key: answer[1:3] for key, answer in origins.items()} == {
            partition_text(name): ["EXACT", offset] for name, offset in commits.items()
        }


async def test_what_is_not_found_in_time_is_said_and_may_be_asked_again(lab: Status) -> None:
    async with ports_of(lab) as ports:
        commits = (await ports.source.groups()).groups[GROUP].committed()
        hurried = FindPlaces("target", GROUP, tuple(sorted(commits.items())), 1)
        found = (await ports.effector.do(hurried))["places"]
        assert len(found) == len(commits)
        late = [answer for answer in found.values() if answer[4] == TIME_UP]
        assert late
        assert all(answer[1] == "NONE" and answer[5] for answer in late)


async def test_a_topic_that_is_not_there_has_no_places(lab: Status) -> None:
    async with ports_of(lab) as ports:
        action = FindPlaces("target", GROUP, ((("shop.nowhere", 0), 5),), 5_000)
        assert (await ports.effector.precheck(action)).holds is None
        word, reason = (await ports.effector.do(action))["places"]["shop.nowhere/0"][1:5:3]
        assert word == "NONE"
        assert "shop.nowhere" in reason
