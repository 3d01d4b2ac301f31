"""The plan that a command is about, or every reason why it cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.cli.output import clean_line, complain

if TYPE_CHECKING:
    from cockpit.core.plan import Plan


def plan_to_fly(path: Path) -> Plan | None:
    """The plan in a file, if this cockpit flies such plans; None: why not was said, by its places.
    What stands in a plan is no secret."""
    from cockpit.core.unflown import unflown

    plan = plan_in(path)
    if plan is None:
        return None
    for reason in (reasons := unflown(plan)):
        complain(clean_line(reason))
    return None if reasons else plan


def plan_in(path: Path) -> Plan | None:
    """The plan in a file, whether it can be flown or not; None: its problems were said."""
    from cockpit.plan import PlanInvalid, load_plan_file

    try:
        return load_plan_file(path)
    except PlanInvalid as invalid:
        for problem in invalid.problems:
            complain(clean_line(f"{path}:{problem}"))
        return None
