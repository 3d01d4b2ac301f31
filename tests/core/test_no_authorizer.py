"""A source without an authorizer: writers are stopped and watched, and no ACL is waited for."""

from __future__ import annotations

import pytest

from cockpit.core.intents import Arm
from cockpit.core.plan import FenceStep
from cockpit.core.project import project
from tests.core.driver import Script
from tests.core.test_undo_order import one_wave


def without_acls(by: str) -> Script:
    fence = FenceStep(60_000, by="stop") if by == "stop" else FenceStep(60_000)
    script = Script(one_wave(fence=fence))
    script.no_acls = frozenset({"source"})
    script.look(3)
    return script


def test_a_wave_whose_writers_are_only_stopped_begins_though_no_acl_can_be_read() -> None:
    script = without_acls("stop")
    assert project(script.state, 1).status.writes == "SOURCE"
    script.go("advance")
    assert script.word() == "running"
    script.end_all(previous={})
    script.look(1)
    script.end_all()  # stopped
    script.members["source"] = 0
    script.look(3)
    script.end_all()  # watched
    status = project(script.state, 1).status
    assert status.writes == "FENCED"
    assert "only stopped, nothing refuses a write" in status.writes_detail


@pytest.mark.parametrize("looks", [1, 20])
def test_a_fence_by_acl_waits_for_the_acls(looks: int) -> None:
    script = without_acls("acl")
    script.look(looks)
    script.ask(Arm("advance", "ana"))
    assert script.state.armed is None
    assert "ACLs on source are not known" in script.told[-1].text
    assert project(script.state, 1).status.writes == "UNKNOWN"
