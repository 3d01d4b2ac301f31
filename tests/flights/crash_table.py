"""Prints which real deaths have been flown with this code, as the table of `docs/crashes.md`.

`python -m tests.flights.crash_table`; the flights themselves are part of `make soak`.
"""

from __future__ import annotations

import sys

from tests.flights.test_crash_matrix import (
    BACK,
    DEATHS,
    ON,
    POINTS,
    READERS,
    WRITERS,
    Cell,
    passed_cells,
)


def table() -> str:
    """One line a step, one column a point; a letter for each death that it came back from."""
    passed = passed_cells()
    lines = [f"| step | {' | '.join(POINTS)} |", f"| --- |{' --- |' * len(POINTS)}"]
    for step in (*WRITERS, *READERS):
        cells = [
            " ".join(d if str(Cell(step, point, d)) in passed else "-" for d in DEATHS)
            for point in POINTS
        ]
        lines.append(f"| {step} | {' | '.join(cells)} |")
    of = len((*WRITERS, *READERS)) * len(POINTS) * len(DEATHS)
    lines += ["", f"{len(passed)} of {of} flown by `make soak`, all came back."]
    lines += [f"{len(ON) + len(BACK)} more in each `make test`:"]
    lines += [f"- {cell}" for cell in (*ON, *BACK)]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
