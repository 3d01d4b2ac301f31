"""`python -m tests.flights.mutants find NAME [SEEDS]`: the first seed on which a mutant is caught.

`python -m tests.flights.mutants show NAME [SEED]`: what the invariants say of it. `list`: all of
them. `document`: writes docs/invariants.md.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.flights.mutants.document import document
from tests.flights.mutants.hunt import find, ids, seen
from tests.flights.mutants.listing import MUTANTS


def main(words: list[str]) -> int:
    """One request."""
    match words:
        case ["list"]:
            for name, mutant in MUTANTS.items():
                _say(f"{name:30} {', '.join(mutant.breaks):8} seed {mutant.seed}: {mutant.defect}")
        case ["document"]:
            (Path(__file__).parents[3] / "docs" / "invariants.md").write_text(document())
        case ["find", name, *rest]:
            seeds = range(1, int(rest[0]) + 1 if rest else 201)
            seed = find(MUTANTS[name], seeds)
            _say(f"{name}: {f'seed {seed}' if seed else f'not in {len(seeds)} seeds'}")
            return 0 if seed else 1
        case ["show", name, *rest]:
            texts = seen(MUTANTS[name], int(rest[0]) if rest else MUTANTS[name].seed)
            _say(f"{name}: {', '.join(sorted(ids(texts))) or 'nothing'}")
            for text in dict.fromkeys(texts):
                _say(f"  {text}")
        case _:
            _say(__doc__ or "")
            return 2
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
