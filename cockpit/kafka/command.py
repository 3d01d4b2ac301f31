"""Runs a program of the plan: for the number that it prints, or for what it does.

Never through a shell, never with the cockpit's environment or terminal. A process of the program's
group is left behind only by a control that has ended well: it may have started a service.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cockpit.core.observe import Unknown
from cockpit.kafka.text import one_line
from cockpit.ports import OutcomeUnknownError, PortError

OUTPUT_BYTES: Final = 65_536
FOLDER: Final = "/"
PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")

LINE_LIMIT: Final = 60
_ERROR_BYTES: Final = 2_000
_LAST_WORDS_S: Final = 1.0
_NUMBER: Final = re.compile(
    r"(?<![\w.+-])(?<!\d[,:/])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.%]|[,:/-]\d)",
    re.ASCII,
)


class _Output(asyncio.SubprocessProtocol):
    """What a program says, kept within bounds; `heeded`: its output matters, not only its end."""

    def __init__(self, *, heeded: bool) -> None:
        self.out = bytearray()
        self.err = bytearray()
        self.ended = asyncio.Event()
        """The program is gone, or has said more than anybody wants to hear."""
        self.closed = asyncio.Event()
        self._heeded = heeded

    @property
    def too_much(self) -> bool:
        return len(self.out) > OUTPUT_BYTES

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd != 1:
            self.err = (self.err + data)[-_ERROR_BYTES:]
        elif not self._heeded:
            self.out = (self.out + data)[-_ERROR_BYTES:]
        elif not self.too_much:
            self.out += data
            if self.too_much:
                self.ended.set()

    def process_exited(self) -> None:
        self.ended.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()

    def last_words(self) -> str:
        """The last line of its standard error that says something; empty: none does."""
        return one_line(_last_line(self.err))

    def last_line(self) -> str:
        """The last line of an output that nobody heeds, short; empty: it says nothing."""
        return "" if self._heeded else one_line(_last_line(self.out), LINE_LIMIT)


def _last_line(said: bytes | bytearray) -> str:
    """Empty also where the beginning of that line was not kept: a secret that is cut is not found
    in it any more."""
    lines = said.decode(errors="replace").strip().splitlines()
    is_cut = len(said) == _ERROR_BYTES and len(lines) == 1
    return lines[-1] if lines and not is_cut else ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program has ended by itself: its status, negative by a signal, and its last words."""

    status: int
    last_words: str
    last_line: str = ""
    """What it has printed last, where nobody heeds the rest."""

    def why(self) -> str:
        """For people."""
        tail = f": {self.last_words}" if self.last_words else ""
        return f"ended with status {self.status}{tail}"


async def output_of(
    argv: Sequence[str], *, timeout_ms: int, environ: Mapping[str, str] = os.environ
) -> str:
    """What the program prints before it ends well.

    Raises PortError: it cannot be started, does not end in time, prints more than 64 kB, or ends
    with another status than 0 (with the end of its standard error). Its whole process group is
    killed in each case, and after a good end too.
    """
    output = _Output(heeded=True)
    ended = await _run(argv, output, timeout_ms=timeout_ms, environ=environ)
    name = one_line(argv[0])
    if output.too_much:
        raise PortError("protocol", one_line(f"{name} prints more than {OUTPUT_BYTES >> 10} kB"))
    if ended.status != 0:
        raise PortError("protocol", one_line(f"{name} {ended.why()}"))
    return output.out.decode(errors="replace")


async def end_of(argv: Sequence[str], *, timeout_ms: int) -> Ended:
    """How the program ends. Raises PortError: it cannot be started, or does not end in time. Its
    whole process group is killed in each case, and after a good end too."""
    return await _run(argv, _Output(heeded=False), timeout_ms=timeout_ms)


async def obeyed(argv: Sequence[str], *, timeout_ms: int, what: str) -> None:
    """Let the program do what it is for: it has where it ends with status 0, and what it leaves
    behind lives on.

    Raises PortError where it says that it has not, or cannot be started; OutcomeUnknownError where
    it was killed, by the timeout or by somebody.
    """
    name = one_line(argv[0])
    try:
        ended = await _run(argv, _Output(heeded=False), timeout_ms=timeout_ms, leaves=True)
    except PortError as error:
        reason = one_line(f"{what}: {error.reason}")
        if error.kind == "slow":
            raise OutcomeUnknownError(reason) from error
        raise PortError("refused", reason) from error
    if ended.status < 0:
        raise OutcomeUnknownError(one_line(f"{what}: {name} {ended.why()}"))
    if ended.status:
        raise PortError("refused", one_line(f"{what}: {name} {ended.why()}"))


async def _run(
    argv: Sequence[str],
    output: _Output,
    *,
    timeout_ms: int,
    environ: Mapping[str, str] = os.environ,
    leaves: bool = False,
) -> Ended:
    """Raises PortError. `leaves`: after a good end nothing is killed."""
    name = one_line(argv[0])
    loop = asyncio.get_running_loop()
    try:
        process, _ = await loop.subprocess_exec(
            lambda: output,
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            cwd=FOLDER,
            env={key: environ[key] for key in PASSED_ON if key in environ},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise PortError("unreachable", one_line(f"cannot start {name}: {why}")) from error
    status: int | None = None
    try:
        async with asyncio.timeout(timeout_ms / 1000):
            await output.ended.wait()
    except TimeoutError as error:
        reason = f"{name} did not end within {timeout_ms / 1000:g} s"
        raise PortError("slow", one_line(reason)) from error
    finally:
        status = process.get_returncode()
        await _end(process, output, kills=not (leaves and status == 0))
    return Ended(
        -signal.SIGKILL if status is None else status, output.last_words(), output.last_line()
    )


async def _end(process: asyncio.SubprocessTransport, output: _Output, *, kills: bool) -> None:
    """Kill the whole group, the program itself or what it has left, and hear its last words."""
    if kills:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.get_pid(), signal.SIGKILL)
    try:
        async with asyncio.timeout(_LAST_WORDS_S):
            await output.closed.wait()
    except TimeoutError:
        pass  # a child, in a group of its own or left to live on, holds on to the pipe
    finally:
        process.close()


def first_number(text: str) -> float | Unknown:
    """The first number that stands for itself: not `12ms`, `3%`, `1,234`, `10:30` or `node1`."""
    found = _NUMBER.search(text)
    if found is None:
        return Unknown("no number in what it prints (12ms, 3% and 1,234 are none)")
    number = float(found.group())
    if number in (float("inf"), float("-inf")):
        return Unknown(f"{one_line(found.group(), 40)} is too large")
    return number
