"""`cockpit bench --recording`: the figures of one recording."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cockpit.cli import exits, recordbench
from cockpit.cli.figures import Figure
from cockpit.cli.main import main
from cockpit.cli.recordmeasure import figures, samples_of
from cockpit.wire.recording import Reader
from tests.recorded import Recorded, record

NAMES = {
    "open", "open_memory", "time_line", "seek_median", "seek_p95", "seek_max", "step_median",
    "read_memory", "scrub_bar", "per_sample", "per_sample_columns", "file", "encode",
    "encode_median", "encode_p99",
}  # fmt: skip


@pytest.fixture(scope="module")
def flown(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(tmp_path_factory.mktemp("flown") / "recording.ckrec")


def test_every_figure_of_a_recorded_flight_is_told(
    flown: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    before = flown.path.read_bytes()
    assert main(["bench", "--recording", str(flown.path)]) == exits.COMPLETED
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines} == NAMES
    assert all(float(line.split()[1]) > 0 for line in lines)
    assert flown.path.read_bytes() == before


def test_bytes_a_sample_are_those_of_the_recording(flown: Recorded) -> None:
    reader = flown.reader()
    samples = sum(samples_of(one) for n in range(reader.frames) for one in reader.inputs(n))
    assert samples > 500
    found = {figure.name: figure for figure in figures(flown.path)}
    assert f"{samples} samples" in found["per_sample"].note
    assert f"{reader.frames} of {reader.frames} frames" in found["encode"].note
    size = flown.path.stat().st_size
    assert found["file"].value == size / 1e6
    assert 0 < (found["per_sample_columns"].value or 0) < (found["per_sample"].value or 0)
    # the header, which holds the plan, is not encoded anew
    assert 0.8 * size < (found["per_sample"].value or 0) * samples < 1.1 * size


def test_a_recording_without_frames_has_the_figures_that_there_are(tmp_path: Path) -> None:
    whole = record(tmp_path / "recording.ckrec").path.read_bytes()
    path = tmp_path / "begun.ckrec"
    path.write_bytes(whole[:1_500])
    assert Reader(path.read_bytes()).frames == 0
    assert [figure.name for figure in figures(path)] == ["open", "open_memory", "time_line"]


def test_the_module_tells_the_same_as_json(flown: Recorded) -> None:
    command = [sys.executable, "-m", "cockpit.cli.recordbench", "--json", "--frames", "20"]
    run = subprocess.run([*command, flown.path], check=True, capture_output=True, text=True)
    found = {one["name"]: one for one in json.loads(run.stdout)}
    assert set(found) == NAMES
    assert found["encode"]["note"].startswith("mean of a frame; 20 of ")


def test_what_is_no_recording_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (tmp_path / "none", Path(__file__)):
        assert main(["bench", "--recording", str(path)]) == exits.REFUSED
        assert str(path) in capsys.readouterr().err


def test_a_longer_session_is_made_where_recordings_are_measured_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[int, int]] = []

    def written(
        _path: Path, _name: str, *, partitions: int, seconds: int, by_core: bool = False
    ) -> Iterator[Figure]:
        made.append((partitions, seconds))
        return iter(())

    monkeypatch.setattr(recordbench, "_written", written)
    monkeypatch.setattr(recordbench, "_read", lambda *_args, **_options: iter(()))
    results = ["--results", str(tmp_path / "results.json")]
    assert main(["bench", "--only", "record", "--hours", "8", *results]) == exits.COMPLETED
    assert main(["bench", "--only", "record", *results]) == exits.COMPLETED
    assert [seconds for partitions, seconds in made if partitions == 100_000] == [28_800, 3_600]
    assert main(["bench", "--hours", "8", *results]) == exits.USAGE
