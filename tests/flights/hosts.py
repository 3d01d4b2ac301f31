"""Two real engines with a state folder each, as on two hosts: the first is stopped in the midst of
an effect, the second takes the flight over, then the first goes on.

What leaves an engine for the network is noted where it leaves, by the test's own hand.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cockpit.cli import exits
from cockpit.engine.journal import read_journal
from tests.flights.crashes import SITE, Cell, engines, kill_engines, marks
from tests.flights.real import Event, Flight, begun_at_once, quick, write_plan
from tests.flights.site import Site
from tests.flights.standing import assert_stands_as
from tests.flights.test_lab import assert_nothing_lost

MARKED_WITHIN_S = 180
ENDS_WITHIN_S = 60


NOTHING_YET = [("stop", "after commit"), ("stop", "before leaving")]
"""Where not even the first effect of the flight has left."""


@dataclass
class Host:
    """One host: its own state, runtime folder and trace."""

    folder: Path
    cell: Cell | None = None
    events: list[Event] = field(default_factory=list)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def traced(self) -> Path:
        return self.folder / "left.jsonl"

    def environment(self) -> dict[str, str]:
        self.state.mkdir(parents=True, exist_ok=True)
        path = os.pathsep.join(filter(None, (str(SITE), os.environ.get("PYTHONPATH"))))
        death = {} if self.cell is None else {
            "COCKPIT_TEST_DEATH": json.dumps(
                {"step": self.cell.step, "point": self.cell.point, "death": self.cell.death}
            )
        }  # fmt: skip
        return {
            **os.environ,
            **death,
            "PYTHONPATH": path,
            "XDG_STATE_HOME": str(self.state),
            "XDG_RUNTIME_DIR": str(self.state),
            "COCKPIT_TEST_TRACE": str(self.traced),
        }

    def left(self) -> list[dict[str, Any]]:
        """What has left for the network."""
        if not self.traced.exists():
            return []
        return [json.loads(line) for line in self.traced.read_text().splitlines()]

    def command(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "cockpit", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment(),
        )

    def fly(self, *words: str, on_event: Callable[[Event], None] = lambda _: None) -> Flight:
        """A command to its end."""
        process = self.command(*words)
        errors: list[str] = []
        assert process.stdout is not None
        assert process.stderr is not None
        reading = threading.Thread(target=lambda: errors.extend(process.stderr or ()))
        reading.start()
        for line in process.stdout:
            self.events.append(json.loads(line))
            on_event(self.events[-1])
        code = process.wait(30)
        reading.join()
        process.stdout.close()
        process.stderr.close()
        return Flight(tuple(self.events), code, "".join(errors))

    def session(self) -> Path:
        return next((self.state / "cockpit" / "sessions").iterdir())


@dataclass
class Story:
    """What came of both."""

    cell: Cell
    old: Flight
    new: Flight
    taken_ms: int
    continued_ms: int
    old_host: Host
    new_host: Host


def coordinated(lab: Path, to: Path) -> Path:
    """The lab's plan with short windows, whose flights can be taken over."""
    content = begun_at_once(quick(lab / "plan.yaml"))
    content["coordination"] = {"topic": "cockpit-journal"}
    return write_plan(content, to)


def until(holds: Callable[[], object], within_s: float, what: str) -> None:
    end_s = time.monotonic() + within_s  # a test's own deadline
    while not holds():
        assert time.monotonic() < end_s, what  # as above
        time.sleep(0.1)


@contextlib.contextmanager
def flying(host: Host, *words: str) -> Iterator[list[Flight]]:
    """A flight in the background; its end is in the list afterwards."""
    ended: list[Flight] = []
    thread = threading.Thread(target=lambda: ended.append(host.fly(*words)))
    thread.start()
    try:
        yield ended
    except BaseException:
        kill_engines(host.state)  # one that is stopped would never end
        raise
    finally:
        thread.join()


def taken_over(site: Site, cell: Cell, folder: Path, *options: str) -> Story:
    """The first engine is stopped where the cell says, taken over, and goes on."""
    plan = coordinated(site.lab.folder, site.lab.folder / f"{cell.mark}.yaml")
    old, new = Host(folder / "old", cell), Host(folder / "new")
    try:
        with flying(old, "run", str(plan), "--headless", "--json", "--from", "pricing") as flown:
            until(lambda: marks(old.state, cell), MARKED_WITHIN_S, f"{cell}: nothing stopped")
            name = old.session().name
            continued = [0]

            def wake(event: Event) -> None:
                """Let the first engine go on once the second one flies."""
                if event["kind"] != "takeover_waits" and not continued[0]:
                    continued[0] = int(time.time() * 1000)
                    for pid in engines(old.state):
                        os.kill(pid, signal.SIGCONT)

            order = ("--reason", "its host is gone", "--confirm", name)
            flight = new.fly(
                "takeover", name, "--plan", str(plan), *order, "--headless", "--json", *options,
                on_event=wake,
            )  # fmt: skip
            assert continued[0], flight.story()
            until(lambda: not engines(old.state), ENDS_WITHIN_S, "the first engine has not ended")
    finally:
        kill_engines(old.state)
        kill_engines(new.state)
    journal = list(read_journal(new.session() / "journal.jsonl"))
    taken_ms = next(e["at_ms"] for e in journal if e["kind"] == "took_over")
    return Story(cell, flown[0], flight, taken_ms, continued[0], old, new)


def assert_only_engine(story: Story) -> None:
    """The first has begun nothing since, and says by whom and when it was taken over."""
    late = [one for one in story.old_host.left() if one["at_ms"] >= story.taken_ms]
    assert late == []
    if (story.cell.step, story.cell.point) not in NOTHING_YET:
        assert story.old_host.left(), "nothing was ever noted"
    assert story.old.result["outcome"] == "taken_over", story.old.story()
    assert story.old.exit_code == exits.REFUSED
    assert "its host is gone" in story.old.result["why"]
    journal = list(read_journal(story.old_host.session() / "journal.jsonl"))
    said = [e for e in journal if e["kind"] == "taken_over"]
    assert len(said) == 1
    assert said[0]["taken_at_ms"] == story.taken_ms
    ends = {e["action_id"]: e["outcome"] for e in journal if e["kind"] == "outcome"}
    since = [e for e in journal if e["kind"] == "intent" and e["at_ms"] >= story.taken_ms]
    assert {ends[e["action_id"]] for e in since} <= {"failed"}  # on its own disk, and no further
    resumed = story.old_host.fly("resume", story.old_host.session().name, "--headless", "--json")
    assert resumed.exit_code == exits.REFUSED, resumed.errors
    assert "taken over by" in resumed.errors


def assert_every_intent_ended(story: Story) -> None:
    """Also those of the first engine that the topic had: by reading."""
    journal = list(read_journal(story.new_host.session() / "journal.jsonl"))
    intended = {e["action_id"] for e in journal if e["kind"] == "intent"}
    ended = {e["action_id"] for e in journal if e["kind"] == "outcome"}
    assert intended <= ended
    before = [e for e in journal if e["at_ms"] < story.taken_ms]
    done = {e["action_id"] for e in before if e["kind"] == "outcome"}
    flying = {e["action_id"] for e in before if e["kind"] == "intent"} - done
    read = {e["action_id"] for e in journal if e.get("by") == "reading"}
    assert flying == read


def assert_comes_back(site: Site, cell: Cell, folder: Path) -> None:
    """The wave is on the source again by the second engine alone."""
    story = taken_over(site, cell, folder)
    assert story.new.result["outcome"] == "rolled_back", story.new.story()
    assert_only_engine(story)
    assert_every_intent_ended(story)
    assert_stands_as(site.before, site.lab)
    assert_nothing_lost(site.lab)
