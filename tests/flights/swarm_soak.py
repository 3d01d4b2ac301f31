"""Flies many seeds of the swarm on both processors, or one seed and its story.

`python -m tests.flights.swarm_soak --seeds 20000`: goes on where it was stopped, as long as the
code is the same. `python -m tests.flights.swarm_soak 1234`: that seed, told.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.pool import Pool
from typing import Any, Final

from tests.flights.simulate import Flown
from tests.flights.soaking import KEPT, SIMULATED, keep, source_hash
from tests.flights.swarm import Drawn, broken_invariants, draw, fly_drawn, fly_seed
from tests.flights.swarm_kinds import KINDS

CHUNK: Final = 50
FILE: Final = KEPT / "swarm.json"
STOPPED: Final = 130
"""The exit code of what Ctrl-C has stopped."""
Done = dict[int, int]
"""By chunk: how many of its seeds have flown, from its first on."""


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


def fly_seeds(seeds: range) -> tuple[range, Tally]:
    """These seeds, one after another."""
    tally = Tally()
    for seed in seeds:
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
    return seeds, tally


def to_fly(seeds: int, done: Done) -> list[range]:
    """What is left of all seeds below a number, in pieces of no more than one chunk."""
    pieces = (
        range(first + done.get(chunk, 0), min(first + CHUNK, seeds))
        for chunk, first in enumerate(range(0, seeds, CHUNK))
    )
    return [piece for piece in pieces if piece]


def soak(seeds: int) -> int:
    """All seeds below a number; an exit code."""
    code = _code()  # of what flies: what is edited meanwhile has not flown
    done, tally = _kept(code)
    wanted = to_fly(seeds, done)
    left = sum(map(len, wanted))
    say(f"swarm: {tally.seeds} seeds kept, {left} to fly")
    began_s, flown = time.monotonic(), 0
    try:
        with _processes() as pool:
            for piece, found in pool.imap_unordered(fly_seeds, wanted):
                chunk = piece.start // CHUNK
                done[chunk] = done.get(chunk, 0) + len(piece)
                tally.add(found)
                flown += len(piece)
                _keep(code, done, tally)
                per_s = flown / (time.monotonic() - began_s)
                _progress(tally, per_s, (left - flown) / per_s)
                for told in found.failures.values():
                    say(told)
    except KeyboardInterrupt:
        say(f"\nstopped, {left - flown} seeds are left: the same command goes on with them")
        _verdict(code, tally)
        return STOPPED
    say("really on, share of seeds:")
    for kind in KINDS:
        say(f"  {kind.name:24} {tally.opened[kind.name] / max(tally.seeds, 1):6.1%}")
    return _verdict(code, tally)


@contextmanager
def _processes() -> Iterator[Pool]:
    """One for each processor. Ctrl-C is for this process alone: those that fly are ended by it, and
    have nothing to say."""
    resource_tracker.ensure_running()  # as it starts, it takes every mask away
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    # what the pool starts, now and later, has the mask of who starts it
    with multiprocessing.get_context("spawn").Pool(maxtasksperchild=20) as pool:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        yield pool


def say(text: object) -> None:
    """A line for whoever waits."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _progress(tally: Tally, per_s: float, left_s: float) -> None:
    outcomes = ", ".join(f"{word} {count}" for word, count in tally.outcomes.most_common())
    say(f"{tally.seeds} seeds, {per_s:.1f}/s, {left_s:.0f} s left: {outcomes}")


def _verdict(code: str, tally: Tally) -> int:
    """The last line: how many, with which code, and what is broken; an exit code."""
    broken = sorted(map(int, tally.failures))
    for seed in broken:
        say(f"violated: python -m tests.flights.swarm_soak {seed}")
    named = f", in seeds {', '.join(map(str, broken))}" if broken else ""
    count = f"{len(broken)} violation{'' if len(broken) == 1 else 's'}"
    say(f"{tally.seeds} seeds flown with code {code}: {count}{named}")
    return 1 if broken else 0


def _kept(code: str) -> tuple[Done, Tally]:
    """What has flown with this code. What has flown with another is put aside."""
    tally = Tally()
    if not FILE.exists():
        return {}, tally
    kept = json.loads(FILE.read_text())
    found, other = kept["tally"], kept["code"]
    if other != code:
        aside = FILE.with_name(f"{FILE.stem}-{other}.json")
        FILE.replace(aside)
        say(f"kept {found['seeds']} seeds of other code {other}, put aside as {aside.name}")
        return {}, tally
    tally.seeds = found["seeds"]
    tally.outcomes.update(found["outcomes"])
    tally.opened.update(found["opened"])
    tally.failures.update(found["failures"])
    return {int(chunk): count for chunk, count in kept["done"].items()}, tally


def _keep(code: str, done: Done, tally: Tally) -> None:
    keep(FILE, {"code": code, "done": dict(sorted(done.items())), "tally": tally.plain()})


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
