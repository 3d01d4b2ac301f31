"""Service controls by a program: done, refused with its last words, or nobody can say."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cockpit.core.actions import CallService
from cockpit.core.plan import CommandCall
from cockpit.kafka.effects.service import ServiceCalls
from cockpit.kafka.http import Http
from cockpit.ports import OutcomeUnknownError, PortError
from tests.kafka.clock import until
from tests.kafka.test_command import runs
from tests.kafka.test_services import STOP, plan

LEAVES = """
import subprocess, sys
left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open(sys.argv[1], "w").write(str(left.pid))
sys.stderr.write("no\\n" * int(sys.argv[2]))
sys.exit(int(sys.argv[2]))
"""


async def stop(code: str, *arguments: str, timeout_ms: int = 10_000) -> dict[str, object]:
    command = CommandCall((sys.executable, "-I", "-c", code, *arguments), timeout_ms)
    by_command = plan("http://127.0.0.1:1/")
    service = replace(by_command.services[0], stop=command)
    return dict(await ServiceCalls(replace(by_command, services=(service,)), Http()).do(STOP))


async def test_status_0_is_done() -> None:
    assert await stop("print('stopped')") == {"status": 0}


async def test_arguments_are_never_a_shell_s(tmp_path: Path) -> None:
    hostile = f"; touch {tmp_path}/made $(touch {tmp_path}/made)"
    await stop("import sys; assert sys.argv[1].startswith('; touch')", hostile)
    assert not (tmp_path / "made").exists()


async def test_another_status_is_refused_with_the_last_line_of_its_errors() -> None:
    with pytest.raises(PortError) as caught:
        await stop("import sys; sys.stderr.write('a\\nnot\\x07 now\\n\\n'); sys.exit(3)")
    assert caught.value.kind == "refused"
    reason = caught.value.reason
    assert reason.startswith("stop of checkout: ")
    assert reason.endswith("ended with status 3: not\ufffd now")


async def test_a_program_that_cannot_be_started_is_refused_and_not_tried_again() -> None:
    command = CommandCall(("/nowhere/stop-it",))
    by_command = plan("http://127.0.0.1:1/")
    service = replace(by_command.services[0], stop=command)
    with pytest.raises(PortError) as caught:
        await ServiceCalls(replace(by_command, services=(service,)), Http()).do(STOP)
    assert caught.value.kind == "refused"
    assert "cannot start /nowhere/stop-it" in caught.value.reason


async def test_what_does_not_end_in_time_is_killed_and_unknown(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    code = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(60)"
    with pytest.raises(OutcomeUnknownError, match=r"did not end within 1\.5 s"):
        await stop(code, str(pid_file), timeout_ms=1_500)
    assert not runs(int(pid_file.read_text()))


async def test_what_somebody_kills_is_unknown() -> None:
    with pytest.raises(OutcomeUnknownError, match="status -9"):
        await stop("import os; os.kill(os.getpid(), 9)")


async def test_much_output_is_nobody_s_business() -> None:
    assert await stop("print('x' * 200_000)") == {"status": 0}


@pytest.mark.parametrize("status", [0, 1])
async def test_what_it_started_lives_on_only_if_it_was_done(tmp_path: Path, status: int) -> None:
    pid_file = tmp_path / "pid"
    if status:
        with pytest.raises(PortError):
            await stop(LEAVES, str(pid_file), str(status))
    else:
        await stop(LEAVES, str(pid_file), str(status))
    left = int(pid_file.read_text())

    async def is_gone() -> bool:
        return not runs(left)

    if status:
        await until(is_gone, timeout_s=5)
    else:
        assert runs(left)
        os.kill(left, signal.SIGKILL)


async def test_a_control_by_a_program_cannot_be_read() -> None:
    service = replace(plan("http://127.0.0.1:1/").services[0], stop=CommandCall(("true",)))
    calls = ServiceCalls(replace(plan("http://127.0.0.1:1/"), services=(service,)), Http())
    assert (await calls.check(CallService("checkout", "stop"))).holds is None
