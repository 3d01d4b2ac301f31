"""`cockpit stragglers` over simulated clusters, and as a script meets it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cockpit.cli import exits
from cockpit.cli.lingering import Seen, moved_in, watch
from cockpit.cli.stragglers import as_json, exit_code, report
from cockpit.cli.wiring import engine_ports
from cockpit.core.actions import CallService
from cockpit.core.stragglers import Moved
from cockpit.sim.demo import demo_plan, demo_world
from cockpit.sim.factory import connect_sim
from cockpit.sim.faults import ALWAYS, ClusterUnreachable, EscapingWriter, Fault, When
from cockpit.sim.loop import VirtualClock, run_virtual
from tests.cli.test_commands import cockpit
from tests.plan.given import SAMPLES

HOURLY = EscapingWriter(
    name="invoices", topics=("payments",), rate_per_s=50, when=When(delay_ms=95_000, for_ms=3_000)
)
"""A batch job that runs for three seconds."""
WRITERS = ("settlement", "checkout", "refunds")


def watched(*faults: Fault, stops: tuple[str, ...] = (), watch_ms: int = 60_000) -> Seen:
    """The demonstration's clusters once these services should run on the target; `stops`: those
    that have really stopped."""
    plan, seen = demo_plan(), Seen()

    async def go() -> None:
        made = connect_sim(plan, VirtualClock(), replace(demo_world(3), faults=faults))
        for service in stops:
            await made.effector.do(CallService(service, "stop"))
        await made.clock.sleep(30_000)
        moved = Moved(plan, dict.fromkeys(WRITERS, made.clock.now_ms()))
        ports = engine_ports(made, made.clock)
        async for _ in watch(moved, ports, watch_ms=watch_ms, every_ms=10_000, seen=seen):
            pass

    run_virtual(go())
    return seen


def test_nobody_is_met_where_everybody_has_gone() -> None:
    seen = watched(stops=WRITERS)
    assert seen.found == {}
    assert exit_code(seen) == exits.COMPLETED
    assert report(seen) == [f"nobody was met on the source in {seen.looks} looks"]


def test_a_service_that_was_never_stopped_is_met_with_its_group_and_its_topics() -> None:
    seen = watched(stops=("settlement", "refunds"))
    assert exit_code(seen) == exits.FAILED
    (one,) = seen.found.values()
    assert (one.kind, one.service) == ("writer", "checkout, refunds"), "both wrote audit"
    assert "audit/" in one.where
    assert isinstance(one.rate_milli, int)
    assert one.rate_milli > 0


def test_a_batch_job_is_met_by_whoever_watches_for_long_enough_and_is_kept() -> None:
    assert exit_code(watched(HOURLY, stops=WRITERS, watch_ms=40_000)) == exits.COMPLETED
    seen = watched(HOURLY, stops=WRITERS, watch_ms=300_000)
    (one,) = seen.found.values()
    assert one.kind == "unlisted writer"
    assert "payments/" in one.where
    assert seen.looks > 25
    assert exit_code(seen) == exits.FAILED


def test_a_source_that_does_not_answer_is_no_empty_source() -> None:
    seen = watched(ClusterUnreachable(side="source", when=ALWAYS), stops=WRITERS)
    assert exit_code(seen) == exits.UNKNOWN
    assert any(line.startswith("not known: source.logs: ") for line in report(seen))


def test_what_a_script_gets_has_no_number_where_nobody_can_tell() -> None:
    seen = watched(stops=("settlement", "refunds"), watch_ms=10_000)
    for one in json.loads(json.dumps(as_json(seen)))["stragglers"]:
        assert (one["records_per_s"] is None) == (one["why_unknown"] is not None)
        assert one["first_ms"] <= one["at_ms"]


def wave(name: str, word: str, *, started: int | None = None, back: bool = False) -> object:
    return {
        "name": name,
        "word": word,
        "start_intent_at_ms": started,
        "done_at_ms": None,
        "back": back,
    }


def test_the_newest_flight_says_where_a_wave_stands() -> None:
    first = {"waves": [wave("readers", "done", started=5), wave("writers", "running", started=7)]}
    second = {"waves": [wave("writers", "rolled back", started=9, back=True)]}
    assert moved_in([first]) == {"readers": 5, "writers": 7}
    assert moved_in([first, second]) == {"readers": 5}


def test_what_has_moved_comes_from_the_journals_of_this_user(tmp_path: Path) -> None:
    plan = str(SAMPLES / "minimal.yaml")
    told = cockpit("stragglers", plan, state=tmp_path)
    assert told.returncode == exits.USAGE
    assert "--all asks about everybody" in told.stderr


@pytest.mark.parametrize("option", [("--every", "10ms"), ("--every", "11m"), ("--watch", "soon")])
def test_times_that_make_no_sense_are_refused(option: tuple[str, str], tmp_path: Path) -> None:
    told = cockpit("stragglers", str(SAMPLES / "minimal.yaml"), *option, state=tmp_path)
    assert told.returncode == exits.USAGE
