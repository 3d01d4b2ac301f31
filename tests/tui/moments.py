"""Twelve moments of recorded flights as a screen shows them, and what is true in each:
`python -m tests.tui.moments FOLDER` writes `01.txt` to `12.txt` for readers who know nothing else,
`questions.txt` and, for those who judge the answers, `key.json`.

The flights are simulated. Half of the moments are shown as a flight of a real environment, by
taking away what says that it is simulated: nobody shall know it from the rest.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from cockpit.cli.pilot import Orders
from cockpit.core.observe import MISSING
from cockpit.core.snapshot import Snapshot
from cockpit.sim.faults import (
    ClusterUnreachable,
    ErrorBurst,
    EscapingWriter,
    Fault,
    MirrorStalled,
    MirrorTaskFailed,
    When,
)
from cockpit.tui.alarms import unseen
from tests.recorded import record
from tests.tui.seen import Size, opened

SIZE: Final[Size] = (100, 30)
FRESH_MS: Final = 10_000
"""A side that has not answered for longer is stale, to whoever judges the answers."""
FAULTS: Final[Mapping[str, tuple[Fault, ...]]] = {
    "calm": (),
    "errors": (
        ErrorBurst(
            signal="checkout-errors",
            value=0.5,
            when=When(event="started checkout", delay_ms=2_000, for_ms=20_000),
        ),
    ),
    "silent": (ClusterUnreachable(side="source", when=When(delay_ms=4_000, for_ms=25_000)),),
    "stalled": (MirrorStalled(when=When(event="stopped ledger", for_ms=30_000)),),
    "task": (MirrorTaskFailed(when=When(delay_ms=3_000, for_ms=30_000)),),
    "escape": (EscapingWriter(topics=("orders",), when=When(event="fence", for_ms=40_000)),),
    "gone": (ClusterUnreachable(side="target", when=When(event="fence", for_ms=30_000)),),
}

QUESTIONS: Final = """\
Each picture is one moment of a screen that shows how services are moved from one Kafka cluster
(source) to another (target), wave by wave. For each answer ten questions from the picture alone;
where it does not say, answer `unknown`. Write one JSON file:
{"01": {"q1": ..., ... "q10": ...}, ...}

q1  Who may write the topics of the present wave now: source, target, nobody, unknown?
    (source: the producers on the source; target: those on the target)
q2  Is this a real flight or a simulation: real, simulation?
q3  Can this wave be taken back now: free, lossy, closed?
    (free: no record would be lost on the way back)
q4  Which wave is it, and which step is under way? "WAVE/STEP", "WAVE/-" when no step is.
q5  What stands in the way of the key that advances: the words of the screen, or "nothing".
q6  Whose data is stale or missing: source, target, both, none?
q7  Are clients blocked now: yes, no?
q8  The lag of orders partition 0 in records, as the screen has it now: a number or unknown.
q9  What is the gravest alarm about: the first words of it, or "none".
q10 What happens now: waiting (until gates pass, or for a person), moving, going back, paused, over?
"""


@dataclass(frozen=True, slots=True)
class Moment:
    """One of the twelve: of which flight, and the first snapshot of that which is so, or one of
    those after it."""

    flight: str
    what: str
    is_it: Callable[[Snapshot], bool]
    after: int = 0
    real: bool = False


def _at(wave: str, step: str) -> Callable[[Snapshot], bool]:
    return lambda s: (s.status.wave, s.status.step) == (wave, step)


def _asked(wave: str, armed: bool = True) -> Callable[[Snapshot], bool]:
    """The wave has not begun; whether somebody is about to confirm that it shall."""
    return lambda s: (s.status.wave, _word(s), s.armed is not None) == (wave, "ready", armed)


def _holds(snapshot: Snapshot) -> bool:
    return _word(snapshot) == "holding"


def _stale_fence(snapshot: Snapshot) -> bool:
    return snapshot.status.writes == "FENCED" and _late(snapshot, "target")


def _word(snapshot: Snapshot) -> str:
    return snapshot.waves[snapshot.status.wave_number - 1].word


def _late(snapshot: Snapshot, side: str) -> bool:
    asked = snapshot.source.asked_at_ms if side == "source" else snapshot.target.asked_at_ms
    return asked is None or snapshot.at_ms - asked > FRESH_MS


MOMENTS: Final = (
    Moment("calm", "gates are not held long enough", lambda s: s.seq == 6, real=True),
    Moment("calm", "readers soak", _at("readers", "soak"), after=3),
    Moment("calm", "the second wave is about to begin", _asked("writers"), real=True),
    Moment("calm", "producers start on the target", _at("writers", "start"), after=2),
    Moment("calm", "writers soak", _at("writers", "soak"), after=3, real=True),
    Moment("calm", "it is over", lambda s: s.status.outcome == "completed"),
    Moment("errors", "a trigger asks", lambda s: s.triggers[0].verdict == "FAIL", real=True),
    Moment("silent", "the source is silent", lambda s: s.seq > 3 and _late(s, "source")),
    Moment("task", "the mirror's task is down", _asked("writers", False), after=3, real=True),
    Moment("gone", "the target is silent behind a fence", _stale_fence),
    Moment("escape", "somebody writes past the fence", _holds, real=True),
    Moment("escape", "it goes back", lambda s: _word(s) == "rolling back", after=3),
)


def _lag(snapshot: Snapshot) -> int:
    names = list(snapshot.partitions.keys.names)
    if ("orders", 0) not in names:
        return MISSING
    return int(snapshot.partitions.lag[names.index(("orders", 0))])


def _shown(moment: Moment, snapshot: Snapshot) -> Snapshot:
    if not moment.real:
        return snapshot
    return replace(
        snapshot,
        status=replace(snapshot.status, simulated=False, environment="PROD"),
        source=replace(snapshot.source, simulated=False),
        target=replace(snapshot.target, simulated=False),
    )


def truth(snapshot: Snapshot) -> dict[str, Any]:
    """The key of one moment, from the snapshot's own values."""
    status = snapshot.status
    advance = snapshot.action("advance")
    late = [side for side in ("source", "target") if _late(snapshot, side)]
    price = status.price
    return {
        "q1": {"FENCED": "nobody"}.get(status.writes, status.writes.lower()),
        "q2": "simulation" if status.simulated else "real",
        "q3": {"possible": "free"}.get(status.rollback, status.rollback),
        "q3 price": None if price is None else price.text,
        "q4": f"{status.wave}/{status.step or '-'}",
        "q5": "nothing" if advance.enabled else advance.why_not,
        "q5 gates": [f"{g.name} {g.verdict}" for g in snapshot.gates if g.verdict != "PASS"],
        "q6": {0: "none", 1: "".join(late), 2: "both"}[len(late)],
        "q7": "no" if status.blocked_since_ms is None else "yes",
        "q8": _lag(snapshot) if "source" not in late else "unknown",
        "q9": next((one.text for one in unseen(snapshot)), "none"),
        "q10": f"{_word(snapshot)}, paused {status.paused}, outcome {status.outcome or '-'}",
        "q10 step": [f"{s.name} {s.word} {s.detail}" for s in _steps(snapshot)],
    }


def _steps(snapshot: Snapshot) -> Any:
    return snapshot.waves[snapshot.status.wave_number - 1].steps


def found_moments() -> list[tuple[Moment, Snapshot]]:
    """Each with its snapshot. Raises LookupError for one that its flight does not have."""
    flights: dict[str, list[Snapshot]] = {}
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for moment in MOMENTS:
            if moment.flight not in flights:
                path = Path(folder) / f"{moment.flight}.ckrec"
                orders = Orders(user="ana")
                flights[moment.flight] = record(path, *FAULTS[moment.flight], orders=orders).shown
            fit = [s for s in flights[moment.flight] if moment.is_it(s)]
            if len(fit) <= moment.after:
                raise LookupError(f"the flight `{moment.flight}` has no moment `{moment.what}`")
            found.append((moment, _shown(moment, fit[moment.after])))
    return found


async def picture(snapshot: Snapshot) -> str:
    """The screen as text, without its colours."""
    async with opened(snapshot, SIZE) as seen:
        return "\n".join(row.rstrip() for row in seen.rows()) + "\n"


def main(folder: Path) -> None:
    """Write everything."""
    folder.mkdir(parents=True, exist_ok=True)
    key: dict[str, Any] = {}
    for number, (moment, snapshot) in enumerate(found_moments(), 1):
        name = f"{number:02}"
        (folder / f"{name}.txt").write_text(asyncio.run(picture(snapshot)))
        key[name] = {"what": moment.what, **truth(snapshot)}
    (folder / "questions.txt").write_text(QUESTIONS)
    (folder / "key.json").write_text(json.dumps(key, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
