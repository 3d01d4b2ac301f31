"""What a rehearsal tells of a flight on which something went wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cockpit.cli import exits
from cockpit.cli.main import main

PLAN = """\
cockpit: 1
name: mine
source:
  bootstrap: [kafka-old-1.example.internal:9092]
  security: {protocol: sasl_plaintext, mechanism: scram-sha-512, username: cockpit,
             password: "${env:SOURCE_PASSWORD}"}
  canary: {username: canary, password: "${env:CANARY_PASSWORD}"}
target:
  bootstrap: [kafka-new-1.example.internal:9092]
  security: {protocol: sasl_plaintext, mechanism: scram-sha-512, username: cockpit,
             password: "${env:TARGET_PASSWORD}"}
replication:
  kind: mirrormaker2
  connect: http://connect.example.internal:8083
  connectors: {source: mirror-source, checkpoint: mirror-checkpoint}
signals:
  checkout-errors: {http: "http://x.example.internal/status", path: errors.ratio, unit: ratio}
services:
  - name: ledger
    principal: "User:ledger"
    consumes: [orders]
    group: ledger
    stop: {http: {url: "http://x.example.internal/ledger/stop"}}
    start: {http: {url: "http://x.example.internal/ledger/start"}}
    undo: {http: {url: "http://x.example.internal/ledger/undo"}}
  - name: checkout
    principal: "User:checkout"
    produces: [orders]
    stop: {http: {url: "http://x.example.internal/checkout/stop"}}
    start: {http: {url: "http://x.example.internal/checkout/start"}}
    undo: {http: {url: "http://x.example.internal/checkout/undo"}}
waves:
  - name: readers
    services: [ledger]
    write_owner: {before: source, after: source}
    gates: [{replication_lag: {max: 100, for: 5s}}, parity]
    steps: [stop, offsets, start, {soak: {for: 10s}}]
    rollback:
      on_trigger: rollback
      triggers: [{signal: {name: checkout-errors, max: 0.5%, for: 1s}}]
  - name: writers
    services: [checkout]
    write_owner: {before: source, after: target}
    gates: [{replication_lag: {max: 100, for: 5s}}, parity]
    steps: [stop, {fence: {deadline: 60s, at_zero: unfence}}, drain, start, {soak: {for: 60s}}]
    rollback:
      on_trigger: pause
      triggers: [{signal: {name: checkout-errors, max: 0.5%, for: 1s}}]
"""
"""Two waves, each of which a burst of errors ends: the second one pauses for it."""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN)
    return path


def test_what_a_person_was_warned_of_is_told(
    plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (str(plan), "--seed", "2", "--faults", "escaping-writer")
    assert main(["rehearse", *words]) == exits.COMPLETED
    out = capsys.readouterr().out
    assert "bad  after 0:00:32: a writer escapes the fence on the source: orders/3 by 1" in out
    assert "warn after 0:00:30: producers of orders start on the target" in out


def test_a_wave_that_is_left_to_a_person_says_what_stands_and_what_going_back_costs(
    plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (str(plan), "--seed", "1", "--faults", "error-burst")
    code, out = main(["rehearse", *words]), capsys.readouterr().out
    assert code == exits.STOPPED
    assert "    wave writers stands: going back: not possible since 02:00:32Z" in out
    assert "    the fence on orders stands, as the wave needs it; down:\n      kafka-acls.sh" in out
    assert "here none was touched" in out
    assert main(["rehearse", *words, "--json"]) == code
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["left_over"] == []
    assert last["going_back"]["word"] == "closed"
    assert last["fence"]["topics"] == ["orders"]


def test_what_a_simulated_flight_has_left_over_is_told_with_what_clears_it(
    plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (str(plan), "--seed", "8")
    assert main(["rehearse", *words, "--json"]) == exits.STOPPED
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    (one,) = last["left_over"]
    assert one["kind"] == "settings"
    assert "/connectors/mirror-source/config" in one["command"]
    assert last["fence"] is None
    main(["rehearse", *words])
    assert f"    left over: {one['text']}; cleared by:" in capsys.readouterr().out


def test_no_option_is_named_that_a_rehearsal_does_not_have(
    plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (str(plan), "--seed", "9", "--faults", "error-burst")
    assert main(["rehearse", *words]) == exits.STOPPED
    out = capsys.readouterr().out
    assert "a person decides (without a screen: --accept-loss of cockpit run)" in out


def test_how_long_clients_stood_still_is_one_number(
    plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And at most: it ends where a group was seen at work, not where its start was answered."""
    main(["rehearse", str(plan), "--seed", "1", "--faults", "error-burst", "--json"])
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    by_wave = {e["wave"]: e["blocked_ms"] for e in events if e["kind"] == "wave_rehearsed"}
    told = {each["wave"]: each["blocked_ms"] for each in events[-1]["clients_blocked"]}
    assert told == by_wave
    (proved,) = (e["at_ms"] for e in events if e.get("text", "").startswith("readers: start done"))
    (stop,) = (e["at_ms"] for e in events if e.get("text") == "stop service ledger")
    assert by_wave["readers"] == proved - stop
