"""What `cockpit leftovers` prints of one look, and with which code it exits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.cli import exits
from cockpit.cli.leftovers import exit_code, left_in_sight, report
from cockpit.core.left import Left
from cockpit.core.mirrorsurvey import TOPICS_EXCLUDE, CommitMark
from cockpit.core.observe import Failure
from tests.core.test_leftover_mirrors import reversing
from tests.core.test_leftovers import NOW, Ground

MARKS = {"ledger": {("orders", 0): CommitMark(5_000_000, ours=True)}}


def test_clean_clusters_have_nothing_left_over() -> None:
    left = left_in_sight(Ground().state())
    assert (report(left), exit_code(left)) == (["nothing is left over"], exits.COMPLETED)


def test_the_command_that_stops_a_second_mirror_is_told_before_the_one_for_the_filter() -> None:
    ground = reversing("RUNNING", settings={"mm2-source": {TOPICS_EXCLUDE: "orders"}})
    left = left_in_sight(ground.state())
    lines = "\n".join(report(left))
    assert exit_code(left) == exits.FAILED
    assert -1 < lines.find("connectors/mm2-back/stop") < lines.find("connectors/mm2-source/config")


def without_checkpoints(ground: Ground) -> Left:
    """What one look finds that was refused the checkpoints."""
    state = ground.state(Failure("checkpoints", NOW, NOW, "refused", "not allowed"))
    surveys = {name: one for name, one in state.facts.surveys.items() if name != "checkpoints"}
    return left_in_sight(replace(state, facts=replace(state.facts, surveys=surveys)))


def test_commits_that_nobody_can_judge_without_checkpoints_are_not_nothing() -> None:
    left = without_checkpoints(Ground(marks=MARKS))
    assert report(left) == [
        "not known: whether commits on the target are the mirror's: checkpoints: not allowed"
    ]
    assert exit_code(left) == exits.UNKNOWN


def test_checkpoints_are_not_missed_where_no_commit_is_to_be_judged() -> None:
    for ground in (Ground(), Ground(marks=MARKS, on_target=1)):
        assert exit_code(without_checkpoints(ground)) == exits.COMPLETED


@pytest.mark.parametrize("feed", ["syncs", "mirror", "target.logs"])
def test_where_nobody_can_say_what_has_moved_that_is_said_once(feed: str) -> None:
    away = Failure(feed, NOW, NOW, "unreachable", "nobody answers")
    once_read = Ground().state(away)
    feeds = {name: view for name, view in once_read.facts.feeds.items() if name != feed}
    never_read = replace(once_read, facts=replace(once_read.facts, feeds=feeds))
    for state in (once_read, never_read):
        left = left_in_sight(state)
        assert report(left) == [f"not known: {feed}: nobody answers"]
        assert exit_code(left) == exits.UNKNOWN
