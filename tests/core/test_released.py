"""Before a group is placed or released on the target, the source is looked at once more."""

from __future__ import annotations

import pytest

from cockpit.core.actions import CallService, CommitOffsets
from cockpit.core.intents import Pause
from tests.core.driver import Script, actions

START = CallService("ledger", "start")


def placed() -> Script:
    """The readers' wave: placed on the target and paused in front of its start."""
    script = Script()
    script.fly_to_stop()
    script.end_all()
    script.members["source"] = 0
    script.look(2)
    script.ask(Pause("bob"))
    script.end_all(previous={"orders/0": 80, "orders/1": 80})
    script.commits["target"] = {("orders", 0): 90, ("orders", 1): 90}
    script.look(1)
    assert script.state.wave().steps[1].word == "done"
    return script


def test_a_group_that_rests_where_it_was_stopped_is_released() -> None:
    script = placed()
    script.go("advance")
    script.look(2)
    assert actions(script)[-1] == START


def test_members_that_came_back_on_the_source_are_found_before_the_release() -> None:
    script = placed()
    script.members["source"] = 2
    script.go("advance")
    script.look(2)
    assert script.word() == "holding"
    assert "ledger has 2 members on the source" in script.state.wave().detail
    assert START not in actions(script)


def test_a_group_whose_members_came_back_before_it_was_placed_is_not_placed() -> None:
    script = Script()
    script.fly_to_stop()
    script.end_all()
    script.members["source"] = 0
    script.look(1)  # seen empty: the stop is done
    script.members["source"] = 2
    script.look(2)
    assert script.word() == "holding"
    assert "ledger still has 2 members on the source" in script.state.wave().detail
    assert not any(isinstance(action, CommitOffsets) for action in actions(script))


def test_a_commit_that_came_on_the_source_is_found_and_the_group_placed_again() -> None:
    script = placed()
    script.commits["source"] = {("orders", 0): 90, ("orders", 1): 97}
    script.go("advance")
    script.look(2)
    assert script.word() == "holding"
    assert "orders/1: placed for 90, the source has committed 97" in script.state.wave().detail
    assert START not in actions(script)
    before = len([a for a in actions(script) if isinstance(a, CommitOffsets)])
    script.go("advance")
    script.look(8)
    commits = [a for a in actions(script) if isinstance(a, CommitOffsets)]
    assert len(commits) == before + 1
    script.end_all(previous={"orders/0": 90, "orders/1": 90})
    # what was there before the wave is what going back restores
    assert script.state.wave().memory["placed.ledger.previous"] == {"orders/0": 80, "orders/1": 80}
    script.commits["target"] = {("orders", 0): 90, ("orders", 1): 91}
    script.look(2)
    assert actions(script)[-1] == START


@pytest.mark.parametrize("blind", ["members", "silence"])
def test_a_source_that_tells_nothing_of_the_group_releases_nobody(blind: str) -> None:
    script = placed()
    script.go("advance")
    if blind == "members":
        script.members_unknown = "source"
    else:
        script.silent = "source"
    script.look(200)
    assert START not in actions(script)
    assert script.word() == "holding"


def test_a_group_that_has_gone_on_since_its_start_call_is_not_held_against_its_neighbour() -> None:
    script = Script()
    script.fly_readers_to_start()
    script.end_all("failed")
    script.members["target"] = 1
    script.commits["target"] = {("orders", 0): 95, ("orders", 1): 95}
    script.go("advance")
    script.look(2)
    assert actions(script)[-1] == START
    assert script.word() == "running"
