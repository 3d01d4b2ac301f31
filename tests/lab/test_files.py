"""The lab's record and its files: durable, private, and believed only when whole."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from cockpit.lab import home
from cockpit.lab.components import write_secrets
from cockpit.lab.home import LabBusyError, LabError, locked, write_private
from cockpit.lab.layout import Layout
from cockpit.lab.ports import free_ports
from cockpit.lab.procs import Process
from cockpit.lab.state import PORTS, STATE_FILE, load, new_state, save


def test_a_record_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    state = new_state(free_ports(PORTS)).started(Process("source", 12, "boot:99"))
    save(tmp_path, replace(state, phase="ready"))

    assert load(tmp_path) == replace(state, phase="ready")
    assert _mode(tmp_path / STATE_FILE) == 0o600


def test_a_folder_without_a_record_has_no_lab(tmp_path: Path) -> None:
    assert load(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 99}', '{"version": 1, "phase": "x"}']
)
def test_a_damaged_record_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / STATE_FILE).write_text(text)
    with pytest.raises(LabError, match=r"lab\.json is not a lab's record"):
        load(tmp_path)


def test_each_secret_is_a_private_file_and_new_each_time(tmp_path: Path) -> None:
    layout = Layout.of(tmp_path)
    first, second = write_secrets(layout), write_secrets(layout)

    assert set(first.values()).isdisjoint(second.values())
    assert layout.secret("mm2").read_text() == second["mm2"]
    assert {_mode(path) for path in layout.secrets.iterdir()} == {0o600}
    assert _mode(layout.secrets) == 0o700


def test_a_file_is_replaced_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_private(tmp_path / "f", "old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_private(tmp_path / "f", "new")
    assert (tmp_path / "f").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_a_lock_is_for_one_at_a_time_and_falls_with_its_holder(tmp_path: Path) -> None:
    lock = tmp_path / "deep" / "lock"
    taken = pytest.raises(LabBusyError, match="taken")
    with locked(lock, busy="a"), taken, locked(lock, busy="taken"):
        pytest.fail("two holders")
    with locked(lock, busy="b"):
        assert lock.exists()


def test_folders_follow_xdg_and_ignore_relative_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/x/state")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", "/h")
    assert home.default_folder() == Path("/x/state/cockpit/lab")
    assert home.cache_folder() == Path("/h/.cache/cockpit/lab")


def test_ports_are_different_and_below_those_of_outgoing_connections() -> None:
    ports = free_ports(PORTS)
    assert list(ports) == list(PORTS)
    assert len(set(ports.values())) == len(PORTS)
    assert all(20_000 <= port < 32_768 for port in ports.values())


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
