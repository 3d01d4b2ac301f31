"""A program gives a number or a failure, and leaves nothing running."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.core.observe import Unknown
from cockpit.core.plan import SignalSpec
from cockpit.kafka.command import first_number, output_of
from cockpit.kafka.signals import PlanSignals
from cockpit.ports import PortError
from tests.kafka.clock import RealClock, until


def python(code: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-c", code, *arguments)


async def failure(argv: tuple[str, ...], *, timeout_ms: int = 5_000) -> PortError:
    with pytest.raises(PortError) as caught:
        await output_of(argv, timeout_ms=timeout_ms)
    return caught.value


def runs(pid: int) -> bool:
    """Whether a process does anything; a zombie does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.25\n", 0.25),
        ("errors: 3 of 4", 3),
        ("-1.5e3", -1500),
        ("ratio=.5", 0.5),
        ("+7", 7),
        ("it is 5.", 5),
        ("took 12ms, 3 errors", 3),
        ("node1 0.5", 0.5),
        ("(4)", 4),
        ("1,234 or 2", 2),
        ("10:30 2026-11-21 8", 8),
        ("99% of 6", 6),
    ],
)
def test_the_first_number_that_stands_for_itself(text: str, number: float) -> None:
    assert first_number(text) == number


@pytest.mark.parametrize(
    "text",
    ["", "none", "NaN", "inf", "12ms", "3%", "1,234", "v1.2.3", "0x1f", "1e999", "-", ".", "2/3"],
)
def test_what_is_no_number(text: str) -> None:
    assert isinstance(first_number(text), Unknown)


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["", "x ", "x="]))
def test_every_finite_number_is_read_as_it_was_printed(number: float, before: str) -> None:
    assert first_number(f"{before}{number!r}\n") == number


@given(st.text())
def test_no_output_is_too_strange(text: str) -> None:
    assert isinstance(first_number(text), float | Unknown)


async def test_arguments_arrive_as_they_are() -> None:
    hostile = ["$(touch owned)", "a b", ";", "`id`", "*", "é\n", "-rf"]
    code = "import json, sys; print(json.dumps(sys.argv[1:]))"
    expected = '["$(touch owned)", "a b", ";", "`id`", "*", "\\u00e9\\n", "-rf"]\n'
    assert await output_of(python(code, *hostile), timeout_ms=5_000) == expected


async def test_a_program_gets_little_of_the_environment_no_input_and_a_neutral_folder() -> None:
    code = "import os, sys; print(sorted(os.environ), os.getcwd(), sys.stdin.read() == '')"
    environ = {"PATH": os.environ["PATH"], "HOME": "/h", "SECRET": "s", "PYTHONSTARTUP": "x"}
    said = await output_of(python(code), timeout_ms=5_000, environ=environ)
    names = said.replace("'LC_CTYPE', ", "")  # Python's own
    assert names == "['HOME', 'PATH'] / True\n"


async def test_a_bare_name_is_looked_up(tmp_path: Path) -> None:
    program = tmp_path / "depth"
    program.write_text("#!/bin/sh\necho 12\n")
    program.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:/bin:/usr/bin"}
    assert await output_of(("depth",), timeout_ms=5_000, environ=environ) == "12\n"


async def test_another_status_than_0_is_a_failure_with_the_last_line_of_its_errors() -> None:
    code = "import sys; print(5); sys.stderr.write('first\\nno \\x1b[31mqueue\\n'); sys.exit(3)"
    found = await failure(python(code))
    assert found.kind == "protocol"
    assert found.reason.endswith("ended with status 3: no \ufffd[31mqueue")
    killed = await failure(python("import os; os.kill(os.getpid(), 9)"))
    assert killed.reason.endswith("ended with status -9")


@pytest.mark.parametrize(
    "name", ["no-such-program", "/no/such/program", "/etc/passwd", "/", "a\0b"]
)
async def test_a_program_that_cannot_be_started_is_named(name: str) -> None:
    found = await failure((name, "1"))
    assert found.kind == "unreachable"
    assert "cannot start" in found.reason


async def test_too_much_output_is_a_failure_at_once() -> None:
    begun = time.perf_counter()
    found = await failure(("yes", "1"), timeout_ms=20_000)
    assert found.kind == "protocol"
    assert "more than 64 kB" in found.reason
    assert time.perf_counter() - begun < 5


FAMILY = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-I", "-c", "import time; time.sleep(600)"])
with open(sys.argv[1] + ".part", "w") as out:
    out.write(f"{os.getpid()} {child.pid}")
os.rename(sys.argv[1] + ".part", sys.argv[1])
print("5", flush=True)
time.sleep(float(sys.argv[2]))
"""


async def test_a_program_that_does_not_end_is_killed_with_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    found = await failure(python(FAMILY, str(pids), "600"), timeout_ms=1_500)
    assert found.kind == "slow"
    assert "did not end within 1.5 s" in found.reason
    await _assert_all_gone(pids)


async def test_a_child_that_is_left_behind_delays_nothing_and_is_killed(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    begun = time.perf_counter()
    assert await output_of(python(FAMILY, str(pids), "0"), timeout_ms=20_000) == "5\n"
    assert time.perf_counter() - begun < 5
    await _assert_all_gone(pids)


async def test_whoever_is_called_away_leaves_no_program_behind(tmp_path: Path) -> None:
    pids = tmp_path / "pids"

    async def written() -> bool:
        return pids.exists()

    async with asyncio.TaskGroup() as group:
        argv = python(FAMILY, str(pids), "600")
        task = group.create_task(output_of(argv, timeout_ms=60_000), name="program")
        await until(written, timeout_s=10)
        task.cancel()
    await _assert_all_gone(pids)


async def _assert_all_gone(pids: Path) -> None:
    numbers = [int(pid) for pid in (await asyncio.to_thread(pids.read_text)).split()]
    assert len(numbers) == 2

    async def gone() -> bool:
        return not any(map(runs, numbers))

    await until(gone, timeout_s=5)


async def test_a_signal_of_the_plan_is_read_from_a_program() -> None:
    specs = [
        SignalSpec("depth", kind="command", argv=python("print('depth 12')")),
        SignalSpec("broken", kind="command", argv=python("import sys; sys.exit('no queue')")),
        SignalSpec("silent", kind="command", argv=python("")),
    ]
    signals = PlanSignals(specs, RealClock())
    sample = await signals.read("depth")
    assert (sample.name, sample.value) == ("depth", 12)
    assert sample.asked_at_ms <= sample.answered_at_ms
    assert isinstance((await signals.read("silent")).value, Unknown)
    with pytest.raises(PortError) as caught:
        await signals.read("broken")
    assert caught.value.reason.startswith("signal broken: ")
    assert caught.value.reason.endswith("no queue")
    await signals.close()
