"""`--plain` from the command line: lines in, lines out, and not one byte that draws."""

from __future__ import annotations

import argparse
import asyncio
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from cockpit.cli import exits, plain
from cockpit.cli.attach import LazySession
from cockpit.cli.underway import Flight
from cockpit.engine.folders import this_user
from cockpit.tui.linewise import Linewise
from tests.engine import test_socket
from tests.engine.test_socket import flight
from tests.tui import fixtures
from tests.tui.sessions import PlayedSession
from tests.tui.test_clean import acts_on_a_terminal


class Child:
    """A demonstration without a screen, on a terminal of its own."""

    def __init__(self, state: Path, *options: str, term: str = "dumb") -> None:
        environment = surroundings(state, term)
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # as a shell does on a terminal
            os.execve(sys.executable, [*COMMAND, *options], environment)
        self._status: int | None = None
        self.written = b""

    def types(self, line: str) -> None:
        os.write(self._master, line.encode() + b"\n")

    def until(self, part: str, within_s: float = 90.0) -> None:
        """Read until this was told."""
        end = time.perf_counter() + within_s
        while part.encode() not in self.written:
            left = end - time.perf_counter()
            assert left > 0, self.written[-3_000:].decode("ascii", "replace")
            if not select.select([self._master], [], [], left)[0]:
                continue
            data = b""
            with suppress(OSError):  # the other end is closed
                data = os.read(self._master, 65_536)
            self.written += data
            assert data or part.encode() in self.written, self.written[-3_000:]

    def exit_code(self, within_s: float = 30.0) -> int:
        """Of a child that ends soon."""
        end = time.perf_counter() + within_s
        while time.perf_counter() < end:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self._status = status
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.05)
        raise AssertionError("it did not end")

    def close(self) -> None:
        """End it if it is there."""
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._master)


COMMAND = [sys.executable, "-m", "cockpit", "demo", "--speed", "4"]


def surroundings(state: Path, term: str) -> dict[str, str]:
    """An environment without a language."""
    folders = {"XDG_STATE_HOME": str(state), "XDG_RUNTIME_DIR": str(state)}
    return {**os.environ, **folders, "TERM": term, "LC_ALL": "C"}


@contextmanager
def child(state: Path, *options: str, term: str = "dumb") -> Iterator[Child]:
    one = Child(state, *options, term=term)
    try:
        yield one
    finally:
        one.close()


@pytest.mark.parametrize(("term", "options"), [("dumb", ()), ("xterm", ("--plain",))])
def test_a_wave_is_flown_by_lines_alone_without_a_byte_that_draws(
    tmp_path: Path, term: str, options: tuple[str, ...]
) -> None:
    with child(tmp_path, *options, term=term) as one:
        one.until("gate replication_lag PASS")
        if not options:
            assert b"plain lines instead" in one.written
        one.types("help")
        one.until("18 leave; the flight goes on")
        one.types("2")
        one.until("type readers to advance")
        time.sleep(0.8)
        one.types("readers")
        one.until("wave readers begins")
        one.until("readers: stop done")
        one.types("leave")
        one.until("that was a simulation")
        assert one.exit_code() == exits.COMPLETED
        assert b"\x1b" not in one.written
        assert one.written.isascii()


def test_without_a_terminal_and_without_input_it_goes_on_telling(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "--plain"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        env=surroundings(tmp_path, "xterm"), text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            assert any("gate parity PASS" in line for line in process.stdout)
            assert process.poll() is None
        finally:
            process.kill()


def test_ctrl_c_leaves_and_says_no_more_than_that(tmp_path: Path) -> None:
    with child(tmp_path) as one:
        one.until("gate parity PASS")
        os.write(one._master, b"\x03")
        one.until("that was a simulation")
        assert one.exit_code() == exits.COMPLETED
        assert b"Traceback" not in one.written


def test_hostile_names_and_texts_become_signs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = PlayedSession(
        fixtures.hostile(),
        fixtures.later(fixtures.snapshot(), 1_000),
        fixtures.later(fixtures.hostile(), 2_000, armed=fixtures.hostile_armed(1).armed),
    )
    session.end()
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        options = argparse.Namespace(plain=True)
        result = plain.run_plain(session, options, user=" ".join(fixtures.HOSTILE))
    assert result.reason == "session ended"
    out = capsys.readouterr().out
    assert "is armed" in out
    for line in out.splitlines():
        assert not acts_on_a_terminal(line)
    assert "\n".join(out.splitlines()) + "\n" == out


async def until(ready: Callable[[], bool]) -> None:
    """Wait for it."""
    async with asyncio.timeout(90):
        while not ready():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)


async def until_told(told: list[str], part: str) -> None:
    """Wait for a line with this."""
    await until(lambda: any(part in line for line in told))


def may_advance(person: Linewise) -> bool:
    return person._now is not None and person._now.action("advance").enabled


async def test_over_a_real_socket_who_drives_advances_and_who_looks_on_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_socket, "WITHIN_S", 120)
    socket = tmp_path / "s.sock"
    driver: list[str] = []
    onlooker: list[str] = []
    me = this_user()
    async with flight(socket), asyncio.TaskGroup() as group:
        drives = Linewise(LazySession(Flight("s", socket), drive=me), user=me, tell=driver.append)
        looks = Linewise(LazySession(Flight("s", socket)), user=me, tell=onlooker.append)
        for one in (drives, looks):
            group.create_task(one.follow(), name="person")

        async def types(who: Linewise, line: str) -> None:
            # a second later than it is: here ten seconds pass in one, and what is armed expires
            await who.typed(line, asyncio.get_running_loop().time() + 1)

        await until(lambda: may_advance(drives) and may_advance(looks))
        await types(looks, "advance")
        assert "you look on" in onlooker[-1]
        question = "ANN: type readers to advance; any other line takes it back"
        while not any("wave readers begins" in line for line in onlooker):
            # on a slow machine a gate is not open, or what was armed is over, and it begins again
            asked = driver.count(question)
            await types(drives, "advance")
            await asyncio.sleep(0.3)  # nor does the engine take a name as soon as it is asked
            if driver.count(question) > asked:
                await types(drives, "readers")
                await asyncio.sleep(0.3)
        assert question not in onlooker
        await types(drives, "note")
        await types(drives, "todo: look at it")
        await until_told(onlooker, "look at it")
        for one in (drives, looks):
            one.leave("quit")
