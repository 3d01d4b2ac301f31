"""The mirror's settings on the way back: given back where they were changed, and asked about only
where nobody can know."""

from __future__ import annotations

import pytest

from cockpit.core.actions import PatchConnector
from cockpit.core.flight import Finished, Outcome
from tests.core.driver import Script, actions


def after_the_change_ended(outcome: Outcome, **data: object) -> Script:
    """Wave 2 goes back once the change of the mirror's settings has ended so."""
    script = Script()
    script.fly_readers()
    script.look(2)
    script.go("advance")
    for perform in script.open_actions():
        changed = isinstance(perform.action, PatchConnector)
        ended: tuple[Outcome, dict[str, object]] = (outcome, data) if changed else ("done", {})
        script.send(Finished(script.now_ms, perform.action_id, ended[0], "", ended[1]))
    script.performs.clear()
    script.look(1)
    script.go("rollback")
    for _ in range(4):
        script.end_all()
        script.look(1)
    return script


def test_what_certainly_was_not_done_leaves_nothing_to_ask_a_person() -> None:
    script = after_the_change_ended("failed")
    assert script.word() == "rolled back", script.state.wave().detail
    assert not [a for a in actions(script) if isinstance(a, PatchConnector)]


@pytest.mark.parametrize("outcome", ["failed", "unknown"])
def test_a_change_of_which_it_is_known_what_it_replaces_is_taken_back(outcome: Outcome) -> None:
    script = after_the_change_ended(outcome, previous={"sync.topic.acls.enabled": "true"})
    assert script.word() == "rolled back", script.state.wave().detail
    (back,) = [a for a in actions(script) if isinstance(a, PatchConnector)]
    assert dict(back.settings) == {"sync.topic.acls.enabled": "true"}


def test_where_nobody_knows_what_became_of_it_a_person_looks() -> None:
    script = after_the_change_ended("unknown")
    assert script.word() == "rolling back"
    assert "may have been turned off" in script.state.wave().stages[0][0].detail
