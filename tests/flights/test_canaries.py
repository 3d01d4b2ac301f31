"""25 planted secrets come out nowhere: a real engine and every command, between servers that say
each secret back in each of its forms."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cockpit.core.intents import AddNote
from cockpit.core.snapshot import Snapshot
from cockpit.engine.remote import RemoteSession
from cockpit.wire.jsonl import export_lines
from cockpit.wire.recording import Reader
from tests.canaries import CANARIES, forms_of, leaks
from tests.flights.hostile_site import Site, hostile_site
from tests.flights.outside import PATH, Outside, outside
from tests.tui.seen import opened

NAMES = tuple(CANARIES)
FIVES = tuple(NAMES[at : at + 5] for at in range(0, 25, 5))
MOMENTS = 12
"""Snapshots that the flight is watched for."""
COMMANDS = (
    ("status",), ("status", "--json"), ("sessions",), ("sessions", "--json"),
    ("act", "note", "--text", "{note}"), ("act", "pause", "--json"),
    ("check", "{plan}", "--secrets"), ("check", "{plan}", "--json"),
    ("check", "{plan}", "--explain"),
    ("doctor", "{plan}"), ("doctor", "{plan}", "--json"), ("doctor", "{plan}", "--rights"),
    ("leftovers", "{plan}"), ("leftovers", "{plan}", "--json"),
    ("inventory", "{plan}"), ("inventory", "{plan}", "--json", "--watch", "0s"),
    ("inventory", "{plan}", "--table", "all", "--watch", "0s"),
    ("run", "{plan}", "--headless", "--json"),
)  # fmt: skip
AFTER = (
    ("report", "--format", "md"), ("report", "--format", "html"), ("report", "--format", "json"),
    ("report", "--anonymise"), ("export",), ("export", "--table", "events"), ("sessions",),
    ("tune",), ("replay", "--verify"), ("resume", "--headless", "--json"),
)  # fmt: skip
FEW = (("status", "--json"), ("act", "note", "--text", "{note}"), ("doctor", "{plan}", "--json"))
FEW_AFTER = (("report", "--format", "html"), ("export",))
"""Enough for the other canaries: the edges are the same for all commands. A new sink puts what it
was given into `Given.sinks` under a name of its own."""

MASKED = re.compile(rb"\*\*\*")
"""A secret in an alarm. Which server's, and so what stands around it, the moment decides: on a slow
machine the first that is told of a broker may be that it did not answer in time."""


@dataclass
class Given:
    """A plan with five secrets, and everything that came out of the cockpit."""

    site: Site
    outside: Outside
    folder: Path
    plan: Path
    environ: Mapping[str, str]
    sinks: dict[str, bytes] = field(default_factory=dict)

    @property
    def session(self) -> Path:
        """The folder of the one session."""
        (found,) = (self.folder / "state" / "cockpit" / "sessions").iterdir()
        return found

    async def flying(self) -> int:
        """The engine's number, once it flies."""
        async with asyncio.timeout(240):
            while True:
                with suppress(OSError, ValueError):
                    meta = json.loads((self.session / "session.json").read_text())
                    if "pid" in meta:
                        return int(meta["pid"])
                await asyncio.sleep(0.2)

    async def cockpit(self, *words: str) -> int:
        """Run a command; what it says is a sink."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cockpit", *words, cwd=self.folder, env=dict(self.environ),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        shown = " ".join(words)
        self.sinks[f"out of {shown}"], self.sinks[f"err of {shown}"] = out, err
        assert process.returncode is not None
        return process.returncode


def kept(folder: Path, values: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Where five secrets are kept: some in the environment, some in files."""
    places, environ = [], {}
    for number, value in enumerate(values):
        if number % 2 and "\0" not in value:
            path = folder / f"secret-{number}"
            path.touch(0o600)
            path.write_text(value)
            places.append(f"${{file:{path.name}}}")
        else:
            environ[f"CNRY_{number}"] = value
            places.append(f"${{env:CNRY_{number}}}")
    return places, environ


@asynccontextmanager
async def given(
    folder: Path, values: Sequence[str], says: Sequence[str] = ()
) -> AsyncIterator[Given]:
    """A plan, its site and a state folder of its own. `says`: what the site says in the place of
    the secrets."""
    async with outside(folder) as hook, hostile_site([*values, *hook.secrets], says) as site:
        places, secrets = kept(folder, values)
        plan = folder / "plan.yaml"
        plan.write_text(site.plan(folder, places) + hook.plan())
        for name in ("state", "run"):
            (folder / name).mkdir(0o700)
        environ = {
            **os.environ, **secrets,
            "XDG_STATE_HOME": str(folder / "state"), "XDG_RUNTIME_DIR": str(folder / "run"),
        }  # fmt: skip
        yield Given(site, hook, folder, plan, environ)


@contextmanager
def ended(engine: int) -> Iterator[None]:
    """The engine is ended behind the block, by its number."""
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(engine, signal.SIGTERM)


async def watched(found: Given, engine: int) -> Snapshot:
    """Look on for a while: each byte of the socket, each moment, and which programs run."""
    path = Path(json.loads((found.session / "session.json").read_text())["socket"])
    reader, writer = await asyncio.open_unix_connection(path)
    session = await RemoteSession.connect(path)
    for form in list(forms_of(found.site.secrets[0]))[:5]:
        await session.submit(AddNote(f"the password is {form}, or so", "x"))
    moments: list[str] = []
    newest: Snapshot | None = None
    while len(moments) < MOMENTS and (news := await session.news()) is not None:
        events, snapshot = news
        newest = snapshot or newest
        told = json.dumps(list(events), ensure_ascii=False)
        moments.append(f"{told} {snapshot!r}")
        found.sinks["command lines"] = found.sinks.get("command lines", b"") + command_lines(engine)
    await session.close()
    await found.outside.read_metrics()
    found.sinks["socket"] = "\n".join(moments).encode("utf-8", "surrogatepass")
    found.sinks["raw socket"] = await asyncio.wait_for(reader.read(1 << 22), 60)
    writer.close()
    assert newest is not None
    return newest


def command_lines(engine: int) -> bytes:
    """What `ps` shows of the engine and of everything that it has started."""
    found = b""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError):
            ancestor = path.read_text().rpartition(")")[2].split()[1]
            if path.parent.name == str(engine) or ancestor == str(engine):
                found += (path.parent / "cmdline").read_bytes() + b"\n"
    return found


async def drawn(found: Given, snapshot: Snapshot) -> None:
    """Every pane as text."""
    for size in ((80, 24), (160, 48)):
        async with opened(snapshot, size) as seen:
            for key in "1234567890":
                await seen.press(key)
                found.sinks[f"screen {size} {key}"] = seen.text().encode("utf-8", "surrogatepass")


def files(found: Given) -> None:
    """Everything on disk, and the recording in words."""
    for path in (found.folder / "state").rglob("*"):
        if path.is_file():
            found.sinks[f"file {path.name}"] = path.read_bytes()
    lines = "".join(export_lines(Reader((found.session / "recording.ckrec").read_bytes())))
    found.sinks["recording"] = lines.encode("utf-8", "surrogatepass")
    decoded = [json.loads(line) for line in lines.splitlines()]
    text = json.dumps(decoded, ensure_ascii=False)
    found.sinks["recording, decoded"] = text.encode("utf-8", "surrogatepass")


def found_in(sinks: Mapping[str, bytes], values: Sequence[str]) -> dict[str, list[str]]:
    """Where any form of any of these secrets is."""
    return {name: hits for name, data in sinks.items() if (hits := leaks(data, values))}


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "names",
    [FIVES[0], *(pytest.param(five, marks=pytest.mark.soak) for five in FIVES[1:])],
    ids=lambda names: names[0],
)
async def test_no_secret_of_a_flight_comes_out_anywhere(
    tmp_path: Path, names: Sequence[str]
) -> None:
    values = [CANARIES[name] for name in names]
    async with given(tmp_path, values) as found:
        options = ("--headless", "--json", "--no-preflight", "--gate-wait", "2000s")
        async with asyncio.TaskGroup() as group:
            group.create_task(found.cockpit("run", str(found.plan), *options))
            engine = await found.flying()
            with ended(engine):
                newest = await watched(found, engine)
                note = f"it is {values[0]}".replace("\n", " ")
                for words in COMMANDS if names == FIVES[0] else FEW:
                    await found.cockpit(*(w.format(plan=found.plan, note=note) for w in words))
                await found.outside.read_metrics()
                await found.outside.until_told(MASKED)
        await drawn(found, newest)
        await asyncio.sleep(1.0)
        files(found)
        for words in AFTER if names == FIVES[0] else FEW_AFTER:
            await found.cockpit(*words)
        found.sinks |= found.outside.sinks()
        assert found_in(found.sinks, [*values, *found.outside.secrets]) == {}
        assert found.site.said > 500
        assert_looked(found)


def assert_looked(found: Given) -> None:
    """The sinks are those that they are said to be."""
    everything = b"".join(found.sinks.values())
    assert b"bad login ***" in everything, "the brokers have refused, and it was told"
    assert b"the password is ***, or so" in found.sinks["recording, decoded"]
    assert b"the password is ***, or so" in found.sinks["file journal.jsonl"]
    assert b"cockpit" in found.sinks["command lines"]
    assert {one.target for one in found.outside.asked} == {PATH}
    assert b'"kind": "flight_started"' in found.sinks["webhook, bodies"]
    assert MASKED.search(found.sinks["webhook, bodies"])
    assert b"user-agent: cockpit" in found.sinks["webhook, requests"]
    assert found.sinks["metrics"].count(b"\ncockpit_heartbeat_timestamp_seconds ") == 2
    environ = (found.folder / "environ").read_text()
    assert "PATH=" in environ
    assert "CNRY_" not in environ, "a program of the plan does not get the secrets"
