"""The way back of a group that has read nothing on the target waits for nobody: a fence may stand
before it, and clients behind that."""

from __future__ import annotations

from cockpit.core.intents import Pause
from tests.core.driver import Script


def test_a_group_without_progress_on_the_target_needs_no_look_at_the_source() -> None:
    script = Script()
    script.fly_to_stop()
    script.end_all()
    script.members["source"] = 0
    script.look(2)
    script.ask(Pause("bob"))
    script.end_all(previous={"orders/0": 80, "orders/1": 80})  # placed, and not released
    script.commits["target"] = {("orders", 0): 90, ("orders", 1): 90}
    script.look(2)
    script.silent = "source"
    script.go("rollback")
    script.look(2)
    assert [p.action_id for p in script.open_actions()] == ["readers.1.undo-offsets.4"]
