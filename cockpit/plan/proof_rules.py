"""The prover's rules as rules of a plan: what it finds, at the place where it would be mended.

Never proves anything itself, `cockpit.core.prove` does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cockpit.core.prove import rule_statements
from cockpit.plan.draft import Draft
from cockpit.plan.problems import Problems


def _rule(name: str, statement: str) -> tuple[str, Callable[[Draft, Problems], None]]:
    def check(draft: Draft, problems: Problems) -> None:
        proved = draft.proved
        for violation in proved.proof.violations if proved is not None else ():
            if proved is not None and violation.rule == name:
                problems.add(
                    proved.place(violation.anchor),
                    violation.message,
                    violation.hint,
                    counter_example=violation.counter_example,
                    also=violation.also,
                )

    check.__doc__ = statement
    return name, check


CHECKS: Final = tuple(_rule(name, statement) for name, statement in rule_statements())
