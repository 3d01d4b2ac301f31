"""Prints `docs/crashes.md`: which real deaths have been flown, with which code, and came back.

`python -m tests.flights.crash_table > docs/crashes.md`; the flights are part of `make soak`.
"""

from __future__ import annotations

import sys
from collections import Counter
from statistics import median

from tests.flights.crashes import (
    ALL_BACK,
    BACK,
    DEATHS,
    FENCE_S,
    ON,
    POINTS,
    STEPS,
    STOPPED_S,
    Cell,
    flown_cells,
)

HEAD = f"""\
# Deaths of real engines

Each cell is one flight on the [lab](lab.md): real brokers, a real MirrorMaker, real services. The
engine is a process of its own; a hook that only tests load ends it at one point of one step:

- **kill**: SIGKILL. **term**: SIGTERM. **hangup**: SIGHUP, which an engine has to outlive.
- **full**: the kernel refuses every further byte of the journal.
- **stop**: SIGSTOP for {STOPPED_S} s, then SIGCONT: past the fence's deadline of {FENCE_S} s,
  in waves that have one, and past no timeout of a call or step: those are longer.

The points are those of an effect: before its intent is on disk, after it, after the effect itself,
after its outcome is on disk. `drain` and `soak` change nothing: their points are before and after
the record that the step has begun, before and after the record that it is done.

Afterwards `cockpit resume` takes the flight over, if its engine is gone, and takes the wave back. A
cell has come back when the engine really died there, the clusters were found as the record has
them, the wave's services run on the source, nothing is left over, and the ACLs of both clusters and
the settings and states of all connectors are what they were before the flight. The cells of a step
share a lab; at its end the lab's checker, which shares no code with the cockpit, counts: no record
lost, none out of order. Only then its cells are kept.

To repeat: `.venv/bin/pytest -m soak tests/flights/test_crash_matrix.py`, part of `make soak`. Cells
that have passed with the code at hand (the rooms that can change a flight) are not flown again.
This page is printed by `.venv/bin/python -m tests.flights.crash_table` from what `.soak/` keeps:
where nothing is, the page is empty. A tree's code, to compare with those below:
`.venv/bin/python -c 'from tests.flights.soaking import source_hash; print(source_hash())'`.

Not flown are deaths at `probe`, `reverse`, `promote`, `http`, `command`, `confirm` and `drill`.

## Flown

`-` has not been flown, or has not come back.

"""


def table() -> str:
    """One line a step, one column a point; each death that it came back from, `-` where not."""
    flown = flown_cells()
    lines = [f"| step | {' | '.join(POINTS)} |", f"| --- |{' --- |' * len(POINTS)}"]
    for step in STEPS:
        cells = [
            " ".join(d if str(Cell(step, point, d)) in flown else "-" for d in DEATHS)
            for point in POINTS
        ]
        lines.append(f"| {step} | {' | '.join(cells)} |")
    lines += ["", f"{len(flown)} of {len(ALL_BACK)}."]
    for code, count in Counter(kept["code"] for kept in flown.values()).items():
        took = [kept["seconds"] for kept in flown.values() if kept["code"] == code]
        lines.append(f"With code `{code}`: {count}, {median(took):.0f} s each in the middle.")
    lines += ["", f"## In each `make test`: {len(ON) + len(BACK)}", ""]
    lines += ["One flight that goes on after each of these, and arrives:", ""]
    lines += [f"- {cell}" for cell in ON]
    lines += ["", "One flight each, which comes back:", ""]
    lines += [f"- {cell}" for cell in BACK]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(HEAD + table() + "\n")
