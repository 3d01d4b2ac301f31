"""What a plan must keep to beyond its shape, each rule with the sentence that the docs print.

Never looks at a cluster. Pause, rollback and one-way replication are thought of here so that a
plan that loads can be flown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cockpit.plan import (
    cluster_rules,
    coordination_rules,
    difference_rules,
    drill_rules,
    notify_rules,
    people_rules,
    proof_rules,
    registry_rules,
    reverse_rules,
    service_rules,
    signal_rules,
    step_rules,
    wave_rules,
    window_rules,
)
from cockpit.plan.draft import Draft
from cockpit.plan.problems import Problems


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `name` is also the name of the sample plan that breaks it."""

    name: str
    statement: str
    check: Callable[[Draft, Problems], None]


RULES: Final[tuple[Rule, ...]] = tuple(
    Rule(name, " ".join((check.__doc__ or "").split()), check)
    for name, check in (
        *cluster_rules.CHECKS,
        *registry_rules.CHECKS,
        *service_rules.CHECKS,
        *signal_rules.CHECKS,
        *window_rules.CHECKS,
        *difference_rules.CHECKS,
        *wave_rules.CHECKS,
        *step_rules.CHECKS,
        *reverse_rules.CHECKS,
        *drill_rules.CHECKS,
        *proof_rules.CHECKS,
        *people_rules.CHECKS,
        *coordination_rules.CHECKS,
        *notify_rules.CHECKS,
    )
)


def check_rules(draft: Draft, problems: Problems) -> None:
    """Note every broken rule."""
    for rule in RULES:
        rule.check(draft, problems)
