"""Readiness and stragglers of the lab's real clusters, before anything has moved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cockpit.cli import exits
from cockpit.lab.workload import WORKLOAD
from tests.cli.test_commands import cockpit

if TYPE_CHECKING:
    from cockpit.lab.looking import Status

pytestmark = pytest.mark.broker


def test_each_gate_of_the_lab_says_what_it_lacks(lab: Status, tmp_path: Path) -> None:
    path = str(lab.as_json()["plan"])
    done = cockpit("readiness", path, "--json", state=tmp_path, within_s=120)
    assert done.returncode == exits.FAILED, done.stderr
    gates = {gate["gate"]: gate for gate in json.loads(done.stdout)["gates"]}
    replication = [finding["word"] for finding in gates["replication"]["findings"]]
    assert replication == ["note", "missing"], gates["replication"]  # its lag; nobody owns it
    assert "replication lag" in gates["replication"]["findings"][0]["text"]
    assert any("acl" in f["text"] for f in gates["inventory"]["findings"])
    places = [finding["text"] for finding in gates["offsets"]["findings"]]
    groups = len({work.group for work in WORKLOAD if work.group})
    assert any(
        text.startswith("the mirror carries all commits of ") and f" of {groups} groups" in text
        for text in places
    ), places
    for gate in gates.values():
        assert gate["owner"] is None
        assert any("nobody owns it" in finding["text"] for finding in gate["findings"])


def test_who_works_on_the_source_is_met(lab: Status, tmp_path: Path) -> None:
    path = str(lab.as_json()["plan"])
    words = ("stragglers", path, "--all", "--watch", "6s", "--every", "2s", "--json")
    done = cockpit(*words, state=tmp_path, within_s=120)
    assert done.returncode == exits.FAILED, done.stderr
    *met, summary = [json.loads(line) for line in done.stdout.splitlines()]
    assert met
    found = summary["stragglers"]
    readers = {one["name"] for one in found if one["kind"] == "reader"}
    assert readers == {work.group for work in WORKLOAD if work.group}
    written = " ".join(one["where"] for one in found if "writer" in one["kind"])
    assert any(topic in written for work in WORKLOAD for topic in work.produces)
    assert summary["unread"] == {}
