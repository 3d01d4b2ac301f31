"""Copying over SSH: the way that works here, and a sentence that claims no more than was done."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cockpit.tui.copying import MAX_BASE64, as_block, as_markdown, osc_52, send, through_screen
from tests.tui import fixtures
from tests.tui.seen import opened
from tests.tui.test_run import PROGRAM, on_a_terminal, read_until

OSC_52 = re.compile(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")


class Tmux:
    """A tmux that succeeds as it is told."""

    def __init__(self, *results: bool) -> None:
        self.results = list(results)
        self.asked: list[tuple[str, ...]] = []

    async def __call__(self, *arguments: str, text: bytes) -> bool:
        self.asked.append(arguments)
        return self.results.pop(0)


async def test_a_plain_terminal_gets_the_sequence() -> None:
    out: list[str] = []
    said = await send("orders/3: 40\u00e4", {"TERM": "xterm"}, write=out.append)
    found = OSC_52.fullmatch("".join(out))
    assert found is not None
    assert base64.b64decode(found[1]).decode() == "orders/3: 40\u00e4"
    assert said.startswith("14 bytes sent to the terminal; whether it took them")


async def test_no_sentence_says_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for environment, tmux in (
        ({}, Tmux()), ({"STY": "1"}, Tmux()), ({"TMUX": "x"}, Tmux(True)),
        ({"TMUX": "x"}, Tmux(False, True)), ({"TMUX": "x"}, Tmux(False, False)),
        ({"TERM": "linux"}, Tmux()),
    ):  # fmt: skip
        said = await send("text", environment, write=lambda _: None, tmux=tmux)
        assert "copied" not in said.replace(str(tmp_path), "")
        assert "4 bytes" in said


async def test_tmux_is_asked_first_and_an_old_one_keeps_it() -> None:
    out: list[str] = []
    new, old = Tmux(True), Tmux(False, True)
    said = await send("x", {"TMUX": "a"}, write=out.append, tmux=new)
    assert "in tmux's buffer" in said
    assert "pasting shows" in said
    assert "in tmux's buffer" in await send("x", {"TMUX": "a"}, write=out.append, tmux=old)
    assert new.asked == [("load-buffer", "-w", "-")]
    assert old.asked == [("load-buffer", "-w", "-"), ("load-buffer", "-")]
    assert out == []


async def test_gnu_screen_gets_short_pieces_that_make_the_whole() -> None:
    out: list[str] = []
    await send("y" * 500, {"STY": "1.pts"}, write=out.append)
    pieces = re.findall(r"\x1bP(.*?)\x1b\\", out[0], re.DOTALL)
    assert "".join(pieces) == osc_52("y" * 500)
    assert max(map(len, pieces)) <= 76
    assert through_screen(osc_52("y" * 500)) == out[0]


async def test_what_is_too_long_goes_into_a_private_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    out: list[str] = []
    said = await send("z" * MAX_BASE64, {}, write=out.append)
    (path,) = tmp_path.iterdir()  # noqa: ASYNC240
    assert out == []
    assert str(path) in said
    assert path.read_text() == "z" * MAX_BASE64
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_in_the_text_can_drive_a_terminal_where_it_is_pasted() -> None:
    text = as_markdown("t", [("a\x1b[2J", "b\nrm -rf /\x07")]) + as_block("t\x9b", ["\x1b]0;x\x07"])
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    assert "rm" in text.splitlines()[2], "a line feed in data makes no line"


@pytest.fixture
def real_tmux(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """A server of its own; its socket."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not here")
    socket = str(tmp_path / "tmux")
    command = ["tmux", "-S", socket, "-f", "/dev/null"]
    subprocess.run([*command, "new-session", "-d", "sleep 60"], check=True)
    monkeypatch.setenv("TMUX", f"{socket},1,0")
    yield socket
    subprocess.run(["tmux", "-S", socket, "kill-server"], check=False)


async def test_a_real_tmux_without_a_terminal_has_the_text_and_no_more_is_claimed(
    real_tmux: str,
) -> None:
    said = await send("lag of orders/3", os.environ, write=lambda _: None)
    assert "in tmux's buffer" in said
    assert "sent" not in said
    shown = subprocess.run(  # noqa: ASYNC221
        ["tmux", "-S", real_tmux, "show-buffer"], capture_output=True, text=True, check=True
    )
    assert shown.stdout == "lag of orders/3"


async def test_y_sends_the_row_and_a_held_y_sends_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    out: list[str] = []
    async with opened() as seen:
        monkeypatch.setattr(seen.app.board.tools, "_write", out.append)
        await seen.press("2", "j", "y", "y", "y", then_s=0.2)
        assert "bytes sent to the terminal" in seen.rows()[-2]
        (sequence,) = out
        text = base64.b64decode(OSC_52.findall(sequence)[0]).decode()
        assert text.startswith("**payments-week, lag by partition") or "payments-week" in text
        assert "- " in text
        assert seen.session.intents == []


async def test_y_sends_a_pane_without_rows_and_an_open_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[str] = []
    async with opened(fixtures.fired()) as seen:
        monkeypatch.setattr(seen.app.board.tools, "copy", sent.append)
        await seen.press("6", "y", "h", "y", "q")
        assert "replication_lag" in sent[0]
        assert sent[0].count("```") == 2
        assert sent[1].startswith("**")
        assert len(sent) == 2


def test_y_reaches_a_real_terminal() -> None:
    with on_a_terminal(PROGRAM, environ={"TMUX": "", "STY": ""}) as (_, master):
        read_until(master, b"FENCED")
        os.write(master, b"6y")
        data = read_until(master, b"sent to the terminal")
        (encoded,) = OSC_52.findall(data.decode(errors="replace"))
        assert "payments-week" in base64.b64decode(encoded).decode()
