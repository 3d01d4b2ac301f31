"""Flies a plan against the lab as a script would: a process, its JSON lines, its exit code."""

from __future__ import annotations

import http.server
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Event = dict[str, Any]


@dataclass(slots=True)
class Drill:
    """A signal of the test's own: what it says, and where."""

    url: str
    value: float = 0.0
    asked: int = field(default=0)


@contextmanager
def drill_signal() -> Iterator[Drill]:
    """A real HTTP endpoint on loopback that answers with the drill's value."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            drill.asked += 1
            body = json.dumps({"errors": {"ratio": drill.value}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    drill = Drill(f"http://127.0.0.1:{server.server_port}/")
    thread = threading.Thread(target=server.serve_forever, name="drill", daemon=True)
    thread.start()
    try:
        yield drill
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Plain(yaml.SafeDumper):
    """YAML without anchors: the loader refuses them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def quick(plan: Path) -> Any:
    """The lab's plan, read, with short windows."""
    return yaml.safe_load(re.sub(r"for: (5|10)s", "for: 2s", plan.read_text()))


def begun_at_once(content: Any) -> Any:  # what YAML gave
    """The plan with gates that are asked once, and without those that look at every record: for
    flights that are about what comes after them."""
    for wave in content["waves"]:
        wave["gates"] = [gate for gate in wave["gates"] if "offset_delta" not in gate]
        for gate in wave["gates"]:
            for asked in gate.values():
                asked.pop("for", None)
    return content


def write_plan(content: Any, to: Path) -> Path:  # what YAML gave
    """A plan as the loader reads it."""
    to.write_text(yaml.dump(content, Dumper=_Plain, sort_keys=False))
    return to


def drilled_plan(plan: Path, drill: Drill, to: Path) -> Path:
    """The lab's plan with short windows, and a drill signal as a trigger of two waves.

    It takes `readers` back in a second soak, and `pricing` while nobody has started yet.
    """
    content = quick(plan)
    content["signals"]["drill"] = {"http": drill.url, "path": "errors.ratio", "unit": "ratio"}
    waves = {wave["name"]: wave for wave in content["waves"]}
    for name in ("readers", "pricing"):
        rollback = waves[name]["rollback"]
        rollback["triggers"].append({"signal": {"name": "drill", "max": 0.1, "for": "1s"}})
        rollback["on_trigger"] = "rollback"
    waves["readers"]["steps"].append({"soak": {"for": "4s"}})
    steps = waves["pricing"]["steps"]
    steps.insert(steps.index("offsets"), {"soak": {"for": "4s"}})
    for step in steps:
        if isinstance(step, dict) and "fence" in step:
            step["fence"]["deadline"] = "240s"  # that soak needs its samples, on a slow machine too
    return write_plan(content, to)


@dataclass(frozen=True, slots=True)
class Flight:
    """What a flight said, and its exit code."""

    events: tuple[Event, ...]
    exit_code: int
    errors: str

    @property
    def result(self) -> Event:
        return self.events[-1]

    def kinds(self) -> list[str]:
        return [event["kind"] for event in self.events]

    def story(self) -> str:
        """What was said that is not a plain reading: for the message of a failed assertion."""
        dull = ("gate", "side", "progress")
        told = [json.dumps(event) for event in self.events if event["kind"] not in dull]
        return "\n".join([*told[-40:], self.errors])


def environment(state: Path) -> dict[str, str]:
    """Of a cockpit whose sessions are kept under this folder."""
    return {**os.environ, "XDG_STATE_HOME": str(state), "XDG_RUNTIME_DIR": str(state)}


def fly(
    plan: Path, state: Path, on_event: Callable[[Event], None] = lambda _: None, *options: str
) -> Flight:
    """`cockpit run PLAN --headless --json`, to its end."""
    command = [sys.executable, "-m", "cockpit", "run", str(plan), "--headless", "--json", *options]
    events: list[Event] = []
    with (state / "errors.txt").open("w+") as errors:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment(state),
        )
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                events.append(json.loads(line))
                on_event(events[-1])
        code = process.wait(30)
        errors.seek(0)
        return Flight(tuple(events), code, errors.read())
