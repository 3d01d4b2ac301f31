"""A feed that fails is drawn as failed at once: from the failure in the facts to the last cell."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from cockpit.core.flight import Observed
from cockpit.core.mirrorsurvey import ConnectSurvey
from cockpit.core.observe import ConnectorState, Failure, MirrorSample, TaskState
from cockpit.core.plan import RegistrySpec
from cockpit.core.project import project
from cockpit.core.snapshot import Snapshot
from cockpit.core.survey import RegistrySurvey
from tests.core.build import two_wave_plan
from tests.core.driver import SIDES, Script
from tests.core.planted import SUBJECTS
from tests.tui.seen import opened

RUNNING = ConnectorState("mm2-source", "RUNNING", (TaskState(0, "RUNNING"),))
SINK = ConnectorState("sink", "RUNNING", (TaskState(0, "RUNNING"),))


def flight() -> Script:
    """Everything answers."""
    registry = RegistrySpec("http://127.0.0.1:1")
    script = Script(replace(two_wave_plan(), source_registry=registry, target_registry=registry))
    script.ends = {"source": (130, 130), "target": (117, 117)}
    script.look(3)
    now = script.now_ms
    script.send(Observed(now, ConnectSurvey(now, now, "3.9", (RUNNING, SINK))))
    for side in SIDES:
        survey = RegistrySurvey(side, now, now, SUBJECTS, "BACKWARD", "READWRITE")
        script.send(Observed(now, survey))
    return script


def shot(script: Script) -> Snapshot:
    return project(script.state, script.now_ms)


def fail(script: Script, *feeds: str) -> Snapshot:
    """The same moment, and these feeds have just failed."""
    for feed in feeds:
        now = script.now_ms
        script.send(Observed(now, Failure(feed, now, now, "unreachable", "no connection")))
    return shot(script)


@pytest.mark.parametrize(
    ("feed", "stale", "fresh", "flag"),
    [
        ("source.logs", {"lag", "source"}, {"mirror", "target"}, "STALE source"),
        ("target.logs", {"target"}, {"lag", "mirror", "source"}, "STALE target"),
        ("mirror", {"lag", "mirror"}, {"source", "target"}, "STALE mirror"),
    ],
)
async def test_a_failed_log_feed_has_no_number_in_the_columns_that_it_tells(
    feed: str, stale: set[str], fresh: set[str], flag: str
) -> None:
    script = flight()
    numbers = {"lag": "30", "mirror": "100", "source": "130", "target": "117"}
    async with opened(shot(script), size=(200, 60)) as seen:
        await seen.press("2")
        assert "STALE" not in seen.rows()[2]
        assert "-- (" not in seen.row_with("orders")
        await seen.show(fail(script, feed))
        assert flag in seen.rows()[2]
        drawn = re.split(r" {2,}", seen.row_with("orders").strip())
        assert {f"-- ({numbers[column]})" for column in stale} <= set(drawn)
        assert {numbers[column] for column in fresh} <= set(drawn)
        assert not {numbers[column] for column in stale} & set(drawn)


async def test_a_failed_group_feed_has_no_number_on_its_side() -> None:
    script = flight()
    async with opened(shot(script), size=(160, 48)) as seen:
        await seen.press("3")
        assert "Stable (1) lag 80" in seen.row_with("ledger")
        await seen.show(fail(script, "source.groups"))
        row = seen.row_with("STALE Stable")
        assert "STALE Stable (1) lag -- (80)" in row
        assert "Empty (0) lag 74" in row
        partition = seen.row_with("orders/0")
        assert "-- (" in partition
        assert "90 " not in partition.replace("(90)", "")
        await seen.show(fail(script, "target.logs"))
        assert "Empty (0) lag -- (74)" in seen.row_with("STALE Stable")


async def test_connect_down_leaves_no_connector_running() -> None:
    script = flight()
    async with opened(shot(script), size=(160, 48)) as seen:
        await seen.press("5")
        assert "equal" in seen.row_with("mm2-source")
        assert "RUNNING" in seen.row_with("sink")
        await seen.show(fail(script, "connect", "mirror"))
        for name in ("mm2-source", "mm2-checkpoint", "sink"):
            row = seen.row_with(f" {name} ")
            assert row.split()[1] == "unknown"
            assert "RUNNING" not in row.split("no connection")[0]


async def test_a_registry_down_leaves_no_schema_equal() -> None:
    script = flight()
    async with opened(shot(script), size=(160, 48)) as seen:
        await seen.press("5")
        schemas = [row for row in seen.rows() if " schema " in row]
        assert any("equal" in row for row in schemas)
        await seen.show(fail(script, "target.registry"))
        schemas = [row for row in seen.rows() if " schema " in row]
        assert schemas
        assert {row.split()[1] for row in schemas} == {"unknown"}


async def test_what_a_failed_feed_told_comes_back_with_its_next_answer() -> None:
    script = flight()
    fail(script, "source.logs", "mirror")
    script.look()
    script.send(Observed(script.now_ms, MirrorSample(script.now_ms, script.now_ms, (RUNNING,), {})))
    async with opened(shot(script), size=(160, 48)) as seen:
        await seen.press("2")
        assert "STALE" not in seen.rows()[2]
