"""The order to go back without the target: when it is open, and what it leaves unknown."""

from __future__ import annotations

import pytest

from cockpit.core.actions import CommitOffsets
from cockpit.core.flight import Tell, Ticked
from cockpit.core.observe import Failure
from cockpit.core.openings import why_not_advance
from cockpit.core.unread import UNREAD_FOR_MS
from tests.core.build import syncs
from tests.core.driver import Script, actions

WHY = "no broker answers"


def blind(script: Script, seconds: int) -> None:
    """Time passes, and nobody can read groups on the target."""
    script.silent = "target"
    for _ in range(seconds):
        script.look(1)
        now = script.now_ms
        script.see(Failure("target.groups", now - 20, now - 10, "unreachable", WHY))


def soaking() -> Script:
    """The readers are at work on the target; then the wave is ordered back, and told to stop."""
    script = Script()
    script.fly_readers_to_soak()
    script.go("rollback")
    blind(script, 1)
    script.end_all()  # its stop on the target, says the service
    return script


def told(script: Script, kind: str) -> list[str]:
    return [tell.text for tell in script.told if tell.kind == kind]


def brought_back(script: Script) -> Tell:
    """What was told of the group's place on the source."""
    placed = [t for t in script.told if t.kind == "offsets_placed"]
    assert [t.data["side"] for t in placed] == ["target", "source"]
    return placed[-1]


def test_the_order_opens_only_after_the_target_was_silent_for_a_while() -> None:
    script = soaking()
    blind(script, UNREAD_FOR_MS // 1_000 - 4)
    assert why_not_advance(script.state) == "wave readers is going back"
    blind(script, 4)
    assert why_not_advance(script.state) == ""
    (text,) = told(script, "target_unread")
    assert WHY in text
    assert "A goes back by what the source has" in text


def test_no_timeout_ends_the_wait_and_the_target_is_believed_as_soon_as_it_answers() -> None:
    script = soaking()
    blind(script, 300)
    assert script.word() == "rolling back"
    script.silent = ""
    script.members["target"] = 0
    script.look(2)
    assert why_not_advance(script.state) == "wave readers is going back"
    assert "without_target" not in script.kinds()
    assert brought_back(script).data["reread_max_records"] == 2 * (95 - 90 - 1)


def test_a_group_that_goes_on_at_its_own_commit_reads_again_what_the_target_counts() -> None:
    """An old offset-sync leads far back, and offsets of the source are not records: between it and
    the commit there may be fewer than they differ by."""
    script = soaking()
    script.silent, script.no_syncs = "", True
    script.members["target"] = 0
    script.look(2)
    script.see(syncs(script.now_ms, (40, 50), (0, 0)))
    script.send(Ticked(script.now_ms))
    placed = brought_back(script)
    assert placed.data["rereads"] == {"orders/0": 95 - 90, "orders/1": 95 - 90}
    assert not any(a.side == "source" for a in actions(script) if isinstance(a, CommitOffsets))


def test_what_was_armed_does_not_stand_once_the_target_answers() -> None:
    from cockpit.core.intents import Arm

    script = soaking()
    blind(script, 15)
    script.ask(Arm("advance", "ana"))
    armed = script.state.armed
    assert armed is not None
    assert f"take wave readers back without the target: {WHY}" in armed.lines
    assert any("how much is unknown" in line for line in armed.lines)
    script.silent = ""
    script.look(1)
    assert script.state.armed is None


def test_by_order_the_source_keeps_its_commits_and_the_price_is_unknown() -> None:
    script = soaking()
    blind(script, 15)
    script.go("advance")
    blind(script, 3)
    (text,) = told(script, "without_target")
    assert "ana" in text
    placed = brought_back(script)
    assert placed.data["reread_max_records"] is None
    assert "how many records are read again is not known" in placed.text
    commits = [p.action for p in script.performs if isinstance(p.action, CommitOffsets)]
    assert {commit.side for commit in commits} == {"target"}  # the placing alone
    assert len(commits) == 1


@pytest.mark.parametrize("kept", [{}, {("orders", 1): 90}])
def test_a_commit_that_the_source_has_lost_is_put_back(kept: dict[tuple[str, int], int]) -> None:
    script = soaking()
    blind(script, 15)
    script.commits["source"] = kept
    script.go("advance")
    blind(script, 3)
    back = script.performs[-1].action
    lost = tuple((name, 90) for name in (("orders", 0), ("orders", 1)) if name not in kept)
    assert back == CommitOffsets("source", "ledger", lost)
