"""A flight that a Unix group may reach: real users of this machine, told apart by the kernel."""

from __future__ import annotations

import json
import os
import pwd
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cockpit.cli import exits
from cockpit.cli.launch import Launched, LaunchError, launch
from cockpit.engine.folders import FolderError
from cockpit.engine.shared import group_id, shared_folder, shared_sockets
from tests.engine.test_recorder_killed import NOWHERE

GROUP = "users"
"""Every Debian has it, and nobody is in it."""
PEOPLE = """\
people:
  unix_group: {group}
  roles: {{root: driver, daemon: [driver, checker], bin: observer, nobody: scribe}}
"""
AS_USER = Path(__file__).with_name("as_user.py")

pytestmark = [
    pytest.mark.skipif(os.getuid() != 0, reason="only root may become other users"),
    # an engine outlives whoever has started it: nobody waits for it
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def flight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    """An engine of root's, for a group."""
    home = tmp_path_factory.mktemp("shared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(home / "state"))
        patch.setenv("XDG_RUNTIME_DIR", str(home))
        plan = home / "plan.yaml"
        plan.write_text(NOWHERE + PEOPLE.format(group=GROUP))
        # two test processes must not meet under one name in the one folder that both have
        launched = launch(plan, f"shared-{os.getpid()}", preflight=False)
        try:
            yield launched
        finally:
            os.kill(int(launched.folder.read_meta()["pid"]), signal.SIGKILL)
            launched.socket.unlink(missing_ok=True)


def cockpit(user: str, groups: str, *words: str) -> subprocess.CompletedProcess[str]:
    """The command as another user."""
    environment = dict(os.environ)
    environment.pop("XDG_STATE_HOME", None)
    if words[0] == "--home":
        environment["XDG_STATE_HOME"], words = words[1], words[2:]
    command = [sys.executable, "-P", str(AS_USER), user, groups, *words]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=environment
    )


def test_a_home_that_may_not_be_read_is_told_and_no_traceback(flight: Launched) -> None:
    seen = cockpit("daemon", GROUP, "--home", str(flight.folder.path.parents[2]), "status")
    assert seen.returncode == exits.FAILED
    assert seen.stderr.endswith("cockpit/sessions: Permission denied\n")


def test_the_folder_is_the_groups_and_nobody_elses(flight: Launched) -> None:
    gid = group_id(GROUP)
    folder, socket = flight.socket.parent.lstat(), flight.socket.lstat()
    assert stat.S_IMODE(folder.st_mode) == 0o2750
    assert stat.S_IMODE(socket.st_mode) == 0o660
    assert (folder.st_gid, socket.st_gid) == (gid, gid)
    assert (folder.st_uid, socket.st_uid) == (os.getuid(), os.getuid())


def test_who_is_in_the_group_and_in_the_plan_looks_on(flight: Launched) -> None:
    seen = cockpit("daemon", GROUP, "status", flight.folder.id, "--json")
    assert seen.returncode == exits.COMPLETED, seen.stderr
    crew = json.loads(seen.stdout)["crew"]
    assert crew["driver"] == ""


def test_who_is_in_the_group_only_is_told_why_he_stays_outside(flight: Launched) -> None:
    seen = cockpit("games", GROUP, "status", flight.folder.id)
    assert seen.returncode == exits.REFUSED
    assert "the engine does not let you in: games is not among the plan's people" in seen.stderr


def test_who_is_in_the_plan_only_does_not_even_find_it(flight: Launched) -> None:
    seen = cockpit("nobody", "", "status", flight.folder.id)
    assert seen.returncode == exits.REFUSED
    assert f"no running session is called {flight.folder.id}" in seen.stderr


def test_who_drives_is_who_the_kernel_says(flight: Launched) -> None:
    name = f"root/{flight.folder.id}"
    paused = cockpit("daemon", GROUP, "act", "pause", "--session", name)
    assert (paused.returncode, paused.stdout) == (exits.COMPLETED, "pause: done\n"), paused.stderr
    refused = cockpit("bin", GROUP, "act", "end", "--session", name)
    assert refused.returncode == exits.REFUSED
    assert "refused: " in refused.stderr
    journal = [json.loads(line) for line in flight.folder.journal.read_text().splitlines()]
    pauses = [entry["by"] for entry in journal if entry["kind"] == "paused"]
    assert pauses == ["daemon"]


def test_a_folder_that_somebody_else_has_put_there_is_passed_over(tmp_path: Path) -> None:
    other, gid = pwd.getpwnam("daemon").pw_uid, group_id(GROUP)
    theirs = tmp_path / f"cockpit-{other}-{gid}"
    theirs.mkdir()
    (theirs / "flight.sock").write_text("")
    assert list(shared_sockets(tmp_path)) == []
    os.chown(theirs, other, gid)
    theirs.chmod(0o2777)
    assert list(shared_sockets(tmp_path)) == []
    ours = tmp_path / f"cockpit-0-{gid}"
    ours.symlink_to(theirs)
    with pytest.raises(FolderError):
        shared_folder(gid, tmp_path)


def test_a_group_that_is_not_there_keeps_the_flight_from_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    plan = tmp_path / "plan.yaml"
    plan.write_text(NOWHERE + PEOPLE.format(group="no-such-group"))
    with pytest.raises(LaunchError, match="Unix group no-such-group in: there is none here"):
        launch(plan, "nowhere", preflight=False)
