"""The commands as a script meets them: output, exit codes, and never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cockpit.cli import exits
from cockpit.cli.attach import code_of
from cockpit.cli.main import COMMANDS, build_parser
from cockpit.cli.output import clean
from cockpit.cli.run import event_line
from cockpit.engine.folders import FlightTaken, flight_lock, new_session, session_lock
from cockpit.plan.loader import load_plan_file
from cockpit.tui.result import LeaveReason, ScreenResult

ROOT = Path(__file__).resolve().parents[2]

FIVE_MISTAKES = """\
cockpit: 1
name: five
source: {bootstrap: ["localhost:1"], security: {protocol: plaintext}}
target: {bootstrap: [], security: {protocol: plaintext}}
replication: {kind: mirrormaker2, connect: "http://localhost:1",
  connectors: {source: a, checkpoint: b}}
services:
  - {name: one, principal: "User:one", consumes: [t], group: g, offsets: {resume: translated},
     stop: {manual: "stop"}, start: {manual: "start"}, undo: {manual: "undo"}, colour: red}
waves:
  - name: w
    services: [one, two]
    write_owner: {before: source, after: source}
    steps: [stop, offsets, start, {soak: {for: 1:30}}]
    gates: [{replication_lag: {max: many}}]
"""


def cockpit(
    *arguments: str, state: Path, within_s: int = 60, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "cockpit", *arguments],
        capture_output=True,
        text=True,
        timeout=within_s,
        cwd=state,
        env={
            **os.environ,
            "XDG_STATE_HOME": str(state),
            "XDG_RUNTIME_DIR": str(state),
            **environment,
        },
        check=False,
    )


@pytest.mark.parametrize("name", [name for name, _ in COMMANDS])
def test_every_command_has_help(name: str, tmp_path: Path) -> None:
    done = cockpit(name, "--help", state=tmp_path)
    assert done.returncode == 0
    assert f"cockpit {name}" in done.stdout


def test_help_names_every_command_and_every_exit_code() -> None:
    text = build_parser("").format_help()
    for name, _ in COMMANDS:
        assert name in text
    for code, meaning in exits.MEANINGS.items():
        assert f"{code} {meaning}" in " ".join(text.split())


def test_the_readme_names_every_command() -> None:
    readme = (ROOT / "README.md").read_text()
    for name, _ in COMMANDS:
        assert f"cockpit {name}" in readme, name


def test_a_plan_with_five_mistakes_names_all_five_with_their_places(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(FIVE_MISTAKES)
    done = cockpit("check", str(plan), state=tmp_path)
    assert done.returncode == exits.USAGE
    assert "Traceback" not in done.stderr
    for line, word in (
        (4, "an empty list"),
        (9, "colour"),
        (12, "two"),
        (14, "1:30"),
        (15, "many"),
    ):
        found = [x for x in done.stderr.splitlines() if x.startswith(f"{plan}:{line}:")]
        assert any(word in text for text in found), (line, word, done.stderr)


def test_run_refuses_an_invalid_plan_and_starts_nothing(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(FIVE_MISTAKES)
    done = cockpit("run", str(plan), "--headless", state=tmp_path)
    assert done.returncode == exits.USAGE
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "cockpit").exists()


def valid_plan(tmp_path: Path) -> Path:
    """A valid plan whose clusters and mirror are closed ports on loopback."""
    text = (
        FIVE_MISTAKES.replace("bootstrap: []", 'bootstrap: ["127.0.0.1:2"]')
        .replace(", colour: red", "")
        .replace("[one, two]", "[one]")
        .replace("1:30", "90s")
        .replace("many", "5")
        .replace("localhost", "127.0.0.1")
    )
    plan = tmp_path / "plan.yaml"
    plan.write_text(text)
    return plan


def test_a_wave_to_begin_at_must_exist(tmp_path: Path) -> None:
    plan = valid_plan(tmp_path)
    done = cockpit("run", str(plan), "--headless", "--from", "nobody", state=tmp_path)
    assert done.returncode == exits.USAGE
    assert "no wave is called nobody: there are w" in done.stderr


def test_unreachable_clusters_are_named_before_anything_starts(tmp_path: Path) -> None:
    done = cockpit("run", str(valid_plan(tmp_path)), "--headless", state=tmp_path)
    assert done.returncode == exits.FAILED
    assert "Traceback" not in done.stderr
    for side in ("source: unreachable", "target: unreachable", "mirror: unreachable"):
        assert side in done.stderr
    assert "nothing was started" in done.stderr


def test_no_drill_begins_where_nobody_says_where_the_brokers_are(tmp_path: Path) -> None:
    """`--no-preflight` does not leave that out."""
    plan = valid_plan(tmp_path)
    text = plan.read_text().replace("cockpit: 1\n", "cockpit: 1\ndrills: allowed\n")
    drill = "{drill: {do: cut-connection, on: target, expect: {alarm: brokers of target}}}"
    plan.write_text(text.replace("steps: [stop,", f"steps: [{drill}, stop,"))
    done = cockpit("run", str(plan), "--headless", "--no-preflight", state=tmp_path)
    assert "where the brokers of source are is not known: unreachable" in done.stderr
    assert done.returncode == exits.REFUSED


def test_every_way_out_ends_with_a_result_for_a_script(tmp_path: Path) -> None:
    invalid = tmp_path / "invalid.yaml"
    invalid.write_text(FIVE_MISTAKES)
    for plan, outcome, code, word in (
        (invalid, "invalid", exits.USAGE, "an empty list"),
        (valid_plan(tmp_path), "failed", exits.FAILED, "source: unreachable"),
    ):
        done = cockpit("run", str(plan), "--headless", "--json", state=tmp_path)
        assert done.returncode == code
        (line,) = done.stdout.splitlines()
        last = json.loads(line)
        assert (last["kind"], last["outcome"], last["exit_code"]) == ("result", outcome, code)
        assert (last["waves"], last["lost"], last["duplicated"]) == ([], None, None)
        assert last["measured_by"] is None
        assert word in last["why"]


def test_clusters_that_are_being_flown_are_refused_and_the_flight_named(tmp_path: Path) -> None:
    path = valid_plan(tmp_path)
    plan = load_plan_file(path)
    home = str(tmp_path / "runtime")
    runtime = {"XDG_RUNTIME_DIR": home}
    sides = (plan.source.bootstrap, plan.target.bootstrap)
    lock = flight_lock(runtime, plan.name, sides, session="the-first")
    try:
        arguments = ("run", str(path), "--headless", "--json", "--no-preflight")
        done = cockpit(*arguments, state=tmp_path, XDG_RUNTIME_DIR=home)
        with pytest.raises(FlightTaken):
            flight_lock(runtime, plan.name, sides, session="another")
    finally:
        os.close(lock)
    assert done.returncode == exits.REFUSED
    assert "cockpit attach the-first" in done.stderr
    assert json.loads(done.stdout)["outcome"] == "refused"
    (file,) = (tmp_path / "runtime" / "cockpit").glob("*.lock")
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_lock_knows_clusters_by_their_brokers_in_any_order_and_ends_with_its_holder(
    tmp_path: Path,
) -> None:
    runtime = {"XDG_RUNTIME_DIR": str(tmp_path)}
    held = flight_lock(runtime, "p", (["a:1", "b:1"], ["c:1"]), session="one")
    with pytest.raises(FlightTaken) as caught:
        flight_lock(runtime, "p", (["b:1", "a:1"], ["c:1"]), session="two")
    assert caught.value.session == "one"
    os.close(flight_lock(runtime, "p", (["c:1"], ["a:1", "b:1"]), session="the way back"))
    os.close(held)
    os.close(flight_lock(runtime, "p", (["a:1", "b:1"], ["c:1"]), session="two"))


@pytest.mark.parametrize(
    ("reason", "outcome", "code"),
    [
        ("quit", "", exits.COMPLETED),
        ("hang-up", "", exits.COMPLETED),
        ("session ended", "completed", exits.COMPLETED),
        ("session ended", "rolled_back", exits.ROLLED_BACK),
        ("session ended", "failed", exits.FAILED),
        ("quit", "stopped", exits.STOPPED),
        ("session ended", "", exits.UNKNOWN),
        ("terminated", "", exits.TERMINATED),
        ("failed", "", exits.INTERNAL),
    ],
)
def test_a_screen_ends_with_the_code_of_its_flight(
    reason: LeaveReason, outcome: str, code: int
) -> None:
    assert code_of(ScreenResult(reason, outcome)) == code


def test_a_note_cannot_forge_a_second_line() -> None:
    line = event_line({"at_ms": 0, "kind": "note", "text": "fine\n00:00:01Z wave done"})
    assert "\n" not in line
    assert line == "00:00:00Z fine\u240a00:00:01Z wave done"


def test_without_a_terminal_the_screen_is_refused_and_the_way_out_named(tmp_path: Path) -> None:
    done = cockpit("run", str(valid_plan(tmp_path)), state=tmp_path)
    assert done.returncode == exits.USAGE
    assert "--headless" in done.stderr


@pytest.mark.parametrize("command", ["attach", "status"])
def test_without_a_flight_there_is_nothing_to_look_at(command: str, tmp_path: Path) -> None:
    done = cockpit(command, state=tmp_path)
    assert done.returncode == exits.REFUSED
    assert "no flight is under way" in done.stderr


def test_the_demo_tells_each_event_as_json_and_how_it_ended(tmp_path: Path) -> None:
    done = cockpit("demo", "--headless", "--seed", "4", "--json", state=tmp_path)
    assert done.returncode == exits.COMPLETED, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["seq"] for event in events[:-1]] == list(range(1, len(events)))
    kinds = [event["kind"] for event in events]
    assert kinds.count("wave_rolled_back") == 1
    assert "trigger" in kinds
    last = events[-1]
    assert last["outcome"] == "completed"
    assert last["lost"] == 0
    assert 0 <= last["duplicated"] <= last["predicted_duplicates_max"]
    assert last["measured_by"] == "simulation"
    assert {wave["state"] for wave in last["waves"]} == {"done"}


def test_where_there_is_no_terminal_the_demo_flies_without_the_screen(tmp_path: Path) -> None:
    done = cockpit("demo", state=tmp_path)
    assert done.returncode == exits.COMPLETED
    assert "flying without the screen" in done.stderr
    assert "SIMULATED completed: 0 lost" in done.stdout


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    first, again, other = (
        cockpit("demo", "--headless", "--json", "--seed", seed, state=tmp_path, TZ=zone).stdout
        for seed, zone in (("5", "UTC"), ("5", "Asia/Tokyo"), ("6", "UTC"))
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    "words",
    [
        ("rehearse", "sample-plans/minimal.yaml"),
        ("rehearse", "sample-plans/minimal.yaml", "--json"),
        ("demo", "--headless", "--json"),
    ],
)
def test_a_reader_who_has_enough_ends_the_command_without_a_word(words: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "cockpit", *words],
            stdout=writing,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            check=False,
        )
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (exits.INTERRUPTED, b"")


def test_an_unknown_command_is_a_usage_error(tmp_path: Path) -> None:
    done = cockpit("explode", state=tmp_path)
    assert done.returncode == exits.USAGE
    assert "Traceback" not in done.stderr


def test_nothing_that_a_terminal_would_obey_is_printed() -> None:
    hostile = "a\x1b]52;c;eA==\x07b\x9bc\u202ed\rf"
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in clean(hostile))
    assert "\u202e" not in clean(hostile)


def test_a_session_has_one_engine_even_if_the_runtime_folder_went_with_a_login(
    tmp_path: Path,
) -> None:
    folder = new_session(tmp_path, "p", stamp="20260101-000000")
    held = session_lock(folder)
    with pytest.raises(FlightTaken):
        session_lock(folder)
    os.close(held)
    os.close(session_lock(folder))
