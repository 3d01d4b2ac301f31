"""This screen and kaskade on one real broker with 10,000 partitions, on the same terminal.

Each is the whole program as a user starts it. Keys come at random moments; each counts until the
terminal gets the next bytes after it, which is the same for both and needs no knowledge of what
they draw. Never measures without brokers of its own, which it starts and stops.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Final

from cockpit.cli.figures import Figure
from cockpit.cli.observing.content import PARTITIONS, TOPICS, filled, topic_name
from cockpit.cli.observing.figures import SETTINGS, VERSION
from cockpit.cli.screenbench.measure import load_note, percentile
from cockpit.cli.screenbench.paints import schedule
from cockpit.cli.screenbench.terminal import Piece, Terminal, cpu_s, on_a_terminal
from cockpit.kafka.text import one_line
from cockpit.lab.home import LabError
from cockpit.lab.jars import Progress
from cockpit.lab.versions import broker_of
from cockpit.ports import PortError

OWN_PLACE: Final = Path(sys.prefix) / "kaskade" / "bin" / "kaskade"
"""Where `make kaskade` puts it: what it depends on is not mixed with ours."""
SECONDS: Final = 20
KEYS_PER_S: Final = 4
SETTLE_S: Final = 12.0
LEAST_S: Final = "5"
"""It refreshes no more often."""
DOWN: Final = b"\x1b[B"


def kaskade() -> str | None:
    """Its command; None: it is not here."""
    return shutil.which("kaskade") or (str(OWN_PLACE) if OWN_PLACE.exists() else None)


def side_by_side(progress: Progress) -> Iterator[Figure]:
    """What cannot be measured here is said."""
    command = kaskade()
    if command is None:
        yield Figure("kaskade_first_paint", None, "ms", note="it is not here: make kaskade")
        return
    found = _figures(command, progress)
    with asyncio.Runner() as runner:
        try:
            while (figure := runner.run(anext(found, None))) is not None:
                yield figure
        except (LabError, PortError) as error:
            note = one_line(f"no broker: {error}")
            yield Figure("kaskade_first_paint", None, "ms", note=note)
        finally:
            runner.run(found.aclose())


async def _figures(command: str, progress: Progress) -> AsyncGenerator[Figure]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cockpit-bench-")))
        progress(f"starting two brokers {VERSION}, {TOPICS} topics of {PARTITIONS} partitions")
        full = await stack.enter_async_context(
            broker_of(VERSION, folder / "full", settings=SETTINGS, heap="1g", progress=progress)
        )
        empty = await stack.enter_async_context(
            broker_of(VERSION, folder / "empty", progress=progress)
        )
        await stack.enter_async_context(filled(full.access()))
        plan = folder / "plan.json"
        plan.write_text(json.dumps(plan_of(full.address, empty.address)))
        own = {"XDG_STATE_HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
        ours = [sys.executable, "-m", "cockpit", "run", "--no-preflight", str(plan)]
        theirs = [command, "admin", "-b", full.address, "--refresh-interval", LEAST_S]
        own["HOME"] = str(folder)
        stack.callback(end_flight, own)
        for figure in of_screen("cockpit", ours, (b"WRITES",), b"2", own):
            yield figure
        engines = engines_of(folder)
        before_s = sum(map(cpu_s, engines))
        await asyncio.sleep(SECONDS)
        taken_ms = (sum(map(cpu_s, engines)) - before_s) * 1_000 if engines else None
        rate = None if taken_ms is None else taken_ms / SECONDS
        yield Figure(
            "cockpit_engine_cpu_a_second", rate, "ms", note="reads both clusters all the time"
        )
        marks = (topic_name(0).encode(),)
        for figure in of_screen("kaskade", theirs, marks, b"", {"HOME": str(folder)}):
            yield figure


def plan_of(source: str, target: str) -> Mapping[str, object]:
    """A plan that looks at all topics of the source. Nothing of it is ever begun."""
    security = {"protocol": "plaintext"}
    by_hand = {word: {"manual": "nothing"} for word in ("stop", "start", "undo")}
    return {
        "cockpit": 1,
        "name": "side-by-side",
        "source": {"bootstrap": [source], "security": security},
        "target": {"bootstrap": [target], "security": security},
        "replication": {
            "kind": "mirrormaker2",
            "connect": "http://127.0.0.1:9",
            "connectors": {"source": "none", "checkpoint": "none"},
        },
        "services": [
            {"name": "reader", "principal": "User:reader", "group": "reader",
             "consumes": [topic_name(n) for n in range(TOPICS)], **by_hand},
        ],
        "waves": [
            {"name": "readers", "services": ["reader"],
             "write_owner": {"before": "source", "after": "source"},
             "gates": [{"replication_lag": {"max": 100, "for": "60s"}}, "parity"],
             "steps": ["stop", "offsets", "start", {"soak": {"for": "10m"}}]},
        ],
    }  # fmt: skip


def engines_of(folder: Path) -> list[int]:
    """Process ids of the engines whose session is below this folder."""
    found: list[int] = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = place.read_bytes().decode(errors="replace").split("\0")
            if "engine" in words and any(word.startswith(str(folder)) for word in words):
                found.append(int(place.parent.name))
    return found


def end_flight(environment: Mapping[str, str]) -> None:
    """The engine outlives its screen: it is told to end."""
    command = [sys.executable, "-m", "cockpit", "act", "end"]
    told = {**os.environ, **environment}
    subprocess.run(command, env=told, check=False, capture_output=True, timeout=60)  # noqa: S603  # ourselves


def of_screen(
    name: str, command: Sequence[str], marks: Sequence[bytes], first_key: bytes,
    environment: Mapping[str, str],
) -> Iterator[Figure]:  # fmt: skip
    """First paint, then what it costs at rest and at keys."""
    with on_a_terminal(command, environment=environment) as terminal:
        painted_s = terminal.until(*marks)
        yield Figure(f"{name}_first_paint", (painted_s - terminal.begun_s) * 1_000, "ms")
        terminal.press(first_key)
        terminal.watch(SETTLE_S)
        before_s = terminal.cpu_s()
        size = sum(len(piece.data) for piece in terminal.watch(SECONDS))
        cpu_ms = (terminal.cpu_s() - before_s) * 1_000 / SECONDS
        yield Figure(f"{name}_bytes_a_second", size / 1_000 / SECONDS, "kB/s")
        yield Figure(f"{name}_cpu_a_second", cpu_ms, "ms")
        taken = answered_ms(terminal)
        for percent in (50, 99):
            value = percentile(taken, percent)
            note = f"{len(taken)} keys, {load_note()}"
            yield Figure(f"{name}_key_to_bytes_p{percent}", value, "ms", note=note)
        yield Figure(f"{name}_memory", terminal.memory_kb() / 1_000, "MB")


def answered_ms(terminal: Terminal) -> list[float]:
    """Milliseconds from each key to the next bytes."""
    presses = schedule(SECONDS, KEYS_PER_S)
    begun_s = terminal.now_s()
    pieces = terminal.watch(SECONDS + 2, [(one.at_s, DOWN) for one in presses])
    return waits_ms([begun_s + one.at_s for one in presses], pieces)


def waits_ms(pressed_s: Sequence[float], pieces: Sequence[Piece]) -> list[float]:
    """From each key to the first piece after it; a key after which nothing came is left out."""
    found: list[float] = []
    for at_s in pressed_s:
        after = next((piece.at_s for piece in pieces if piece.at_s >= at_s), None)
        if after is not None:
            found.append((after - at_s) * 1_000)
    return found
