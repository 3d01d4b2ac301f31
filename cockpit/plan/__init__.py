"""YAML text to a Plan, or every problem with its line and column.

Never talks to a cluster and never holds a secret inside a plan.
"""

from cockpit.plan.loader import (
    LoadedPlan,
    load_document,
    load_flown,
    load_plan,
    load_plan_file,
    read_plan_text,
)
from cockpit.plan.problems import PlanInvalid, Problem

__all__ = [
    "LoadedPlan",
    "PlanInvalid",
    "Problem",
    "load_document",
    "load_flown",
    "load_plan",
    "load_plan_file",
    "read_plan_text",
]
