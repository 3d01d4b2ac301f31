"""Exports and imports at their edges: targets that are no files, lines that are no export's."""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import json
import os
import pty
import signal
import stat
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cockpit.cli import exits, import_
from cockpit.cli.main import main
from cockpit.cli.recordings import DamagedRecording, NoRecording, find_recording, opened
from cockpit.engine.folders import SessionFolder
from tests.recorded import record

NAME = "20261121-020000-first-move"
OTHER = "20261121-030000-first-move"
HEAD = '{"kind":"recording","schema":"cockpit recording","schema_version":1}'
PROGRAM = (sys.executable, "-P", "-m", "cockpit")
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with one session."""
    state = tmp_path_factory.mktemp("state")
    folder = state / "cockpit" / "sessions" / NAME
    folder.mkdir(parents=True)
    record(folder / "recording.ckrec", session=NAME)
    return state


@pytest.fixture(scope="module")
def lines(home: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The session as an export has it."""
    path = tmp_path_factory.mktemp("lines") / "x.jsonl"
    assert main(["export", str(recording_of(home)), "-o", str(path)]) == exits.COMPLETED
    return path.read_text().splitlines()


@pytest.fixture(autouse=True)
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(home))


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where sessions are made; there are none yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
    return tmp_path / "elsewhere" / "cockpit" / "sessions"


def recording_of(home: Path) -> Path:
    return SessionFolder(home / "cockpit" / "sessions" / NAME).recording


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# --- where it goes --------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("export", "--table", "totals"), ("report", "--format", "json")])
def test_what_is_no_file_is_written_into_and_stays_what_it_is(
    words: tuple[str, ...], tmp_path: Path, capsys: Capture
) -> None:
    queue = tmp_path / "f.out"
    os.mkfifo(queue)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(queue.read_bytes()), daemon=True)
    reader.start()
    assert main([*words, "-o", str(queue)]) == exits.COMPLETED
    assert stat.S_ISFIFO(queue.stat().st_mode)
    reader.join(10)
    assert main([*words]) == exits.COMPLETED
    assert read[0].decode().splitlines() == capsys.readouterr().out.splitlines()
    assert names_in(tmp_path) == ["f.out"]


@pytest.mark.parametrize("words", [("export", "--table", "totals"), ("report",)])
def test_a_link_stays_and_what_it_leads_to_is_written(
    words: tuple[str, ...], tmp_path: Path, capsys: Capture
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    for name, before in (("old", "what was there"), ("new", None)):
        target, link = kept / name, tmp_path / f"to-{name}"
        if before is not None:
            target.write_text(before)
        link.symlink_to(target)
        assert main([*words, "-o", str(link)]) == exits.COMPLETED
        assert link.is_symlink()
        assert len(target.read_text()) > 100
    assert names_in(kept) == ["new", "old"]
    device = tmp_path / "nowhere"
    device.symlink_to("/dev/null")
    assert main([*words, "-o", str(device)]) == exits.COMPLETED
    assert stat.S_ISCHR(device.stat().st_mode)
    assert names_in(tmp_path) == ["kept", "nowhere", "to-new", "to-old"]
    capsys.readouterr()


def test_who_cannot_be_written_to_is_named_and_not_the_recording(
    tmp_path: Path, capsys: Capture
) -> None:
    for output, why in (
        (tmp_path / "none" / "x.csv", "No such file or directory"),
        (tmp_path, "Is a directory"),
    ):
        assert main(["export", "--table", "totals", "-o", str(output)]) == exits.FAILED
        assert capsys.readouterr().err == f"{output}: {why}\n"


@pytest.mark.parametrize("table", [(), ("--table", "totals")])
def test_who_has_read_enough_of_an_export_hears_nothing(home: Path, table: tuple[str, ...]) -> None:
    command = [*PROGRAM, "export", NAME, *table]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "XDG_STATE_HOME": str(home)},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        if not table:
            assert len(process.stdout.read(50)) == 50
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == exits.INTERRUPTED


def test_a_full_device_is_no_success(home: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*PROGRAM, "export", NAME, "--table", "totals"],
            stdout=full,
            stderr=subprocess.PIPE,
            env={**os.environ, "XDG_STATE_HOME": str(home)},
            check=False,
        )
    assert done.returncode == exits.FAILED
    assert done.stderr == b"standard output: No space left on device\n"


def told(lines: list[str], text: str) -> list[str]:
    """The export with a text of its first event replaced."""
    number = next(n for n, line in enumerate(lines) if json.loads(line).get("told"))
    frame = json.loads(lines[number])
    frame["told"][0]["text"] = text
    return [*lines[:number], json.dumps(frame), *lines[number + 1 :]]


def imported(lines: list[str], tmp_path: Path) -> int:
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return main(["import", str(path)])


@pytest.mark.usefixtures("elsewhere")
def test_half_a_surrogate_pair_in_a_text_keeps_nothing_from_being_written(
    lines: list[str], tmp_path: Path, capsys: Capture
) -> None:
    assert imported(told(lines, "odd \ud800 text"), tmp_path) == exits.COMPLETED
    table = tmp_path / "t.csv"
    assert main(["export", "--table", "events", "-o", str(table)]) == exits.COMPLETED
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"), newline="")))
    assert "odd \\ud800 text" in {row["text"] for row in rows}
    for name in ("r.md", "r.html", "r.json"):
        assert main(["report", "-o", str(tmp_path / name)]) == exits.COMPLETED
        assert "odd" in (tmp_path / name).read_text(encoding="utf-8")
    capsys.readouterr()


def on_a_terminal(*words: str) -> bytes:
    """What a command writes to a terminal."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, *words], stdin=subprocess.DEVNULL, stdout=slave, stderr=subprocess.PIPE
    ) as process:
        os.close(slave)
        written = b""
        while True:
            try:
                more = os.read(master, 65_536)
            except OSError:  # nobody holds its other end any more
                break
            written += more
        os.close(master)
        assert process.wait(30) == exits.COMPLETED
    return written


@pytest.mark.usefixtures("elsewhere")
def test_a_table_on_a_terminal_cannot_drive_it(
    lines: list[str], tmp_path: Path, capsys: Capture
) -> None:
    assert imported(told(lines, "\x1b]0;owned\x07\x1b[2J"), tmp_path) == exits.COMPLETED
    capsys.readouterr()
    written = on_a_terminal("export", "--table", "events")
    assert b"owned" in written
    assert b"\x1b" not in written
    assert "␍".encode() not in written, "the ends of the rows are no text"
    assert main(["export", "--table", "events"]) == exits.COMPLETED
    assert "\x1b]0;owned\x07\x1b[2J" in capsys.readouterr().out, "for a program as it was"


# --- what comes back ------------------------------------------------------------------------------


def test_an_imported_session_is_the_newest_until_there_is_another(
    elsewhere: Path, lines: list[str], tmp_path: Path, capsys: Capture
) -> None:
    (elsewhere / "20260101-000000-older").mkdir(parents=True)
    assert imported(lines, tmp_path) == exits.COMPLETED
    assert imported(lines, tmp_path) == exits.COMPLETED
    oldest, *imports = names_in(elsewhere)
    assert oldest == "20260101-000000-older"
    assert len(imports) == 2
    assert all("-imported-x" in name for name in imports)
    (elsewhere / "29991231-000000-later").mkdir()
    assert find_recording(None).name == imports[-1]
    capsys.readouterr()


def with_life(lines: list[str], **changes: object) -> str:
    return json.dumps({**json.loads(lines[1]), **changes})


def with_frame(lines: list[str], change: Callable[[dict[str, Any]], object]) -> list[str]:
    """The export up to its first frame, which is changed."""
    number = next(n for n, line in enumerate(lines) if json.loads(line)["kind"] == "frame")
    frame = json.loads(lines[number])
    change(frame)
    return [*lines[:number], json.dumps(frame)]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda ls: [HEAD], "no life"),
        (lambda ls: [HEAD, with_life(ls, at_ms=2**70)], "line 2: at_ms"),
        (lambda ls: [HEAD, with_life(ls, at_ms=2**62)], "line 2: at_ms"),
        (lambda ls: [HEAD, with_life(ls, at_ms="x")], "line 2: at_ms"),
        (lambda ls: [HEAD, with_life(ls, head=5)], "line 2: head"),
        (lambda ls: [HEAD, with_life(ls, head={})], "line 2: head"),
        (lambda ls: [HEAD, "[" * 200_000], "line 2: nested too deeply"),
        (lambda ls: [HEAD, "9" * 5_000], "line 2: "),
        (lambda ls: [HEAD, '{"kind":"life"}'], "line 2: at_ms is missing"),
        (lambda ls: [HEAD, '{"kind":["life"]}'], "line 2: a line of a kind that is not known"),
        (lambda ls: [*ls[:2], '{"kind":"table"}'], "line 3: names is missing"),
        (lambda ls: [*ls[:2], '{"kind":"table","number":0,"names":[["a"]]}'], "line 3: "),
        (lambda ls: [*ls[:2], '{"kind":"table","number":0,"names":5}'], "line 3: "),
        (lambda ls: [*ls[:2], '{"kind":"event","at_ms":1,"content":5}'], "line 3: content"),
        (lambda ls: with_frame(ls, lambda f: f.update(told={"a": 1})), "told is no list"),
        (lambda ls: with_frame(ls, lambda f: f.update(told=["x"])), "told is no list"),
        (lambda ls: with_frame(ls, lambda f: f["shown"]["document"].update(at_ms=2**70)), "at_ms"),
        (lambda ls: with_frame(ls, lambda f: f["shown"].update(document=[])), "document"),
        (lambda ls: with_frame(ls, lambda f: f["shown"].update(columns=[])), "columns"),
        (lambda ls: with_frame(ls, lambda f: f.update(shown=[1])), "shown"),
        (lambda ls: with_frame(ls, lambda f: f.update(shown=None)), "shown"),
        (lambda ls: with_frame(ls, lambda f: f.update(inputs=5)), "inputs"),
        (lambda ls: with_frame(ls, lambda f: f.update(inputs=[5])), "inputs"),
        (lambda ls: with_frame(ls, lambda f: f["inputs"][0].update(slot=5)), "slot"),
        (lambda ls: with_frame(ls, lambda f: f["inputs"][0].update(columns={})), "columns"),
        (lambda ls: with_frame(ls, lambda f: f["inputs"][0].update(columns=[5])), "columns"),
        (lambda ls: with_frame(ls, lambda f: f["inputs"][0].update(document=5)), "document"),
        (
            lambda ls: with_frame(ls, lambda f: f["inputs"][0]["document"].update(at_ms=2**70)),
            "",
        ),
    ],
)
def test_a_line_that_is_not_understood_is_told_in_words_and_leaves_nothing(
    elsewhere: Path,
    lines: list[str],
    tmp_path: Path,
    capsys: Capture,
    change: Callable[[list[str]], list[str]],
    why: str,
) -> None:
    wrong = change(lines)
    assert imported(wrong, tmp_path) == exits.FAILED
    said = capsys.readouterr().err
    assert why in said
    assert f"line {len(wrong)}: " in said
    for raw in ("' object", "indices", "argument", "subscriptable", "Error", "int too", "required"):
        assert raw not in said
    assert names_in(elsewhere) == []


def test_bytes_that_are_no_text_are_told_with_their_line(
    elsewhere: Path, lines: list[str], tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes("\n".join(lines[:2]).encode() + b'\n{"kind":"\xff"}\n')
    assert main(["import", str(path)]) == exits.FAILED
    assert f"{path}: line 3: not UTF-8" in capsys.readouterr().err
    assert names_in(elsewhere) == []


def test_a_line_without_an_end_is_not_read_to_its_end(
    elsewhere: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_, "MAX_LINE_BYTES", 1_000_000)
    path = tmp_path / "endless.jsonl"
    with path.open("wb") as file:
        file.truncate(64_000_000)
    tracemalloc.start()
    try:
        assert main(["import", str(path)]) == exits.FAILED
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16_000_000
    assert "line 1: longer than any line of an export" in capsys.readouterr().err
    assert names_in(elsewhere) == []


def test_an_import_that_is_interrupted_leaves_nothing(
    elsewhere: Path, lines: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(import_, "_describe", interrupted)
    assert imported(lines, tmp_path) == exits.INTERRUPTED
    assert names_in(elsewhere) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_an_import_that_a_signal_ends_leaves_nothing(
    elsewhere: Path, lines: list[str], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    elsewhere.mkdir(parents=True, mode=0o700)
    with _importing(lines, tmp_path, elsewhere) as importing:
        assert [name[:11] for name in names_in(elsewhere)] == [".importing-"]
        importing.send_signal(number)
        assert importing.wait(30) == code
    assert names_in(elsewhere) == []


def test_what_a_killed_import_has_left_goes_with_the_next_one(
    elsewhere: Path, lines: list[str], tmp_path: Path
) -> None:
    with _importing(lines, tmp_path, elsewhere) as first:
        assert imported(lines, tmp_path) == exits.COMPLETED
        left, session = names_in(elsewhere)  # the one that is under way is not touched
        first.kill()
    assert left.startswith(".importing-")
    assert imported(lines, tmp_path) == exits.COMPLETED
    assert len(names_in(elsewhere)) == 2
    assert session in names_in(elsewhere)
    assert not [name for name in names_in(elsewhere) if name.startswith(".")]


@contextlib.contextmanager
def _importing(lines: list[str], folder: Path, sessions: Path) -> Iterator[subprocess.Popen[bytes]]:
    """An import in a process of its own, in the middle of a file that does not end."""
    queue = folder / "endless.jsonl"
    os.mkfifo(queue)
    # whoever started the tests may have turned Ctrl-C off for all that they start
    heard = "import signal, sys; signal.signal(2, signal.default_int_handler); "
    program = f"{heard}from cockpit.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "import", str(queue)]
    with (
        subprocess.Popen(command, stderr=subprocess.DEVNULL) as process,
        queue.open("w") as file,
    ):
        file.write("\n".join(lines[: len(lines) // 2]) + "\n")
        file.flush()
        until = 400
        while until and not any(any(path.iterdir()) for path in sessions.glob(".importing-*")):
            until -= 1
            threading.Event().wait(0.05)
        yield process
        process.kill()


# --- which session --------------------------------------------------------------------------------


def test_a_beginning_of_more_than_one_name_is_refused_with_the_names(
    elsewhere: Path, capsys: Capture
) -> None:
    for name in (NAME, OTHER, f"{OTHER}-1"):
        (elsewhere / name).mkdir(parents=True)
        SessionFolder(elsewhere / name).recording.touch()
    with pytest.raises(NoRecording, match=f"3 sessions.*{NAME}.*{OTHER}"):
        find_recording("20261121")
    assert main(["export", "20261121"]) == exits.REFUSED
    assert OTHER in capsys.readouterr().err
    assert find_recording(OTHER).name == OTHER, "a whole name is no beginning of another"
    assert find_recording("20261121-02").name == NAME
    assert find_recording(None).name == f"{OTHER}-1"


@pytest.mark.parametrize("command", ["export", "report", "tune", "replay"])
@pytest.mark.parametrize("name", ["2099", "./2099", "x" * 5_000, "/" + "x" * 5_000])
def test_a_session_that_is_not_there_is_refused_by_every_command_in_a_line(
    command: str, name: str, capsys: Capture
) -> None:
    assert main([command, name]) == exits.REFUSED
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert len(said) < 300


def test_what_goes_wrong_while_a_recording_is_open_is_not_held_against_it() -> None:
    with pytest.raises(FileNotFoundError), opened(find_recording(NAME)):
        Path("/nowhere/at/all").read_bytes()
    with pytest.raises(BrokenPipeError), opened(find_recording(NAME)):
        raise BrokenPipeError(32, "Broken pipe")


def test_a_disk_that_cannot_read_the_recording_is_held_against_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    read = os.pread

    def failing(file: int, count: int, place: int) -> bytes:
        if place > 1_000:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(file, count, place)

    path = find_recording(NAME).path
    with opened(find_recording(NAME)) as reader:
        monkeypatch.setattr(os, "pread", failing)
        with pytest.raises(DamagedRecording, match=f"{path}: Input/output error"):
            reader.snapshot(reader.frames - 1)
    assert main(["export", NAME, "-o", str(tmp_path / "x")]) in (exits.FAILED, exits.REFUSED)
    assert capsys.readouterr().err == f"{path}: Input/output error\n"
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("words", [("export", "--table", "totals"), ("report",)])
def test_a_device_that_is_full_is_named(words: tuple[str, ...], capsys: Capture) -> None:
    assert main([*words, "-o", "/dev/full"]) == exits.FAILED
    assert capsys.readouterr().err == "/dev/full: No space left on device\n"
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)
