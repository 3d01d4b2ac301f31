"""What gates over long windows have sampled outlives the engine, whatever ends it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from cockpit.core.windows import Row
from cockpit.engine.rollup import GateRows, RollupError, parse_row, rollup_folder, row_line

HOUR_MS = 3_600_000
NOON = 1_767_614_400_000
"""2026-01-05T12:00Z."""
ROW = Row(NOON, NOON + 59_000, 60, 0, 0.0, 12.5, NOON + 3_000, 1_000)
BOOTSTRAPS = (("a:1", "b:1"), ("c:1",))


def rows_in(folder: Path, *, longest_ms: int = 24 * HOUR_MS) -> GateRows:
    return GateRows(folder, longest_ms=longest_ms)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return rollup_folder(tmp_path, "a plan", BOOTSTRAPS)


def written(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def test_rows_come_back_by_name_in_a_later_session(folder: Path) -> None:
    rows = rows_in(folder)
    rows.append([("lag x", ROW), ("signal y", ROW)], NOON)
    rows.append([("lag x", ROW)], NOON + 60_000)
    rows.close()
    assert rows_in(folder).load(NOON) == {"lag x": (ROW, ROW), "signal y": (ROW,)}


def test_files_are_a_person_s_own_from_the_first_byte(folder: Path) -> None:
    umask = os.umask(0)
    try:
        rows_in(folder).append([("lag x", ROW)], NOON)
    finally:
        os.umask(umask)
    (file,) = written(folder)
    assert file.name == "2026-01-05.rows"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("kept_bytes", [1, 10, 30])
def test_a_torn_last_line_is_left_out_and_harms_no_line_after_it(
    folder: Path, kept_bytes: int
) -> None:
    rows_in(folder).append([("lag x", ROW), ("lag x", ROW)], NOON)
    (file,) = written(folder)
    line = row_line("lag x", ROW)
    file.write_bytes(line + line[:kept_bytes])
    rows = rows_in(folder)
    assert rows.load(NOON) == {"lag x": (ROW,)}
    rows.append([("lag x", ROW)], NOON)
    assert rows_in(folder).load(NOON)["lag x"][-1] == ROW
    assert len(rows_in(folder).load(NOON)["lag x"]) == 2


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"\xff\xfe\n",
        b"00000000 []\n",
        row_line("lag x", ROW).replace(b"12.5", b"99.5"),
        row_line("k" * 300, ROW),
        b"x" * 5_000,
    ],
)
def test_a_line_that_is_not_ours_or_was_changed_is_not_believed(line: bytes) -> None:
    assert parse_row(line) is None


def test_an_infinite_value_is_kept_as_it_is() -> None:
    row = Row(1, 2, 1, 0, 3.0, float("inf"), 1, 0)
    assert parse_row(row_line("offset_delta z", row)) == ("offset_delta z", row)


def test_days_that_no_window_reaches_are_removed_and_nothing_else_is(folder: Path) -> None:
    rows = rows_in(folder)
    for day in range(6):
        rows.append([("lag x", ROW)], NOON + day * 24 * HOUR_MS)
    (folder / "2020-01-01.rows.bak").write_text("somebody else's")
    assert [path.name for path in written(folder)] == [
        "2020-01-01.rows.bak",
        *(f"2026-01-{day:02d}.rows" for day in (7, 8, 9, 10)),
    ]
    rows_in(folder, longest_ms=HOUR_MS).load(NOON + 9 * 24 * HOUR_MS)
    assert [path.name for path in written(folder)] == ["2020-01-01.rows.bak"]


def test_another_plan_or_other_clusters_have_a_folder_of_their_own(tmp_path: Path) -> None:
    here = rollup_folder(tmp_path, "a plan", BOOTSTRAPS)
    assert here == rollup_folder(tmp_path, "a plan", (("b:1", "a:1"), ("c:1",)))
    others = {
        rollup_folder(tmp_path, "b plan", BOOTSTRAPS),
        rollup_folder(tmp_path, "a plan", (("a:1",), ("c:1",))),
        rollup_folder(tmp_path, "a plan", (("c:1",), ("a:1", "b:1"))),
    }
    assert len({here, *others}) == 4


def test_a_link_or_a_full_day_is_refused_and_what_was_kept_stays(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = rows_in(folder)
    rows.append([("lag x", ROW)], NOON)
    monkeypatch.setattr("cockpit.engine.rollup.MAX_DAY_BYTES", 150)
    with pytest.raises(RollupError, match="in a day"):
        rows.append([("lag x", ROW)], NOON)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"")
    (folder / "2026-01-06.rows").symlink_to(elsewhere)
    with pytest.raises(RollupError):
        rows.append([("lag x", ROW)], NOON + 24 * HOUR_MS)
    assert elsewhere.read_bytes() == b""
    assert rows_in(folder).load(NOON) == {"lag x": (ROW,)}
