"""A lab that runs: everything answers, records flow at the promised rate, nothing is exposed."""

from __future__ import annotations

import json
import socket
import stat
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

import cockpit.lab
from cockpit.lab.checker import check
from cockpit.lab.looking import Status, parts_of
from cockpit.lab.mirror import CHECKPOINT_CONNECTOR, HEARTBEAT_CONNECTOR, SOURCE_CONNECTOR
from cockpit.lab.workload import WORKLOAD

pytestmark = pytest.mark.broker


def test_status_names_everything_a_script_needs(lab: Status) -> None:
    body = json.loads(json.dumps(cockpit.lab.status(lab.folder).as_json()))

    assert body["state"] == "up"
    assert body["folder"] == str(lab.folder)
    assert Path(body["plan"]).is_file()
    assert set(body["bootstrap"]) == {"source", "target"}
    assert set(body["pids"]) == set(parts_of(None))
    assert set(body["services"]) == {work.name for work in WORKLOAD}
    assert all(part == {"alive": True, "answers": True} for part in body["parts"].values())


def test_a_second_up_says_so_and_changes_nothing(lab: Status) -> None:
    said: list[str] = []
    again = cockpit.lab.up(lab.folder, said.append)
    assert said == [f"the lab in {lab.folder} is up already"]
    assert again.as_json()["pids"] == lab.as_json()["pids"]


def test_records_flow_at_200_a_second_and_none_is_lost(lab: Status) -> None:
    began, before = time.perf_counter(), _lines(lab.folder / "produced")
    _until(lambda: _lines(lab.folder / "produced") - before >= 2000, deadline_s=20.0)
    rate = (_lines(lab.folder / "produced") - before) / (time.perf_counter() - began)
    assert 150 < rate < 250

    verdict = check(lab.folder)
    assert verdict.lost == verdict.reordered == 0
    assert all(count.settled > 0 for count in verdict.counts)


def test_every_connector_has_a_running_task_and_shows_no_password(lab: Status) -> None:
    base = lab.as_json()["connect"]
    reply = httpx.get(f"{base}/connectors", params={"expand": ["status", "info"]})
    body = reply.json()
    assert set(body) == {SOURCE_CONNECTOR, CHECKPOINT_CONNECTOR, HEARTBEAT_CONNECTOR}
    for connector in body.values():
        assert [task["state"] for task in connector["status"]["tasks"]] == ["RUNNING"]
    passwords = [path.read_text() for path in (lab.folder / "secrets").iterdir()]
    assert not [password for password in passwords if password in reply.text]


def test_secrets_are_for_the_owner_alone(lab: Status) -> None:
    secrets = [path.read_text() for path in (lab.folder / "secrets").iterdir()]
    texts = {path: path.read_bytes() for path in _small_files(lab.folder)}
    holders = [p for p, text in texts.items() if any(s.encode() in text for s in secrets)]
    assert holders
    for path in [*holders, lab.folder / "plan.yaml", lab.folder / "lab.json"]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert not [p for p in holders if p.parent.name not in {"secrets", "config"}]


def test_nothing_listens_beyond_loopback(lab: Status) -> None:
    listening = [
        address for pid in lab.as_json()["pids"].values() for address in _listening(int(pid))
    ]
    assert len(listening) >= len(parts_of(None))
    assert [a for a in listening if not a.startswith("127.") and a != "::ffff:127.0.0.1"] == []


def test_faults_show_in_the_error_ratio_and_lose_nothing(lab: Status) -> None:
    urls = [lab.as_json()["services"][name] for name in ("gateway", "search", "pricing")]

    def ratios() -> list[float | None]:
        return [httpx.get(f"{url}/status").json()["error_ratio"] for url in urls]

    try:
        for url in urls:
            assert httpx.post(f"{url}/fault", params={"ratio": 0.5}).status_code == 200
        _until(lambda: all(0.2 < (ratio or 0) < 0.6 for ratio in ratios()))
    finally:
        for url in urls:
            httpx.post(f"{url}/fault", params={"ratio": 0})
    assert httpx.get(f"{urls[0]}/status").json()["last_error"] == "injected fault"
    assert httpx.post(f"{urls[0]}/fault", params={"ratio": 1.5}).status_code == 400
    _until(lambda: ratios() == [0.0, 0.0, 0.0], deadline_s=30.0)
    verdict = check(lab.folder)
    assert (verdict.lost, verdict.reordered) == (0, 0)


def _lines(folder: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in folder.glob("*.jsonl"))


def _small_files(folder: Path) -> list[Path]:
    kept = [path for path in folder.rglob("*") if path.is_file() and "data" not in path.parts]
    return [path for path in kept if path.stat().st_size < 5_000_000]


def _listening(pid: int) -> list[str]:
    """Local addresses on which a process listens."""
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(entry.readlink())
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                found.append(_address(fields[1].split(":")[0]))
    return found


def _address(text: str) -> str:
    raw = b"".join(bytes.fromhex(text[i : i + 8])[::-1] for i in range(0, len(text), 8))
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw)


def _until(holds: Callable[[], bool], deadline_s: float = 15.0) -> None:
    end = time.perf_counter() + deadline_s
    while not holds():
        assert time.perf_counter() < end, "not within the deadline"
        time.sleep(0.1)
