"""Flies many seeds of the swarm on both processors, or one seed and its story.

`python -m tests.flights.swarm_soak --seeds 20000`: goes on where it was stopped, as long as the
code is the same. `python -m tests.flights.swarm_soak 1234`: that seed, told.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from tests.flights.simulate import Flown
from tests.flights.soaking import KEPT, SIMULATED, keep, source_hash
from tests.flights.swarm import Drawn, broken_invariants, draw, fly_drawn, fly_seed
from tests.flights.swarm_kinds import KINDS

CHUNK: Final = 50
FILE: Final = KEPT / "swarm.json"
TOLD: Final = 5
"""Failures that are told whole."""


@dataclass
class Tally:
    """What came of seeds."""

    seeds: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    opened: Counter[str] = field(default_factory=Counter)
    """By kind: seeds in which its window was really open, or some effect has met it."""
    failures: dict[str, str] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Count another's seeds as well."""
        self.seeds += other.seeds
        self.outcomes.update(other.outcomes)
        self.opened.update(other.opened)
        self.failures.update(other.failures)

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "seeds": self.seeds,
            "outcomes": dict(self.outcomes),
            "opened": dict(self.opened),
            "failures": self.failures,
        }


def fly_chunk(chunk: int) -> tuple[int, Tally]:
    """The seeds of one chunk."""
    tally = Tally()
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        tally.seeds += 1
        try:
            flown = fly_seed(seed)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is this seed's
            told = str(error) if isinstance(error, AssertionError) else traceback.format_exc()
            tally.failures[str(seed)] = told
            tally.outcomes["violated"] += 1
        else:
            tally.outcomes[flown.result.outcome] += 1
            tally.opened.update(flown.opened)
    return chunk, tally


def soak(seeds: int) -> int:
    """All seeds below a number, in chunks; an exit code."""
    code = _code()  # of what flies: what is edited meanwhile has not flown
    done, tally = _kept(code)
    wanted = [chunk for chunk in range(-(-seeds // CHUNK)) if chunk not in done]
    say(f"swarm: {tally.seeds} seeds kept, {len(wanted) * CHUNK} to fly")
    began_s, flown = time.monotonic(), 0
    with multiprocessing.get_context("spawn").Pool(maxtasksperchild=20) as pool:
        for chunk, found in pool.imap_unordered(fly_chunk, wanted):
            done.add(chunk)
            tally.add(found)
            flown += CHUNK
            _keep(code, done, tally)
            per_s = flown / (time.monotonic() - began_s)
            left_s = (len(wanted) * CHUNK - flown) / per_s
            outcomes = ", ".join(f"{word} {count}" for word, count in tally.outcomes.most_common())
            say(f"{tally.seeds} seeds, {per_s:.1f}/s, {left_s:.0f} s left: {outcomes}")
            for told in found.failures.values():
                say(told)
    return _verdict(tally)


def say(text: object) -> None:
    """A line for whoever waits."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _verdict(tally: Tally) -> int:
    say("really on, share of seeds:")
    for kind in KINDS:
        say(f"  {kind.name:24} {tally.opened[kind.name] / max(tally.seeds, 1):6.1%}")
    for seed in list(tally.failures)[:TOLD]:
        say(f"violated: python -m tests.flights.swarm_soak {seed}")
    return 1 if tally.failures else 0


def _kept(code: str) -> tuple[set[int], Tally]:
    tally = Tally()
    if not FILE.exists():
        return set(), tally
    kept = json.loads(FILE.read_text())
    if kept["code"] != code:
        return set(), tally
    found = kept["tally"]
    tally.seeds = found["seeds"]
    tally.outcomes.update(found["outcomes"])
    tally.opened.update(found["opened"])
    tally.failures.update(found["failures"])
    return set(kept["done"]), tally


def _keep(code: str, done: set[int], tally: Tally) -> None:
    keep(FILE, {"code": code, "done": sorted(done), "tally": tally.plain()})


def _code() -> str:
    tests = ("swarm*.py", "crew.py", "troubles.py", "simulate.py", "invariants/*.py")
    return source_hash(*tests, rooms=SIMULATED)


def tell(seed: int) -> int:
    """Fly one seed and print what happened, in order; an exit code."""
    drawn = draw(seed)
    for line in _drawn_lines(drawn):
        say(line)
    flown = fly_drawn(drawn)
    for at_ms, line in sorted(_lines(flown), key=lambda line: line[0]):
        say(f"{at_ms / 1000:9.3f} {line}")
    say(flown.result)
    say(flown.truth)
    broken = broken_invariants(flown)
    say("\n".join(broken) or "nothing is broken")
    return 1 if broken else 0


def _drawn_lines(drawn: Drawn) -> list[str]:
    lines = [f"seed {drawn.seed}: {', '.join(kind.name for kind in drawn.kinds)}"]
    lines += [f"  {fault}" for fault in (*drawn.spec.faults, *drawn.troubles)]
    lines += [f"  {drawn.orders}", *(f"  {wave}" for wave in drawn.plan.waves)]
    return lines


def _lines(flown: Flown) -> list[tuple[int, str]]:
    begin_ms = flown.journal[0]["at_ms"] if flown.journal else 0
    lines = [(at_ms - begin_ms, f"        felt: {name}") for at_ms, name in flown.felt]
    for entry in flown.journal:
        if entry["kind"] != "state":
            hidden = ("v", "seq", "at_ms", "kind", "prev", "hash", "level", "action", "before")
            rest = " ".join(str(v) for k, v in entry.items() if k not in hidden)
            lines.append((entry["at_ms"] - begin_ms, f"{entry['kind']}: {rest[:200]}"))
    return lines


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.flights.swarm_soak")
    parser.add_argument("seed", nargs="?", type=int, help="fly this one and tell its story")
    parser.add_argument("--seeds", type=int, default=20_000, help="fly all below this number")
    options = parser.parse_args()
    return tell(options.seed) if options.seed is not None else soak(options.seeds)


if __name__ == "__main__":
    sys.exit(main())
