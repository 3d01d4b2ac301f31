"""Waves over a link: until a topic is promoted everything is on the source, and from there on it is
not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.actions import CallService, PromoteTopics
from cockpit.core.delta import delta_rows
from cockpit.core.facts import Facts, absorb
from cockpit.core.flight import Finished
from cockpit.core.intents import Arm
from cockpit.core.plan import (
    Plan,
    PromoteStep,
    Replication,
    StartStep,
    StopStep,
    Wave,
    WriteOwner,
)
from cockpit.core.project import project
from cockpit.core.turn import moved_of
from tests.core.build import group, groups, logs, service, syncs, two_wave_plan
from tests.core.driver import Script, actions

LINK = Replication(kind="link", url="http://127.0.0.1:1", name="old-to-new", api="stand-in")


def link_plan() -> Plan:
    """Two producers of one topic move one after the other, and with the second it is promoted."""
    first, second = (service(name, produces=("orders",)) for name in ("checkout", "web-shop"))
    move = (StopStep(), StartStep())
    return replace(
        two_wave_plan(),
        replication=LINK,
        services=(first, second),
        waves=(
            Wave("first", ("checkout",), move, WriteOwner("source", "source")),
            Wave("second", ("web-shop",), (*move, PromoteStep()), WriteOwner("source", "target")),
        ),
    )


def moved(script: Script) -> None:
    """The current wave, up to its start's proof: a record arrives on the target."""
    script.look(2)
    script.go("advance")
    script.end_all()  # stop
    script.look(1)
    script.end_all()  # start
    ends = script.ends["target"]
    script.ends = dict.fromkeys(("source", "target"), (ends[0] + 10, ends[1]))
    script.look(2)


def test_producers_move_without_a_fence_and_the_source_owns_their_writes() -> None:
    script = Script(link_plan())
    moved(script)
    assert script.state.waves[0].word == "done"
    assert actions(script) == [CallService("checkout", "stop"), CallService("checkout", "start")]
    status = project(script.state, 1).status
    assert (status.rollback, status.writes) == ("possible", "SOURCE")
    assert "point_of_no_return" not in script.kinds()
    assert not moved_of(script.state).produced()


def test_a_batch_goes_back_though_others_write_on() -> None:
    script = Script(link_plan())
    moved(script)
    script.performs.clear()
    script.go("rollback")
    for _ in range(4):
        script.end_all()
        script.ends["target"] = (script.ends["target"][0] + 10, 100)  # the link goes on
        script.look(1)
    assert actions(script) == [CallService("checkout", "stop"), CallService("checkout", "undo")]
    assert script.state.waves[0].word == "rolled back"


@pytest.mark.parametrize("step", ["stop", "start"])
def test_a_lost_answer_of_a_producer_is_proved_by_nothing_else(step: str) -> None:
    """Others write to the same topic, here and there."""
    script = Script(link_plan())
    script.look(2)
    script.go("advance")
    if step == "start":
        script.end_all()
        script.look(1)
    script.end_all("unknown")
    script.look(1)
    assert script.word() == "holding"


def to_promotion() -> Script:
    script = Script(link_plan())
    moved(script)
    moved(script)
    assert actions(script)[-1] == PromoteTopics(("orders",))
    return script


def test_a_promotion_is_the_point_of_no_return_for_every_wave_of_its_topic() -> None:
    script = to_promotion()
    assert script.kinds().count("point_of_no_return") == 1
    assert not moved_of(script.state).produced()  # ordered, and not proved yet
    script.end_all()
    script.look(1)
    assert [wave.word for wave in script.state.waves] == ["done", "done"]
    status = project(script.state, 1).status
    assert (status.rollback, status.writes) == ("closed", "TARGET")
    assert moved_of(script.state).produced() == {"orders": script.state.waves[1].done_at_ms}
    script.ask(Arm("rollback", "ana"))
    assert script.state.armed is None
    assert "promoted" in script.told[-1].text


def test_a_promotion_whose_intent_never_came_to_disk_closes_nothing() -> None:
    script = to_promotion()
    promote = script.open_actions()[-1].action_id
    finished = Finished(script.now_ms, promote, "failed", "disk is full", {}, intended=False)
    script.send(finished)
    assert script.state.wave().closed_at_ms is None
    assert "no_return_taken_back" in script.kinds()


def test_a_promotion_that_was_refused_holds_and_stays_closed() -> None:
    """Of several topics nobody knows from a refusal which are promoted."""
    script = to_promotion()
    script.end_all("failed")
    assert script.word() == "holding"
    assert script.state.wave().closed_at_ms is not None


def test_over_a_link_a_place_is_the_same_number_on_both_sides() -> None:
    source, target = {("orders", 0): 90, ("orders", 1): 70}, {("orders", 0): 85, ("orders", 1): 70}
    facts = Facts()
    for sample in (
        groups("target", 1_000, group("ledger", 0, target)),
        groups("source", 1_100, group("ledger", 1, source)),
        replace(syncs(1_200, (0, 0), (0, 0)), same_offsets=True),
        logs("target", 1_300, (100, 100)),
        logs("source", 1_400, (100, 100)),
    ):
        facts = absorb(facts, sample)
    rows = delta_rows(facts, service("ledger", consumes=("orders",)))
    assert [(row.translated, row.delta, row.reread_max) for row in rows] == [
        (90, -5, 0),
        (70, 0, 0),
    ]
    assert [(row.skipped_min, row.skipped_max) for row in rows] == [(0, 0), (0, 0)]
