"""What the mirror makes of consumer groups is read from both clusters' commits."""

from __future__ import annotations

from dataclasses import replace

from cockpit.core.facts import Facts, absorb
from cockpit.core.mirroredgroups import MirroredGroups, mirrored_groups
from cockpit.core.observe import Failure, GroupState, Unknown
from tests.core.build import group, groups, two_wave_plan

PLAN = two_wave_plan()
NAME = next(s.group for s in PLAN.services if s.group is not None)
TOPIC = next(s.consumes[0] for s in PLAN.services if s.group == NAME)
BOTH = {(TOPIC, 0): 10, (TOPIC, 1): 20}


def read(here: GroupState | None, there: GroupState | None) -> MirroredGroups | Unknown:
    facts = absorb(Facts(), groups("source", 1_000, *[s for s in (here,) if s is not None]))
    facts = absorb(facts, groups("target", 1_000, *[s for s in (there,) if s is not None]))
    return mirrored_groups(PLAN, facts)


def test_a_group_whose_every_commit_is_on_the_target_is_carried() -> None:
    assert read(group(NAME, 1, BOTH), group(NAME, 0, BOTH)) == MirroredGroups(carried=(NAME,))


def test_one_that_the_target_has_in_part_says_how_much() -> None:
    some = group(NAME, 0, {(TOPIC, 1): 20})
    assert read(group(NAME, 1, BOTH), some) == MirroredGroups(partly=((NAME, 1, 2),))


def test_one_that_the_target_does_not_have_is_dropped_whatever_the_mirror_is_told_to_do() -> None:
    assert read(group(NAME, 1, BOTH), None) == MirroredGroups(dropped=(NAME,))
    of_others = group(NAME, 0, {("elsewhere", 0): 1})
    assert read(group(NAME, 1, BOTH), of_others) == MirroredGroups(dropped=(NAME,))


def test_one_without_a_commit_has_nothing_to_carry() -> None:
    assert read(group(NAME, 1, {}), None) == MirroredGroups()
    assert read(None, None) == MirroredGroups()


def test_what_was_not_read_is_not_taken_for_dropped() -> None:
    blind = replace(group(NAME, 0, {}), unknown="not authorised")
    found = read(group(NAME, 1, BOTH), blind)
    assert found == MirroredGroups(unread=((NAME, "target: not authorised"),))
    assert mirrored_groups(PLAN, Facts()) == Unknown("source groups: not read")
    failed = absorb(
        absorb(Facts(), groups("source", 1_000)),
        Failure("target.groups", 1_000, 1_000, "refused", "no"),
    )
    assert mirrored_groups(PLAN, failed) == Unknown("target groups: no")
