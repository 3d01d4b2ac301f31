"""A producing wave with a second mirror on real clusters: it comes back after it has written on the
target, and nothing is lost, read twice or out of order."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from cockpit.cli import exits
from cockpit.lab.access import ADMIN, MIRROR
from cockpit.lab.checker import check
from cockpit.lab.looking import Status
from cockpit.lab.mirror import SOURCE_CONNECTOR
from tests.flights.real import Event, drill_signal, drilled_plan, fly, write_plan
from tests.flights.test_lab import assert_nothing_lost, runs_on, until

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]

REVERSE = "mm2-reverse"


def connect(lab: Status) -> str:
    return str(lab.as_json()["connect"])


def get(lab: Status, what: str) -> Any:  # JSON
    return httpx.get(f"{connect(lab)}/connectors/{what}", trust_env=False).json()


def reverse_connector(lab: Status) -> None:
    """The forward mirror's config the other way round, for the wave's own topic, by a super user,
    waiting."""
    forward = get(lab, f"{SOURCE_CONNECTOR}/config")
    config: dict[str, str] = {}
    for key, value in forward.items():
        swapped = {"source.": "target.", "target.": "source."}
        side = next((s for s in swapped if key.startswith(f"{s}cluster.")), None)
        config[swapped[side] + key.removeprefix(side) if side else key] = value
    config |= {
        "name": REVERSE,
        "topics": "shop[.]prices",
        "source.cluster.alias": "target",
        "target.cluster.alias": "source",
        "sync.topic.acls.enabled": "false",
        "sync.topic.configs.enabled": "false",
        "offset-syncs.topic.location": "target",
    }
    for side in ("source", "target"):
        key = f"{side}.cluster.sasl.jaas.config"
        jaas = config[key].replace(f'"{MIRROR}"', f'"{ADMIN}"')
        config[key] = jaas.replace(f":{MIRROR}}}", f":{ADMIN}}}")
    # Connect's producer writes to the worker's own cluster, unless it is told otherwise
    for key in ("bootstrap.servers", "security.protocol", "sasl.mechanism", "sasl.jaas.config"):
        config[f"producer.override.{key}"] = config[f"target.cluster.{key}"]
    body = {"name": REVERSE, "config": config, "initial_state": "STOPPED"}
    reply = httpx.post(f"{connect(lab)}/connectors", json=body, trust_env=False)
    assert reply.status_code == 201, reply.text


def reversing_plan(content: Any) -> Any:  # what YAML gave
    """Wave pricing with a fence for its producers only and the second mirror before the start."""
    wave = next(wave for wave in content["waves"] if wave["name"] == "pricing")
    steps: list[Any] = []
    for step in wave["steps"]:
        if step == "start":
            steps.append({"reverse": {"connector": REVERSE}})
        steps.append(step)
    for step in steps:
        if isinstance(step, dict) and "fence" in step:
            step["fence"]["deny"] = "producers"
    wave["steps"] = [*steps, {"soak": {"for": "6s"}}]
    wave["rollback"].pop("after_no_return", None)
    return content


def test_a_wave_with_a_second_mirror_comes_back_after_it_has_written_on_the_target(
    own_lab: Status, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    reverse_connector(own_lab)
    with drill_signal() as drill:
        drilled = drilled_plan(
            own_lab.folder / "plan-exact.yaml", drill, own_lab.folder / "drilled.yaml"
        )
        content = reversing_plan(yaml.safe_load(drilled.read_text()))
        plan = write_plan(content, own_lab.folder / "reversing.yaml")

        def trip(event: Event) -> None:
            soaked = event["kind"] == "step_done" and event["step"] == "soak"
            if soaked and event["wave"] == "pricing" and runs_on(own_lab, "pricing") == "target":
                time.sleep(1.0)
                drill.value = 0.5

        flight = fly(plan, state, trip)
        drill.value = 0.0
    assert flight.exit_code == exits.ROLLED_BACK, flight.story()
    kinds = flight.kinds()
    assert "point_of_no_return" in kinds
    assert "fence_escaped" not in kinds
    assert runs_on(own_lab, "pricing") == "source"
    assert runs_on(own_lab, "search") == "target"
    assert get(own_lab, f"{REVERSE}/status")["connector"]["state"] == "STOPPED"
    assert get(own_lab, f"{SOURCE_CONNECTOR}/status")["connector"]["state"] == "RUNNING"
    until(lambda: bool(get(own_lab, f"{SOURCE_CONNECTOR}/status")["tasks"]))
    assert "topics.exclude" not in get(own_lab, f"{SOURCE_CONNECTOR}/config")
    assert_nothing_lost(own_lab)
    verdict = check(own_lab.folder)
    assert (verdict.duplicated, verdict.reordered) == (0, 0)
