"""A rehearsal that is kept is a session as any other: the same seed gives the same bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cockpit.cli import exits
from cockpit.cli.main import main
from cockpit.cli.retention import described
from cockpit.engine.folders import SessionFolder

MINIMAL = Path(__file__).parents[2] / "sample-plans" / "minimal.yaml"
UNCUT = "1h"
"""Longer than any wait of the plan: it is flown as it is."""
NOTHING = "signal-down"
"""A fault that this plan gives nothing to act on: one calm flight."""


def keep(folder: Path, *words: str, longest: str = "5s") -> int:
    return main(["rehearse", str(MINIMAL), "--longest", longest, "--keep", str(folder), *words])


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_seed_gives_the_same_journal_and_recording(tmp_path: Path) -> None:
    for name in ("one", "two"):
        keep(tmp_path / name, "--seed", "3")
    assert sorted(files(tmp_path / "one")) == [
        *("journal.jsonl", "plan.yaml", "recording.ckrec", "session.json"),
    ]
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_a_kept_rehearsal_is_verified_replayed_and_reported_and_says_that_it_is_simulated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "kept"
    assert keep(folder, "--faults", NOTHING, longest=UNCUT) == exits.COMPLETED
    assert f"kept, SIMULATED: {folder}" in capsys.readouterr().out
    assert main(["verify", str(folder)]) == exits.COMPLETED
    assert capsys.readouterr().out.startswith("SIMULATED: ")
    assert main(["verify", str(folder), "--json"]) == exits.COMPLETED
    assert json.loads(capsys.readouterr().out)["simulated"] is True
    assert main(["replay", str(folder), "--verify"]) == exits.COMPLETED
    capsys.readouterr()
    assert main(["report", str(folder)]) == exits.COMPLETED
    assert "clusters: simulated" in capsys.readouterr().out
    one = described(SessionFolder(folder))
    assert (one.simulated, "SIMULATED completed" in one.line()) == (True, True)


def test_a_rehearsal_with_shorter_waits_says_why_its_verdicts_are_not_worked_out_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "kept"
    keep(folder, "--seed", "3")
    capsys.readouterr()
    assert main(["replay", str(folder), "--verify"]) == exits.UNKNOWN
    assert "took waits of the plan shorter" in "".join(capsys.readouterr())


def test_two_flights_are_kept_in_a_folder_each(tmp_path: Path) -> None:
    assert keep(tmp_path / "kept") == exits.COMPLETED
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["back", "calm"]
    for name in ("back", "calm"):
        assert main(["verify", str(tmp_path / "kept" / name)]) == exits.COMPLETED


def test_a_folder_that_is_there_is_not_written_into(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keep(tmp_path) == exits.USAGE
    assert f"{tmp_path} is there already" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    assert keep(tmp_path / "no" / "where") == exits.USAGE
    assert f"{tmp_path / 'no'} is no folder" in capsys.readouterr().err


def test_keeping_changes_nothing_in_a_flight(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = []
    for words in ((), ("--keep", str(tmp_path / "kept"))):
        main(["rehearse", str(MINIMAL), "--longest", "5s", "--seed", "3", "--json", *words])
        events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        told.append([{k: v for k, v in event.items() if k != "kept"} for event in events])
    assert told[0] == told[1]
