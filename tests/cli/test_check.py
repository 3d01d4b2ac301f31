"""`cockpit check` and `cockpit schema`, as a person or a script calls them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cockpit.cli import exits
from cockpit.cli.main import main

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLES = ROOT / "sample-plans"
GOOD = SAMPLES / "payments-week.yaml"
FIVE = SAMPLES / "broken" / "five-mistakes.yaml"


def test_a_good_plan_is_summed_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(GOOD)]) == exits.COMPLETED
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "payments-week (PROD): the plan is valid"
    for part in (
        "1 readers: ledger, fraud-report",
        "confirm, stop, fence, drain, offsets, start, soak 30m",
        "topics  2: orders, payments",
        "groups  3: ledger, fraud-report-v2, settlement",
    ):
        assert part in out
    assert all(": warning: " in line for line in err.splitlines())


def test_every_problem_is_a_line_that_an_editor_can_jump_to(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check", str(FIVE)]) == exits.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    *lines, total = err.splitlines()
    assert total == "5 problems"
    assert len(lines) == 5
    assert lines[0].startswith(f"{FIVE}:3:7: 'first move' is not a name")
    assert lines[-1].endswith("unknown service 'chekout' (did you mean checkout?)")


def test_json_of_a_good_plan(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--json", str(GOOD)]) == exits.COMPLETED
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert err == ""
    assert found["valid"] is True
    assert found["problems"] == []
    assert [wave["name"] for wave in found["waves"]] == ["readers", "writers"]
    assert found["waves"][0]["steps"] == ["stop", "offsets", "start", "soak"]
    assert found["topics"] == ["orders", "payments"]
    assert len(found["warnings"]) == 5


def test_json_of_a_broken_plan(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--json", str(FIVE)]) == exits.USAGE
    found = json.loads(capsys.readouterr().out)
    assert found["valid"] is False
    assert len(found["problems"]) == 5
    assert found["problems"][0]["line"] == 3
    assert "name" not in found


def test_missing_secrets_are_warnings_unless_they_are_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    minimal = str(SAMPLES / "minimal.yaml")
    for name in ("SOURCE_PASSWORD", "CANARY_PASSWORD", "TARGET_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    assert main(["check", minimal]) == exits.COMPLETED
    assert capsys.readouterr().err.count("warning: environment variable") == 3
    assert main(["check", "--secrets", minimal]) == exits.USAGE
    assert "environment variable SOURCE_PASSWORD is not set" in capsys.readouterr().err
    for name in ("SOURCE_PASSWORD", "CANARY_PASSWORD", "TARGET_PASSWORD"):
        monkeypatch.setenv(name, "hunter2Zebra")
    assert main(["check", "--secrets", minimal]) == exits.COMPLETED
    out, err = capsys.readouterr()
    assert "hunter2Zebra" not in out + err


@pytest.mark.skipif(os.getuid() != 0, reason="root is one of the plan's people")
@pytest.mark.parametrize(
    ("people", "said"),
    [
        ("{unix_group: users, roles: {root: driver, daemon: checker}}",
         ["daemon cannot reach an engine here: not in the Unix group users"]),
        ("{unix_group: no-such, roles: {root: driver, daemon: checker}}",
         ["this machine has no Unix group no-such",
          "daemon cannot reach an engine here: not in the Unix group no-such"]),
        ("{unix_group: daemon, roles: {root: driver, daemon: checker, kim-and-ann: observer}}",
         ["this machine has no user kim-and-ann"]),
        ("{roles: {root: driver, daemon: checker}}",
         ["daemon cannot reach an engine here: the plan names no unix_group"]),
        ("{roles: {root: driver}}", []),
    ],
)  # fmt: skip
def test_people_who_cannot_reach_an_engine_here_are_warnings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], people: str, said: list[str]
) -> None:
    plan = tmp_path / "plan.yaml"
    minimal = (SAMPLES / "minimal.yaml").read_text()
    plan.write_text(minimal.replace("waves:\n", f"people: {people}\nwaves:\n"))
    assert main(["check", str(plan)]) == exits.COMPLETED
    err = capsys.readouterr().err
    found = [line.partition("people: ")[2] for line in err.splitlines() if "people: " in line]
    assert found == said


@pytest.mark.parametrize(
    ("value", "is_warned"),
    [
        ("hunt5", True),
        ("hunt56", False),
        ('required username="u" password="hunt5";', True),
        ('required username="u" password="hunt56";', False),
        ("https://me:hunt5@registry.example", True),
    ],
)
def test_a_secret_that_is_too_short_to_be_masked_is_a_warning_with_its_place(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, value: str, is_warned: bool
) -> None:
    minimal = str(SAMPLES / "minimal.yaml")
    for name in ("SOURCE_PASSWORD", "CANARY_PASSWORD"):
        monkeypatch.setenv(name, "hunter2Zebra")
    monkeypatch.setenv("TARGET_PASSWORD", value)
    assert main(["check", "--secrets", minimal]) == exits.COMPLETED
    out, err = capsys.readouterr()
    said = [line for line in err.splitlines() if "not masked" in line]
    assert len(said) == is_warned
    assert all("TARGET_PASSWORD: a secret of less than 6 characters" in line for line in said)
    assert "hunt5" not in out + err


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"\x00", b"- a", b"{", b'"\\e": 1', b"a: \xc2\x9b"]
)
def test_no_file_makes_a_traceback(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(content)
    assert main(["check", str(path)]) == exits.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith("problems\n" if "problems" in err else "1 problem\n")
    assert err.replace("\n", "").isprintable()


@pytest.mark.parametrize("name", ["none.yaml", ".", "\x1b[2J.yaml", os.fsdecode(b"\xff.yaml")])
def test_a_path_that_cannot_be_read_is_a_problem(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(tmp_path / name)]) == exits.USAGE
    _, err = capsys.readouterr()
    assert err.replace("\n", "").isprintable()
    assert main(["check", "--json", str(tmp_path / name)]) == exits.USAGE
    assert json.loads(capsys.readouterr().out)["valid"] is False


def test_letters_that_a_terminal_lacks_make_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    text = (SAMPLES / "minimal.yaml").read_text()
    path.write_text(text.replace("group: ledger", "group: l\u00e9dger"), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "cockpit", "check", str(path)],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert r"groups  1: l\xe9dger" in done.stdout


def test_the_schema_is_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == exits.COMPLETED
    schema = json.loads(capsys.readouterr().out)
    assert schema["title"] == "cockpit plan"
    assert "waves" in schema["properties"]


@pytest.mark.parametrize("words", [["check", str(GOOD)], ["schema"]])
def test_only_yaml_is_loaded(words: list[str]) -> None:
    program = (
        "import sys\nfrom cockpit.cli.main import main\n"
        f"main({words!r})\n"
        "print(*{m.split('.')[0] for m in sys.modules}, sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.splitlines())
    assert "yaml" in loaded
    assert not loaded & {"aiokafka", "httpx", "textual", "rich", "numpy", "plotext"}


def test_what_can_never_be_known_of_offsets_outside_kafka_is_a_warning(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = GOOD.read_text()
    begun = text.index("  - name: fraud-report")
    old = "    stop: {manual: Pause the fraud-report job"
    at = text.index(old, begun)
    head = "\n".join(
        line for line in text[begun:at].splitlines() if not line.strip().startswith("offsets:")
    )
    path = tmp_path / "plan.yaml"
    path.write_text(text[:begun] + head + "\n    offsets: {resume: external}\n" + text[at:])
    assert main(["check", str(GOOD)]) == exits.COMPLETED
    assert "group_lag" not in capsys.readouterr().err
    assert main(["check", str(path)]) == exits.COMPLETED
    err = capsys.readouterr().err
    (line,) = [line for line in err.splitlines() if "group_lag" in line]
    assert (
        "warning: wave readers: its trigger group_lag is never known, so that every soak of it"
        " fails, and it never fires: fraud-report keeps its offsets outside Kafka"
    ) in line
    number = int(line.split(":")[1])
    assert path.read_text().splitlines()[number - 1].startswith("  - name: readers")
