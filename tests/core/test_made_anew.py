"""A topic that was made anew under the cockpit: offsets from before are neither trusted nor
committed."""

from __future__ import annotations

import pytest

from cockpit.core.actions import CallService, CommitOffsets
from cockpit.core.flight import Ticked
from cockpit.core.intents import Pause
from tests.core.build import group, groups
from tests.core.driver import Script, actions

START = CallService("ledger", "start")


def back_at_its_offsets(script: Script) -> None:
    """The readers' wave goes back; its service has stopped on the target."""
    script.go("rollback")
    script.end_all()
    script.members["target"] = 0
    script.look(3)


def returned(script: Script) -> list[CommitOffsets]:
    found = [a for a in actions(script) if isinstance(a, CommitOffsets)]
    return [a for a in found if a.side == "source"]


def test_a_group_goes_back_to_the_start_of_a_source_topic_that_was_made_anew() -> None:
    script = Script()
    script.fly_readers()  # placed at 90, at 95 by now
    script.anew = {"source": frozenset({"orders"})}
    script.ends["source"] = (20, 7)
    script.commits["source"] = {}
    back_at_its_offsets(script)
    (commit,) = returned(script)
    assert commit.offsets == ((("orders", 0), 0), (("orders", 1), 0))
    placed = [t for t in script.told if t.kind == "offsets_placed"][-1]
    assert placed.data["reread_max_records"] == 27
    assert "made anew" in placed.text


def test_what_is_read_again_is_counted_in_a_look_behind_the_stop() -> None:
    """A look of before does not have what the group has read until it stopped."""
    script = Script()
    script.fly_readers()
    script.anew = {"source": frozenset({"orders"})}
    script.ends["source"] = (20, 7)
    script.commits["source"] = {}
    script.look(1)
    script.go("rollback")
    script.end_all()
    script.members["target"] = 0
    script.see(groups("target", script.now_ms + 1, group("ledger", 0, script.commits["target"])))
    script.send(Ticked(script.now_ms + 2))
    script.ends["source"] = (26, 7)
    script.look(3)
    placed = [t for t in script.told if t.kind == "offsets_placed"][-1]
    assert placed.data["reread_max_records"] == 33


def test_a_target_topic_that_was_made_anew_says_nothing_of_the_source() -> None:
    script = Script()
    script.fly_readers()
    script.anew = {"target": frozenset({"orders"})}
    back_at_its_offsets(script)
    assert returned(script) == []
    placed = [t for t in script.told if t.kind == "offsets_placed"][-1]
    assert placed.data["reread_max_records"] == 20  # from its own commits at 90 to the ends at 100


@pytest.mark.parametrize(
    ("ends", "starts", "why"),
    [
        ((60, 100), (0, 0), "orders/0: placed at 90, the target's log ends at 60"),
        ((100, 100), (0, 95), "orders/1: placed at 90, the target's log begins at 95"),
    ],
)
def test_a_place_that_the_targets_log_does_not_have_any_more_releases_nobody(
    ends: tuple[int, int], starts: tuple[int, int], why: str
) -> None:
    script = Script()
    script.fly_to_stop()
    script.end_all()
    script.members["source"] = 0
    script.look(2)
    script.ask(Pause("bob"))
    script.end_all(previous={"orders/0": 80, "orders/1": 80})
    script.commits["target"] = {("orders", 0): 90, ("orders", 1): 90}
    script.ends["target"] = ends
    script.starts["target"] = starts
    script.go("advance")
    script.look(2)
    assert START not in actions(script)
    assert script.word() == "holding"
    assert why in script.state.wave().detail


def test_nobody_waits_for_a_mirror_whose_place_in_a_topic_will_never_be_known() -> None:
    script = Script()
    script.look(2)
    script.go("advance")
    script.anew = {"source": frozenset({"orders"})}
    script.end_all()  # the mirror was told to leave the groups alone
    script.look(2)
    assert script.word() == "holding"
    why = "orders was re-created on source: offsets from before mean nothing"
    assert script.state.wave().detail == f"stop: the mirror is not known to be close: {why}"
