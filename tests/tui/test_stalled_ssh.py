"""A screen over a real sshd whose reader stands still for half a minute."""

from __future__ import annotations

import getpass
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cockpit.lab.ports import free_ports
from tests.tui.test_run import ROOT, on_a_terminal, read_until
from tests.tui.test_stalls import (
    ATTACHED,
    PROGRAM,
    an_engine,
    assert_goes_on,
    assert_not_noticed,
    drain,
    shown_of,
)

SSHD = Path("/usr/sbin/sshd")
STALL_S = 30.0

CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
PermitRootLogin prohibit-password
"""


@contextmanager
def server(folder: Path) -> Iterator[list[str]]:
    """A server on loopback with keys of its own; the words of a client that gets in."""
    for name in ("host", "user"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(words, check=True)
    port = free_ports(["sshd"])["sshd"]
    config = folder / "sshd_config"
    config.write_text(CONFIG.format(port=port, folder=folder))
    Path("/run/sshd").mkdir(exist_ok=True)  # where the server confines itself; it wants it empty
    process = subprocess.Popen([str(SSHD), "-D", "-e", "-f", str(config)])
    try:
        yield [
            *("ssh", "-tt", "-F", "none", "-p", str(port), "-i", str(folder / "user")),
            *("-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={folder}/known"),
            *("-o", "ConnectionAttempts=20", "-o", "LogLevel=ERROR"),
            f"{getpass.getuser()}@127.0.0.1",
        ]
    finally:
        process.terminate()
        process.wait(10)


def over_ssh(client: list[str], script: Path) -> str:
    """A program that becomes an ssh, behind which the script runs."""
    there = shlex.join(
        ["env", f"PYTHONPATH={ROOT}", "COLORTERM=truecolor", sys.executable, str(script)]
    )
    return f"import os; os.execvp('ssh', {[*client, f'cd {ROOT} && exec {there}']!r})"


@pytest.mark.soak
@pytest.mark.timeout(300)
async def test_an_engine_does_not_notice_a_reader_behind_ssh_that_stands_still(
    tmp_path: Path,
) -> None:
    async with an_engine() as path:
        script = tmp_path / "attached.py"
        script.write_text(f"SOCKET = {str(path)!r}" + ATTACHED)
        with server(tmp_path) as client:
            program = over_ssh(client, script)
            with on_a_terminal(program, columns=160, rows=50) as (_, master):
                await assert_not_noticed(path, master, STALL_S)


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_a_reader_behind_ssh_that_stands_still_harms_nothing(tmp_path: Path) -> None:
    """What the link does not take fills the channel's window and the terminal behind it, and no
    more: the screen's loop goes on, and the picture is whole when somebody reads again."""
    out, script = tmp_path / "beat", tmp_path / "screen.py"
    script.write_text(f"OUT, REMOTE = {str(out)!r}, True" + PROGRAM)
    with server(tmp_path) as client:
        program = over_ssh(client, script)
        with on_a_terminal(program, columns=160, rows=50) as (_, master):
            seen = read_until(master, b"WRITES", within_s=60)
            os.write(master, b"2")
            seen += drain(master, 3)
            assert_goes_on(out, STALL_S)
            text = shown_of(seen + drain(master, 5))
            assert "WRITES:" in text
            assert "orders" in text
            os.write(master, b"qq")
            time.sleep(1)
            os.write(master, b"y")
            read_until(master, b"LEFT quit")
