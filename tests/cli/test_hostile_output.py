"""What the commands say, on a terminal and into a pipe, while a real engine flies between servers
that answer with everything that a terminal would obey."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from cockpit.cli.main import main
from tests.flights.test_canaries import Given, ended, given
from tests.tui.fixtures import HOSTILE

SAYABLE = tuple(text for text in HOSTILE if text and not re.search("[\ud800-\udfff]", text))
REASON = "".join(text for text in SAYABLE if "\0" not in text)[:900]
FLYING = (
    ("status",), ("status", "--json"),
    ("act", "note", "--text", REASON), ("act", "veto", "--text", REASON),
    ("act", "drive", "--of", REASON[:60], "--text", REASON), ("act", "no-go", "--text", REASON),
    ("act", "advance", "--wave", REASON[:60]), ("act", REASON), (REASON[:80],),
    ("check", "plan.yaml"), ("check", "hostile.yaml"), ("check", "hostile.yaml", "--json"),
    ("doctor", "plan.yaml"), ("leftovers", "plan.yaml"), ("status", REASON[:60]),
    ("inventory", "plan.yaml", "--watch", "0s"), ("inventory", "hostile.yaml"),
    ("inventory", "plan.yaml", "--watch", "0s", "--table", "schemas"),
)  # fmt: skip
LANDED = (
    ("sessions",), ("report",), ("report", "--format", "json"), ("export", "--table", "events"),
    ("resume", REASON[:60], "--headless"), ("replay", REASON[:60]),
)  # fmt: skip


PROGRESS = re.compile(r"(\r[a-z ]+: \d+ %)+\r\x1b\[K")
"""How far something long is, on one line that is taken away: the program's own words."""


def strange(said: bytes) -> set[str]:
    """Every character that acts on a terminal and ends no line."""
    text = said.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    text = PROGRESS.sub("", text)
    found = {c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}
    return {hex(ord(c)) for c in found - {"\n"}}


async def on_a_terminal(found: Given, *words: str) -> None:
    """Run a command whose three streams are a terminal; what it writes there is a sink."""
    master, slave = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cockpit", *words, cwd=found.folder,
        env={**found.environ, "TERM": "xterm-256color"}, stdin=slave, stdout=slave, stderr=slave,
    )  # fmt: skip
    os.close(slave)
    said = await asyncio.to_thread(lambda: b"".join(read_to_the_end(master)))
    await process.wait()
    os.close(master)
    found.sinks[f"terminal of {' '.join(words)!r}"] = said


def read_to_the_end(master: int) -> Iterator[bytes]:
    """Until nobody holds the other side any more."""
    while True:
        try:
            data = os.read(master, 65536)
        except OSError:
            return
        if not data:
            return
        yield data


@pytest.mark.timeout(900)
async def test_no_command_says_what_a_terminal_obeys(tmp_path: Path) -> None:
    passwords = [f"password-number-{number}" for number in range(5)]
    async with given(tmp_path, passwords, SAYABLE) as found:
        (tmp_path / "hostile.yaml").write_text(hostile_plan(found.plan.read_text()))
        options = ("--headless", "--no-preflight", "--gate-wait", "2000s")
        async with asyncio.TaskGroup() as group:
            group.create_task(found.cockpit("run", str(found.plan), *options))
            engine = await found.flying()
            with ended(engine):
                for words in FLYING:
                    await on_a_terminal(found, *words)
                for words in FLYING[:4]:
                    await found.cockpit(*words)
        for words in LANDED:
            await on_a_terminal(found, *words)
        found.sinks["engine.log"] = (found.session / "engine.log").read_bytes()
    assert found_in(found.sinks) == {}
    everything = b"".join(found.sinks.values()).decode()
    assert "\u241b]0;owned" in everything or "\ufffd]0;owned" in everything
    assert "notes" in everything or "note: done" in everything


def hostile_plan(text: str) -> str:
    """A plan with hostile text wherever a text stands, by YAML's escapes."""
    written = [json.dumps(text) for text in SAYABLE]
    names = ("readers", "ledger", "hostile-week", "User:ledger", "orders", "ratio", "mm2-source")
    for name, bad in zip(names, written, strict=False):
        place = rf'(?<=[ \[]){re.escape(name)}(?=[,\]\n])|"{re.escape(name)}"'
        text = bad.join(re.split(place, text))
    return text


def found_in(sinks: Mapping[str, bytes]) -> dict[str, set[str]]:
    """Where something strange is."""
    return {name: hits for name, said in sinks.items() if (hits := strange(said))}


def test_a_defect_is_told_without_secrets_and_without_what_a_terminal_obeys(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from cockpit.secrecy import SECRETS

    SECRETS.add("cnry-in-a-traceback")
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    main(["sessions", "--json"])
    capsys.readouterr()
    try:
        raise ValueError(f"login with cnry-in-a-traceback failed {HOSTILE[0]}")  # noqa: TRY301
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    said = capsys.readouterr().err
    assert "login with *** failed \u241b]52" in said
    assert "Traceback" in said
    assert not strange(said.encode())


def test_no_json_has_a_control_character(capsys: pytest.CaptureFixture[str]) -> None:
    from cockpit.cli.output import say_json

    say_json({"\x7f\x1b": "".join(map(chr, range(0x20, 0x300))) + "\u202e\U000e0041"})
    said = capsys.readouterr().out
    assert not strange(said.encode())
    assert said.isascii()
    (key,) = json.loads(said)
    assert key == "\x7f\x1b"
