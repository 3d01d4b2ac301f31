"""The fence's deadline opens the source by itself only where the target has nothing of its own."""

from __future__ import annotations

from cockpit.core.actions import ProveDrained, ProveShut, Unfence
from cockpit.core.durable import record, restore
from cockpit.core.flight import Ticked
from cockpit.core.intents import Pause
from cockpit.core.observe import AclSample
from cockpit.core.parity.fence import fence_bindings
from tests.core.driver import Script, actions

AT_REST = {"orders/0": 100, "orders/1": 100}
FENCE = fence_bindings(("orders",), ("User:*",))


def at_drain() -> Script:
    script = Script()
    script.fly_readers()
    script.fly_writers_to_drain(previous={"sync.topic.acls.enabled": "true"})
    script.look(1)
    return script


def texts(script: Script) -> str:
    return "\n".join(tell.text for tell in script.told)


def test_a_deadline_that_passed_while_the_engine_stood_still_counts_before_the_drain_does() -> None:
    script = at_drain()
    script.now_ms += 600_000
    script.end_all(source_end=AT_REST, target_end=AT_REST)
    assert not any(isinstance(action, ProveShut) for action in actions(script))
    assert script.word() == "rolling back"


def test_at_the_deadline_records_past_the_drained_end_keep_the_fence_and_are_named() -> None:
    script = at_drain()
    script.ask(Pause("ana"))
    script.end_all(source_end=AT_REST, target_end=AT_REST)
    script.ends["target"] = (105, 100)  # somebody has started the producer by hand
    script.look(65)
    assert not any(isinstance(action, Unfence) for action in actions(script))
    assert "orders/0 has 5 records on the target past the drained end" in texts(script)


def taken_over(script: Script) -> Script:
    """Another engine goes on ten minutes later, paused behind the drain, before it has looked."""
    kept = record(script.state)
    plan = script.state.plan
    script.now_ms += 600_000
    script.state = restore(
        plan, kept, [], intended=frozenset(), session="s2", simulated=False, at_ms=script.now_ms
    )
    return script


def paused_behind_the_drain() -> Script:
    script = at_drain()
    script.ask(Pause("ana"))
    script.end_all(source_end=AT_REST, target_end=AT_REST)
    script.look(2)
    return script


def test_who_takes_over_after_the_deadline_opens_the_source_where_the_target_has_not_grown() -> (
    None
):
    script = taken_over(paused_behind_the_drain())
    script.look(3)
    assert script.state.wave().back


def test_who_takes_over_after_the_deadline_asks_where_the_target_has_grown() -> None:
    script = paused_behind_the_drain()
    script.ends["target"] = (101, 100)
    taken_over(script).look(3)
    assert not script.state.wave().back
    assert "orders/0 has 1 record on the target past the drained end" in texts(script)


def test_who_takes_over_after_the_deadline_asks_while_the_target_is_not_read() -> None:
    script = taken_over(paused_behind_the_drain())
    for _ in range(3):
        script.now_ms += 1_000
        script.see(AclSample("source", script.now_ms, script.now_ms, FENCE))
        script.send(Ticked(script.now_ms))
    assert not script.state.wave().back


def test_who_takes_over_before_the_drain_asks_where_the_mirror_tells_no_position() -> None:
    script = at_drain()
    taken_over(script)
    script.no_syncs = True
    script.look(3)
    assert not script.state.wave().back
    assert "of orders/0 no position of the mirror is known" in texts(script)


def test_until_somebody_is_started_the_price_counts_what_is_past_the_drained_end() -> None:
    script = at_drain()
    script.ask(Pause("ana"))
    script.end_all(source_end=AT_REST, target_end=AT_REST)
    script.ends["target"] = (105, 100)
    script.look(2)
    assert "5 records on the target would be lost or replayed" in texts(script)


def test_a_drain_that_still_runs_at_the_deadline_opens_the_source_as_the_plan_says() -> None:
    script = at_drain()
    assert isinstance(actions(script)[-1], ProveDrained)
    script.look(65)
    script.end_all("unknown")
    script.look(1)
    assert script.state.wave().back
