"""Metrics: what they say, that hostile names stay names, and who may ask for them."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cockpit.core.observe import MISSING, Unknown
from cockpit.core.snapshot import Snapshot, WaveView
from cockpit.notify.listener import MAX_CONNECTIONS, ListenError, on_port, on_socket
from cockpit.notify.metrics import MAX_LABEL_CHARS, MAX_SERIES, escaped, exposition
from tests.tui import fixtures

SAMPLE = re.compile(
    r'(?P<name>cockpit_[a-z_]+)(?:\{(?P<labels>[a-z_]+="(?:[^"\\\n]|\\[\\n"])*"'
    r'(?:,[a-z_]+="(?:[^"\\\n]|\\[\\n"])*")*)\})? (?P<value>-?[0-9.]+(?:e[+-][0-9]+)?)'
)
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\[\\n"])*)"')
HOSTILE = (
    'a"} 1\ncockpit_paused 0\n#', "back\\slash", "\x1b[31m", "a\r\nb", "\u2028", "\ud800", "{},=",
    '\\"', "x" * 10_000,
)  # fmt: skip


def read(text: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    """As the format's grammar has it: any line that is not of it fails."""
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    typed: set[str] = set()
    assert text.endswith("\n")
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            continue
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert kind == "gauge"
            assert name not in typed
            typed.add(name)
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        assert match["name"] in typed
        labels = {
            key: re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), value)
            for key, value in LABEL.findall(match["labels"] or "")
        }
        samples = found.setdefault(match["name"], [])
        assert labels not in [one for one, _ in samples], "the same series twice"
        samples.append((labels, float(match["value"])))
    return found


def said(snapshot: Snapshot) -> dict[str, list[tuple[dict[str, str], float]]]:
    return read(exposition(snapshot, version="0.1"))


def test_a_flight_in_numbers() -> None:
    snapshot = replace(fixtures.fenced(), head=f"1234:{'ab' * 32}")
    found = said(snapshot)
    ((labels, one),) = found["cockpit_info"]
    assert (labels["plan"], labels["session"], one) == (
        snapshot.status.plan, snapshot.status.session, 1,
    )  # fmt: skip
    assert found["cockpit_heartbeat_timestamp_seconds"] == [({}, snapshot.at_ms / 1000)]
    assert [labels for labels, _ in found["cockpit_wave_state"]] == [
        {"wave": wave.name, "state": wave.word} for wave in snapshot.waves
    ]
    since = snapshot.status.blocked_since_ms
    assert since is not None
    assert found["cockpit_blocked_seconds"] == [({}, (snapshot.at_ms - since) / 1000)]
    assert found["cockpit_writes_state"] == [({"owner": "FENCED"}, 1)]
    assert found["cockpit_side_connected"] == [({"side": "source"}, 1), ({"side": "target"}, 1)]
    lag = snapshot.partitions.lag
    assert found["cockpit_replication_lag_max_records"] == [({}, int(lag[lag != MISSING].max()))]
    verdicts = [(one["name"], one["verdict"]) for one, _ in found["cockpit_gate_verdict"]]
    assert verdicts == [(gate.name, gate.verdict) for gate in snapshot.gates]
    bad = sum(alarm.level == "bad" for alarm in snapshot.alarms)
    assert found["cockpit_alarms"][0] == ({"level": "bad"}, bad)
    assert found["cockpit_journal_entries"] == [({}, 1234)]
    assert found["cockpit_series_left_out"] == [({}, 0)]


def test_what_is_not_known_is_no_number() -> None:
    snapshot = fixtures.fenced()
    table = replace(snapshot.partitions, lag=np.full_like(snapshot.partitions.lag, MISSING))
    blind = replace(
        snapshot,
        partitions=table,
        groups=tuple(
            replace(g, source_lag_records=Unknown("?"), target_lag_records=Unknown("?"))
            for g in snapshot.groups
        ),
        source=replace(snapshot.source, asked_at_ms=None, health="unreachable"),
    )
    found = said(blind)
    assert "cockpit_replication_lag_max_records" not in found
    assert "cockpit_group_lag_max_records" not in found
    assert [one["side"] for one, _ in found["cockpit_side_data_age_seconds"]] == ["target"]
    assert found["cockpit_side_connected"][0] == ({"side": "source"}, 0)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_one_label(text: str) -> None:
    snapshot = fixtures.fenced()
    status = replace(snapshot.status, plan=text, environment=text)
    gates = tuple(replace(gate, name=text) for gate in snapshot.gates)
    found = said(replace(snapshot, status=status, gates=gates))
    ((labels, _),) = found["cockpit_info"]
    assert labels["plan"] == labels["environment"]
    assert len(escaped(text)) <= 2 * MAX_LABEL_CHARS
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", escaped(text))
    assert found["cockpit_paused"] == [({}, 0)]


def test_series_are_bounded_and_what_is_left_out_is_counted() -> None:
    snapshot = fixtures.fenced()
    waves = tuple(WaveView(f"wave-{n}", "pending", (), ()) for n in range(10_000))
    found = said(replace(snapshot, waves=waves))
    assert len(found["cockpit_wave_state"]) == MAX_SERIES
    assert found["cockpit_series_left_out"] == [({}, 10_000 - MAX_SERIES)]
    many = fixtures.snapshot()
    assert sum(map(len, said(many).values())) < 60  # partitions and groups have none of their own


async def asked(port: int, request: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    reply = b""
    with contextlib.suppress(ConnectionError):  # hung up on
        writer.write(request.encode())
        writer.write_eof()
        reply = await reader.read()
    writer.close()
    return reply.decode()


def get(host: str = "localhost", path: str = "/metrics", verb: str = "GET") -> str:
    return f"{verb} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"


async def test_a_port_of_the_loopback_answers() -> None:
    async with on_port("127.0.0.1:0", lambda: "cockpit_paused 0\n") as port:
        for host in ("localhost", f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"):
            reply = await asked(port, get(host))
            assert reply.startswith("HTTP/1.1 200 OK\r\n"), host
            assert reply.endswith("\r\n\r\ncockpit_paused 0\n")
            assert "Content-Type: text/plain; version=0.0.4" in reply


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (get("evil.example"), 403),
        (get("evil.example:9464"), 403),
        (get("127.0.0.1.evil.example"), 403),
        ("GET /metrics HTTP/1.1\r\n\r\n", 403),
        ("GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 403),
        (get(verb="POST"), 405),
        (get(path="/"), 404),
        (get(path="/metrics/../etc/passwd"), 404),
        ("nonsense\r\n\r\n", 400),
        ("\r\n\r\n", 400),
    ],
)
async def test_anything_else_is_sent_away(request_text: str, status: int) -> None:
    async with on_port("127.0.0.1:0", lambda: "secret") as port:
        reply = await asked(port, request_text)
        assert reply.split(" ")[1] == str(status)
        assert "secret" not in reply


async def test_who_talks_nonsense_slowly_or_too_much_ends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cockpit.notify.listener.ANSWER_WITHIN_S", 0.2)
    async with on_port("127.0.0.1:0", lambda: "x") as port:
        assert await asked(port, "GET /" + "a" * 100_000) == ""
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MAX_CONNECTIONS)]
        assert await asked(port, get()) == ""  # too many at once
        await asyncio.sleep(0.5)
        assert (await asked(port, get())).startswith("HTTP/1.1 200")
        for _, writer in held:
            writer.close()


@pytest.mark.parametrize(
    "listen",
    [
        "0.0.0.0:0", "10.0.0.1:0", "[::]:0", "169.254.1.1:0", "localhost:0", "[::ffff:10.0.0.1]:0",
        "1.2.3.4:0", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999", "",
    ],
)  # fmt: skip
async def test_any_other_address_is_refused(listen: str) -> None:
    with pytest.raises(ListenError):
        async with on_port(listen, lambda: ""):
            pass


async def test_a_port_that_is_taken_is_told() -> None:
    async with on_port("127.0.0.1:0", lambda: "") as port:
        with pytest.raises(ListenError, match="in use"):
            async with on_port(f"127.0.0.1:{port}", lambda: ""):
                pass


@asynccontextmanager
async def served(path: Path) -> AsyncIterator[None]:
    async with on_socket(path, lambda: "cockpit_paused 0\n"):
        yield


async def over(path: Path) -> str:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(get("whatever").encode())
    reply = (await reader.read()).decode()
    writer.close()
    return reply


async def test_a_socket_is_private_replaces_an_old_one_and_goes_with_the_engine(
    tmp_path: Path,
) -> None:
    path = tmp_path / "m.sock"
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(str(path))
    async with served(path):
        assert path.stat().st_mode & 0o777 == 0o600
        assert (await over(path)).endswith("cockpit_paused 0\n")
    assert not path.exists()


async def test_what_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "m.sock"
    path.write_text("precious")
    with pytest.raises(ListenError, match="something else"):
        async with served(path):
            pass
    assert path.read_text() == "precious"
    (tmp_path / "link").symlink_to(path)
    for other in (tmp_path / "link", tmp_path / "no" / "folder", tmp_path / ("x" * 200)):
        with pytest.raises(ListenError):
            async with served(other):
                pass
