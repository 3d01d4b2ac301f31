"""The outsider finds planted loss, duplicates and disorder, and never calls silence good."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cockpit.lab import checker
from cockpit.lab.checker import FolderError, check, main

SPAN_MS = 100
"""Time between two records of the sample."""


@dataclass
class Sample:
    """A folder with one producer, one reader and one topic of two partitions."""

    folder: Path
    made: list[dict[str, object]] = field(default_factory=list)

    def row(self, seq: int, *, partition: int | None = None, cluster: str = "source") -> str:
        body = {
            "cluster": cluster,
            "topic": "t",
            "partition": seq % 2 if partition is None else partition,
            "offset": seq // 2,
            "producer": "p",
            "seq": seq,
            "at_ms": seq * SPAN_MS,
        }
        return json.dumps(body)

    def write(self, produced: list[int], consumed: list[str], *, tail: str = "") -> Path:
        workload = {"services": {"r": {"consumes": ["t"]}, "p": {"consumes": []}}}
        (self.folder / "workload.json").write_text(json.dumps(workload))
        for name, lines in (
            ("produced/p", [self.row(seq) for seq in produced]),
            ("consumed/r", consumed),
        ):
            path = self.folder / f"{name}.jsonl"
            path.parent.mkdir()
            path.write_text("".join(f"{line}\n" for line in lines) + tail)
        return self.folder


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    return Sample(tmp_path)


def test_a_whole_folder_is_whole(sample: Sample) -> None:
    folder = sample.write(list(range(100)), [sample.row(seq) for seq in range(100)])
    verdict = check(folder)
    assert (verdict.lost, verdict.duplicated, verdict.reordered) == (0, 0, 0)
    assert verdict.counts[0].settled == 50  # 100 records in 10 s, of which the last 5 s may be late


def test_a_planted_loss_is_counted_and_named(sample: Sample) -> None:
    rows = [sample.row(seq) for seq in range(100) if seq not in {7, 9}]
    verdict = check(sample.write(list(range(100)), rows))
    assert verdict.lost == 2
    assert verdict.counts[0].first_lost == "p 7 at source 1/3"
    assert verdict.duplicated == verdict.reordered == 0


def test_a_record_read_again_is_a_duplicate_wherever_it_is_read(sample: Sample) -> None:
    rows = [sample.row(seq) for seq in range(100)]
    rows.insert(60, sample.row(3, cluster="target"))
    rows.insert(61, sample.row(3))
    verdict = check(sample.write(list(range(100)), rows))
    assert (verdict.lost, verdict.duplicated, verdict.reordered) == (0, 2, 0)


def test_disorder_is_counted_within_a_partition_only(sample: Sample) -> None:
    rows = [sample.row(seq) for seq in (1, 0, 3, 2, 4, 8, 6, *range(5, 100, 2), *range(10, 100, 2))]
    verdict = check(sample.write(list(range(100)), rows))
    assert verdict.reordered == 1  # 6 after 8; 1 and 0 are in different partitions
    assert verdict.lost == 0


def test_what_a_producer_never_got_acknowledged_is_not_lost(sample: Sample) -> None:
    produced = [seq for seq in range(100) if seq != 50]
    verdict = check(sample.write(produced, [sample.row(seq) for seq in range(100)]))
    assert verdict.lost == 0
    assert verdict.counts[0].unexplained == 1


def test_records_on_their_way_are_not_lost_until_they_must_have_arrived(sample: Sample) -> None:
    folder = sample.write(list(range(100)), [sample.row(seq) for seq in range(90)])
    verdict = check(folder)
    assert (verdict.lost, verdict.counts[0].behind) == (0, 10)
    assert check(folder, until_ms=99 * SPAN_MS).lost == 10
    assert check(folder, until_ms=94 * SPAN_MS).lost == 5


def test_a_service_that_never_read_its_topic_has_lost_what_is_settled(sample: Sample) -> None:
    verdict = check(sample.write(list(range(100)), []))
    assert verdict.lost == 50


def test_a_torn_last_line_is_left_out_and_a_broken_one_is_named(sample: Sample) -> None:
    rows = [sample.row(seq) for seq in range(100)]
    folder = sample.write(list(range(100)), rows, tail='{"cluster": "sou')
    assert check(folder).lost == 0

    (folder / "consumed" / "r.jsonl").write_text(f"{rows[0]}\nnot json\n")
    with pytest.raises(FolderError, match=r"r\.jsonl line 2"):
        check(folder)


def test_the_exit_code_tells_loss_from_a_folder_that_cannot_be_read(
    sample: Sample, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(sample.folder)]) == 2
    assert "workload.json" in capsys.readouterr().err

    folder = sample.write(list(range(100)), [sample.row(seq) for seq in range(1, 100)])
    assert main([str(folder), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["lost"] == 1
    assert main([str(folder)]) == 1
    assert "first: p 0 at source 0/0" in capsys.readouterr().out


def test_the_checker_shares_no_code_with_the_rest() -> None:
    lines = Path(checker.__file__).read_text(encoding="utf-8").splitlines()
    imports = [line for line in lines if line.startswith(("import ", "from "))]
    assert imports
    assert not [line for line in imports if "cockpit" in line]


def test_it_runs_as_a_program_of_its_own(sample: Sample) -> None:
    folder = sample.write(list(range(100)), [sample.row(seq) for seq in range(100)])
    done = subprocess.run(
        [sys.executable, checker.__file__, str(folder)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("lost 0, duplicated 0, reordered 0\n")
