"""Commands on recordings with a damaged record: what is left is worked out, the rest is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cockpit.cli import exits
from cockpit.cli.main import main
from cockpit.wire.records import DELTA, EVENT, HEADER, KEY, TABLE
from tests.recorded import record
from tests.replay.damage import FIRST, LAST, MIDDLE, flipped, of_two_lives, records

DAMAGES = [
    pytest.param(DELTA, FIRST, id="first D"),
    pytest.param(DELTA, MIDDLE, id="middle D"),
    pytest.param(DELTA, LAST, id="last D"),
    pytest.param(KEY, FIRST, id="K"),
    pytest.param(TABLE, LAST, id="P"),
]
OTHER = "waves.readers.gates.0.max=1"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return record(tmp_path_factory.mktemp("flown") / "recording.ckrec").path.read_bytes()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "damaged.ckrec"


@pytest.mark.parametrize(("kind", "where"), DAMAGES)
def test_a_report_is_written_and_says_what_it_lacks(
    whole: bytes, path: Path, kind: int, where: float, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_bytes(flipped(whole, kind, where))
    assert main(["report", str(path)]) == exits.COMPLETED
    done = capsys.readouterr()
    assert done.out.startswith("# Migration review: first-move")
    assert "damaged.ckrec: the recording is damaged at byte" in done.err
    assert "left out of the proposed tolerances" in done.err
    assert "moments are left out" in done.err


@pytest.mark.parametrize(("kind", "where"), DAMAGES)
def test_what_the_other_session_has_seen_is_proposed(
    whole: bytes, path: Path, kind: int, where: float, capsys: pytest.CaptureFixture[str]
) -> None:
    good = path.with_name("good.ckrec")
    good.write_bytes(whole)
    path.write_bytes(flipped(whole, kind, where))
    assert main(["tune", str(good), "--json"]) == exits.COMPLETED
    alone = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert main(["tune", str(good), str(path), "--json"]) == exits.COMPLETED
    done = capsys.readouterr()
    both = [json.loads(line) for line in done.out.splitlines()]
    assert [one["path"] for one in both] == [one["path"] for one in alone]
    assert all(b["known"] >= a["known"] for a, b in zip(alone, both, strict=True))
    assert f"left out: {path}: engine 1: the recording is damaged at byte" in done.err


def test_what_was_seen_before_damage_counts_as_a_session(
    whole: bytes, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_bytes(flipped(whole, DELTA, MIDDLE))
    assert main(["tune", str(path), "--json"]) == exits.COMPLETED
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["sessions"] for row in rows} == {1}
    assert max(row["span_ms"] for row in rows) > 0


def test_a_session_that_cannot_be_opened_does_not_take_the_others_along(
    whole: bytes, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_bytes(whole)
    assert main(["tune", "2099", str(path)]) == exits.FAILED
    done = capsys.readouterr()
    assert "waves.readers.gates.0  replication_lag" in done.out
    assert "no session" in done.err or "no such" in done.err


@pytest.mark.parametrize(("kind", "where"), DAMAGES)
def test_verify_sums_up_what_could_be_worked_out(
    whole: bytes, path: Path, kind: int, where: float, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_bytes(flipped(whole, kind, where))
    assert main(["replay", str(path), "--verify"]) == exits.UNKNOWN
    text = capsys.readouterr().out
    assert "not worked out: engine 1: the recording is damaged at byte" in text
    assert "0 differ;" in text.splitlines()[-1]
    assert main(["replay", str(path), "--verify", "--json"]) == exits.UNKNOWN
    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert told["exit_code"] == exits.UNKNOWN
    assert told["differences"] == 0
    assert len(told["skipped"]) == len(told["damages"]) == 1


@pytest.mark.parametrize("where", [FIRST, 0.25])
def test_the_life_behind_a_damaged_one_is_worked_out(
    whole: bytes, path: Path, where: float, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_bytes(whole)
    main(["replay", str(path), "--verify", "--json"])
    frames = json.loads(capsys.readouterr().out)["frames"]
    path.write_bytes(flipped(of_two_lives(whole), DELTA, where))
    assert main(["replay", str(path), "--verify", "--json"]) == exits.UNKNOWN
    told = json.loads(capsys.readouterr().out)
    assert frames <= told["frames"] < 2 * frames
    assert told["exact"] == told["frames"]
    assert main(["replay", str(path), "--set", OTHER, "--json"]) == exits.UNKNOWN
    *rows, last = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["path"] for row in rows if row["what"] == "advance"][-1] == "waves.readers"
    assert last["what"] == "summary"
    assert last["counts"]["advance"] >= 1
    assert "engine 1" in last["skipped"][0]


def test_moments_that_nobody_can_count_are_not_taken_for_none(
    whole: bytes, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without an index a damaged head leaves bytes that are no record."""
    cut = flipped(whole, DELTA, MIDDLE, head=True)
    path.write_bytes(cut[: cut.rindex(b"\xc5CKI")])
    assert main(["replay", str(path), "--verify", "--json"]) == exits.UNKNOWN
    told = json.loads(capsys.readouterr().out)
    assert told["differences"] == 0
    assert told["frames"] == told["exact"] > 10
    assert any("bytes at byte" in why for why in told["skipped"])


def test_a_moment_lost_right_before_a_sync_point_is_not_passed_over(
    whole: bytes, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next one can be read without it, and yet what led to it is not known."""
    (key,) = records(whole, KEY)
    deltas = records(whole, DELTA)
    last = sum(one.offset < key.offset for one in deltas) - 1
    cut = flipped(whole, DELTA, last / (len(deltas) - 1), head=True)
    path.write_bytes(cut[: cut.rindex(b"\xc5CKI")])
    assert main(["replay", str(path), "--verify", "--json"]) == exits.UNKNOWN
    told = json.loads(capsys.readouterr().out)
    assert (told["frames"], told["differences"]) == (last, 0)
    assert "are lost; " in told["skipped"][0]


@pytest.mark.parametrize(("kind", "where"), [(DELTA, MIDDLE), (DELTA, LAST), (KEY, FIRST)])
def test_other_tolerances_are_tried_as_far_as_it_goes(
    whole: bytes, path: Path, kind: int, where: float, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_bytes(flipped(whole, kind, where))
    assert main(["replay", str(path), "--set", OTHER]) == exits.UNKNOWN
    text = capsys.readouterr().out
    assert "advance waves.readers: was accepted, would be refused" in text
    assert "not worked out: engine 1" in text
    assert text.splitlines()[-1].startswith("as far as it could be worked out, would have been")


@pytest.mark.parametrize("kind", [DELTA, HEADER])
def test_nothing_that_can_be_worked_out_is_no_difference(
    whole: bytes, path: Path, kind: int, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_bytes(flipped(whole, kind, FIRST))
    assert main(["replay", str(path), "--set", OTHER]) == exits.UNKNOWN
    done = capsys.readouterr()
    assert "damaged at byte" in done.out + done.err
    assert "would have been decided" not in done.out


@pytest.mark.parametrize("head", [False, True])
def test_a_damaged_event_is_mentioned(
    *, whole: bytes, path: Path, head: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_bytes(flipped(whole, EVENT, head=head))
    assert main(["replay", str(path), "--verify"]) == exits.COMPLETED
    text = capsys.readouterr().out
    assert "the recording is damaged at byte" in text
    assert "0 differ;" in text.splitlines()[-1]
    assert main(["replay", str(path), "--verify", "--json"]) == exits.COMPLETED
    assert len(json.loads(capsys.readouterr().out)["damages"]) == 1
    assert main(["report", str(path)]) == exits.COMPLETED
    assert "the recording is damaged at byte" in capsys.readouterr().err


def test_a_torn_end_is_no_damage_but_is_told(
    whole: bytes, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_bytes(whole[: whole.rindex(b"\xc5CKD") + 40])
    assert main(["replay", str(path), "--verify"]) == exits.COMPLETED
    text = capsys.readouterr().out
    assert "in a record that is not whole" in text
    assert "is damaged" not in text
