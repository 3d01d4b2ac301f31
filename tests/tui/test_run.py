"""The screen on a real pseudo-terminal: what it refuses, how it starts, how it is left."""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from cockpit.cli.options import add_screen_options, is_remote
from cockpit.tui.result import ScreenRefusedError
from cockpit.tui.run import make_app, refuse_unfit_terminal
from tests.tui import fixtures
from tests.tui.sessions import PlayedSession

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {}, {"TERM": ""}, {"TERM": "unknown"}])
def test_a_dumb_terminal_is_refused_with_the_way_out(environment: dict[str, str]) -> None:
    with pytest.raises(ScreenRefusedError, match="--headless"):
        refuse_unfit_terminal(environment, is_terminal=True)


def test_a_pipe_is_refused_and_a_terminal_is_not() -> None:
    with pytest.raises(ScreenRefusedError, match="--headless"):
        refuse_unfit_terminal({"TERM": "xterm"}, is_terminal=False)
    refuse_unfit_terminal({"TERM": "xterm"}, is_terminal=True)


def test_no_color_takes_the_monochrome_theme_and_a_wrong_name_is_told() -> None:
    session = PlayedSession()
    plain = make_app(session, user="ana", environment={"NO_COLOR": "1"})
    assert plain.theme == "cockpit-mono"
    wrong = make_app(session, user="ana", theme="nope", environment={})
    assert wrong.theme == "cockpit-dark"
    assert "nope" in wrong._notice


def test_a_user_s_own_theme_is_found_and_a_broken_one_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "cockpit" / "themes"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text("like: light\n")
    (folder / "bad.yaml").write_text("7")
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    app = make_app(PlayedSession(), user="ana", theme="mine", environment=environment)
    assert (app.theme, app._notice) == ("cockpit-mine", "")
    app = make_app(PlayedSession(), user="ana", theme="bad", environment=environment)
    assert app.theme == "cockpit-dark"
    assert "bad.yaml line 1" in app._notice


PROGRAM = """
import sys
from cockpit.tui.run import run_screen
from tests.tui import fixtures
from tests.tui.sessions import AnsweringSession
session = AnsweringSession(fixtures.fenced())
result = run_screen(session, user="ana")
heavy = sorted({"plotext", "aiokafka", "httpx"} & set(sys.modules))
print(f"LEFT {result.reason} closed={session.closed} heavy={heavy}", flush=True)
"""


OF_THE_TESTS_OWN = {
    "LANG", "LC_ALL", "LC_CTYPE", "NO_COLOR", "COCKPIT_THEME", "TEXTUAL_COLOR_SYSTEM",
    "LINES", "COLUMNS",
}  # fmt: skip
"""What would make the child's look another. The last two are set by readline, which pytest loads:
its workers have them, and Textual believes them more than the terminal."""


@contextmanager
def on_a_terminal(
    program: str, columns: int = 80, rows: int = 24, environ: Mapping[str, str] | None = None
) -> Iterator[tuple[int, int]]:
    """A child on a pseudo-terminal of its own: its pid and the master's file descriptor."""
    size = struct.pack("HHHH", rows, columns, 0, 0)
    pid, master = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, size)  # before anything can ask for it
        os.chdir(ROOT)
        of_old = {k: v for k, v in os.environ.items() if k not in OF_THE_TESTS_OWN}
        environment = {**of_old, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        environment.update(environ or {})
        os.execve(sys.executable, [sys.executable, "-c", program], environment)
    try:
        yield pid, master
    finally:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        with suppress(OSError):
            os.close(master)


def read_until(master: int, mark: bytes, within_s: float = 30.0) -> bytes:
    """Everything the child wrote, up to and with `mark`."""
    end = time.perf_counter() + within_s
    data = b""
    while mark not in data:
        left = end - time.perf_counter()
        assert left > 0, data[-2000:]
        ready, _, _ = select.select([master], [], [], left)
        if ready:
            try:
                data += os.read(master, 65536)
            except OSError:
                break
    assert mark in data, data[-2000:]
    return data


def wait_gone(pid: int, within_s: float = 10.0) -> int:
    """The exit status of a child that must end soon."""
    end = time.perf_counter() + within_s
    while time.perf_counter() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        time.sleep(0.02)
    raise AssertionError("the screen did not end")


def test_the_first_paint_loads_nothing_heavy_and_q_y_leaves() -> None:
    with on_a_terminal(PROGRAM) as (pid, master):
        data = read_until(master, b"FENCED")
        assert b"\x1b[?1000h" not in data, "the mouse stays off"
        os.write(master, b"q")
        read_until(master, b"leave the screen?")
        os.write(master, b"y")
        left = read_until(master, b"heavy=[]")
        assert b"LEFT quit closed=True heavy=[]" in left
        assert b"\x1b[?1049l" in left, "the terminal is restored"
        assert wait_gone(pid) == 0


TOLD = """
import os, sys

def told(event, arguments):
    if event == "import" and arguments[0] in ("numpy", "cockpit.core.machine"):
        os.write(2, b"[" + arguments[0].encode() + b"]")

sys.addaudithook(told)
"""


def test_the_first_paint_comes_before_numpy_and_the_machine_is_never_loaded() -> None:
    program = (
        TOLD
        + """
from cockpit.tui.run import run_screen

class Session:
    seat, past = "", ()
    async def snapshots(self):
        from tests.tui import fixtures
        yield fixtures.fenced()
    async def submit(self, intent): ...
    async def close(self): ...

run_screen(Session(), user="ana")
"""
    )
    with on_a_terminal(program) as (_, master):
        before = read_until(master, b"[numpy]")
        assert b"waiting for the engine" in before
        assert b"[cockpit.core.machine]" not in before + read_until(master, b"FENCED")


COLOURS = re.compile(rb"\x1b\[(?:[\d;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[\d;]*)?m")
OF_MANY = re.compile(rb"\x1b\[[\d;]*[34]8;[25];[\d;]*m")
UTF_8 = {"LC_ALL": "C.UTF-8"}


def drawn(**environ: str) -> bytes:
    """What the screen writes until it is whole, in this environment."""
    with on_a_terminal(PROGRAM, environ={**UTF_8, **environ}) as (_, master):
        return read_until(master, b"leave")  # the last word of the last row


def test_no_color_sends_no_colour_at_all() -> None:
    assert COLOURS.search(drawn())
    assert not COLOURS.search(drawn(NO_COLOR="1"))
    assert OF_MANY.search(drawn(NO_COLOR="")), "an empty one asks for nothing"


@pytest.mark.parametrize("term", ["xterm", "screen", "linux"])
def test_a_terminal_of_16_colours_is_sent_no_others(term: str) -> None:
    data = drawn(TERM=term, COLORTERM="")
    assert COLOURS.search(data)
    assert not OF_MANY.search(data)


def test_over_ssh_256_colours_are_sent_and_no_more() -> None:
    data = drawn(COLORTERM="")
    assert b"8;5;" in data
    assert b"8;2;" not in data


def test_a_remote_screen_has_256_colours_also_where_the_terminal_has_more() -> None:
    remote = PROGRAM.replace('user="ana"', 'user="ana", remote=True')
    with on_a_terminal(remote, environ=UTF_8) as (_, master):
        data = read_until(master, b"leave")
    assert b"8;5;" in data
    assert b"8;2;" not in data


@pytest.mark.parametrize(
    ("option", "environment", "remote"),
    [
        ("auto", {}, False),
        ("auto", {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}, True),
        ("off", {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}, False),
        ("on", {}, True),
    ],
)
def test_the_screen_is_remote_over_ssh_by_itself_and_by_an_option(
    option: str, environment: dict[str, str], remote: bool
) -> None:
    parser = argparse.ArgumentParser()
    add_screen_options(parser)
    assert is_remote(parser.parse_args(["--remote", option]), environment) is remote


def test_under_the_c_locale_every_byte_is_ascii() -> None:
    assert drawn(LC_ALL="C").isascii()
    assert not drawn().isascii()


def test_a_polite_kill_restores_the_terminal() -> None:
    with on_a_terminal(PROGRAM) as (pid, master):
        read_until(master, b"FENCED")
        os.kill(pid, signal.SIGTERM)
        left = read_until(master, b"heavy")
        assert b"LEFT terminated closed=True" in left
        assert b"\x1b[?1049l" in left


def test_a_hang_up_ends_the_screen_in_order(tmp_path: Path) -> None:
    out = tmp_path / "left"
    program = PROGRAM.replace("print(", f"open({str(out)!r}, 'w').write(").replace(
        ", flush=True", ""
    )
    with on_a_terminal(program) as (pid, master):
        read_until(master, b"FENCED")
        os.close(master)
        wait_gone(pid)
    assert out.read_text().startswith("LEFT hang-up closed=True")


def test_a_defect_of_the_screen_is_told_without_control_characters_of_data() -> None:
    broken = "fixtures.later(fixtures.hostile(), 1, partitions='\\x1b]0;owned\\x07')"
    program = PROGRAM.replace("fixtures.fenced()", f"fixtures.fenced(), {broken}")
    program = program.replace("AnsweringSession", "PlayedSession")
    with on_a_terminal(program, columns=160, rows=50) as (pid, master):
        told = read_until(master, b"LEFT failed closed=True")
        assert b"the screen failed; the flight goes on" in told
        assert b"\x1b]0;owned" not in told
        assert wait_gone(pid) == 0


def test_importing_the_app_loads_neither_plots_nor_clients() -> None:
    code = (
        "import sys, cockpit.tui.app, cockpit.tui.run;"
        "print(sorted({'plotext', 'aiokafka', 'httpx'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


async def test_the_app_without_a_theme_is_monochrome() -> None:
    from cockpit.tui.app import CockpitApp

    app = CockpitApp(PlayedSession(fixtures.snapshot()), user="ana")
    async with app.run_test() as pilot:
        await pilot.pause()
        assert app.theme == "cockpit-built-in"
