"""`cockpit archive`: what is kept of a migration, whole and unchanged."""

from __future__ import annotations

import csv
import io
import json
import stat
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from cockpit.cli import exits
from cockpit.cli.archive import decisions
from cockpit.cli.main import main
from cockpit.cli.packing import packed, unpacked
from cockpit.engine.folders import SessionFolder
from cockpit.engine.journal import Journal
from cockpit.sim.demo import demo_plan
from tests.plan.given import SAMPLES
from tests.recorded import record

PLAN = SAMPLES / "minimal.yaml"
FIRST, SECOND = "20260101-000000-first", "20260102-000000-second"
PLACED = {
    "text": "audit resumes on target: =1+1",
    "group": "audit",
    "side": "target",
    "reread_max_records": 3,
    "skipped_max_records": 0,
}


@pytest.fixture
def flown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two flights of the plan, the second without a recording, and one of another plan."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    name = next(line for line in PLAN.read_text().splitlines() if line.startswith("name:"))
    home = tmp_path / "state" / "cockpit" / "sessions"
    for session in (FIRST, SECOND, "20260103-000000-other"):
        folder = SessionFolder(home / session)
        folder.path.mkdir(parents=True)
        plan = "another" if session.endswith("other") else name.partition(":")[2].strip()
        folder.meta.write_text(json.dumps({"plan": plan}))
        folder.plan.write_text(PLAN.read_text())
        journal = Journal(folder.journal)
        journal.append("flight_started", 1_000, {"plan": plan, "waves": []})
        journal.append("offsets_placed", 2_000, PLACED)
        journal.close()
    record(SessionFolder(home / FIRST).recording)
    return tmp_path


def archived(*options: str) -> Mapping[str, bytes]:
    assert main(["archive", str(PLAN), "--no-inventory", *options]) == exits.UNKNOWN
    (path,) = Path.cwd().glob("*.tar.gz")
    return unpacked(path)


def test_everything_of_the_plans_flights_is_in_it_and_nothing_else(flown: Path) -> None:
    found = archived()
    home = flown / "state" / "cockpit" / "sessions"
    for session in (FIRST, SECOND):
        for name in ("plan.yaml", "journal.jsonl"):
            assert found[f"sessions/{session}/{name}"] == (home / session / name).read_bytes()
    whole = (home / FIRST / "recording.ckrec").read_bytes()
    assert found[f"sessions/{FIRST}/recording.ckrec"] == whole
    assert b"<html" in found[f"sessions/{FIRST}/report.html"]
    assert not [name for name in found if "other" in name]
    assert found["plan.yaml"] == PLAN.read_bytes()


def test_what_is_missing_is_said_and_why(flown: Path) -> None:
    manifest = json.loads(archived()["manifest.json"])
    assert manifest["missing"] == {
        "inventory": "not asked for",
        f"{SECOND}/recording.ckrec": "not there",
    }
    assert manifest["sessions"] == [FIRST, SECOND]


def test_where_groups_were_placed_comes_from_the_journals_and_is_no_formula(flown: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(archived()["placed.csv"].decode())))
    assert [row["session"] for row in rows] == [FIRST, SECOND]
    assert {row["reread_max_records"] for row in rows} == {"3"}


def test_a_journal_that_was_changed_is_packed_and_named(flown: Path) -> None:
    journal = flown / "state" / "cockpit" / "sessions" / FIRST / "journal.jsonl"
    journal.write_text(journal.read_text().replace("audit", "audis"))
    found = archived()
    assert found[f"sessions/{FIRST}/journal.jsonl"] == journal.read_bytes()
    missing = json.loads(found["manifest.json"])["missing"]
    assert f"{FIRST}: places of its groups" in missing


def test_it_is_private_and_the_same_again(flown: Path) -> None:
    archived("-o", "one.tar.gz")
    one = Path("one.tar.gz")
    assert stat.S_IMODE(one.stat().st_mode) == 0o600
    before = one.read_bytes()
    archived("-o", "one.tar.gz")
    assert one.read_bytes() == before
    assert {path.name for path in flown.iterdir()} == {"state", "one.tar.gz"}


def test_clusters_that_are_gone_are_missing_not_empty(flown: Path) -> None:
    plan = flown / "plan.yaml"
    plan.write_text(PLAN.read_text())
    assert main(["archive", str(plan), "-o", "gone.tar.gz"]) == exits.UNKNOWN
    manifest = json.loads(unpacked(Path("gone.tar.gz"))["manifest.json"])
    assert any(name.startswith("inventory") for name in manifest["missing"])


def test_a_half_written_archive_never_takes_the_name(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    path.write_bytes(b"the one before")

    def breaks() -> None:
        with packed(path, "a") as pack:
            pack.text("b", "c")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        breaks()
    assert path.read_bytes() == b"the one before"
    assert [p.name for p in tmp_path.iterdir()] == ["a.tar.gz"]


def test_a_file_that_was_changed_in_the_archive_is_found(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.tar.gz", tmp_path / "bad.tar.gz"
    with packed(good, "a") as pack:
        pack.text("journal.jsonl", "what was written")
        pack.close()
    with tarfile.open(good) as old, tarfile.open(bad, "w:gz") as new:
        for info in old:
            data = old.extractfile(info)
            assert data is not None
            content = data.read().replace(b"was written", b"was changed")
            info.size = len(content)
            new.addfile(info, io.BytesIO(content))
    assert unpacked(good)["journal.jsonl"] == b"what was written"
    with pytest.raises(ValueError, match=r"journal\.jsonl is not what was packed"):
        unpacked(bad)


def test_every_topic_and_group_of_the_plan_has_its_row() -> None:
    plan, tables = demo_plan(), dict(decisions(demo_plan()))
    topics = list(csv.DictReader(io.StringIO(tables["topics.csv"])))
    assert [row["topic"] for row in topics] == list(plan.topics())
    assert {row["wave"] for row in topics} == {"writers"}
    groups = list(csv.DictReader(io.StringIO(tables["offsets.csv"])))
    assert [row["group"] for row in groups] == list(plan.groups())
