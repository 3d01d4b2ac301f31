"""`cockpit check PLAN`: reads a plan, names every problem, and sums up a good one.

Never talks to a cluster.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from cockpit.cli import exits
from cockpit.cli.output import complain, say, say_json
from cockpit.core.plan import Plan, SoakStep, Step, Wave, step_name
from cockpit.plan.loader import load_document, read_plan_text
from cockpit.plan.problems import PlanInvalid, Problem
from cockpit.plan.surroundings import missing_references
from cockpit.plan.units import format_duration

_SHOWN = 12


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`check` and its options."""
    parser = commands.add_parser("check", help="read a plan and name every problem")
    parser.add_argument("plan", type=Path, metavar="PLAN")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument(
        "--secrets",
        action="store_true",
        help="a secret or TLS file that is missing here is a problem, not a warning",
    )


def run(options: argparse.Namespace) -> int:
    """Load, look at the plan's secrets and files, and say what was found."""
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    plan: Plan | None = None
    try:
        text = read_plan_text(options.plan)
        loaded = load_document(text, origin=str(options.plan))
        plan = loaded.plan
        missing = missing_references(loaded)
        problems, warnings = (missing, ()) if options.secrets else ((), missing)
    except PlanInvalid as invalid:
        problems = invalid.problems
    if options.json:
        say_json(_as_json(options.plan, plan, problems=problems, warnings=warnings))
    else:
        _say(options.plan, plan, problems=problems, warnings=warnings)
    return exits.USAGE if problems else exits.COMPLETED


def _say(
    path: Path,
    plan: Plan | None,
    *,
    problems: tuple[Problem, ...],
    warnings: tuple[Problem, ...],
) -> None:
    for warning in warnings:
        complain(f"{path}:{warning.line}:{warning.column}: warning: {warning.message}")
    for problem in problems:
        complain(f"{path}:{problem}")
    if problems:
        complain(_count(len(problems), "problem"))
    elif plan is not None:
        encoding = sys.stdout.encoding or "utf-8"
        for line in summary(plan):
            # A group's name may have letters that this terminal's encoding lacks.
            say(line.encode(encoding, "backslashreplace").decode(encoding))


def summary(plan: Plan) -> list[str]:
    """What a valid plan is about, in a few lines."""
    environment = f" ({plan.environment})" if plan.environment else ""
    lines = [f"{plan.name}{environment}: the plan is valid"]
    for side, cluster in (("source", plan.source), ("target", plan.target)):
        lines.append(f"  {side}  {_few(cluster.bootstrap)}  {cluster.security.protocol}")
    lines.append(f"  waves   {len(plan.waves)}")
    for number, wave in enumerate(plan.waves, 1):
        lines.append(f"    {number} {wave.name}: {_few(wave.services)}")
        lines.append(f"      {', '.join(_step(step) for step in wave.steps)}")
    lines.append(_counted("topics", plan.topics()))
    lines.append(_counted("groups", plan.groups()))
    return lines


def _counted(what: str, names: tuple[str, ...]) -> str:
    return f"  {what}  {len(names)}" + (f": {_few(names)}" if names else "")


def _few(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _step(step: Step) -> str:
    return f"soak {format_duration(step.for_ms)}" if isinstance(step, SoakStep) else step_name(step)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _as_json(
    path: Path,
    plan: Plan | None,
    *,
    problems: tuple[Problem, ...],
    warnings: tuple[Problem, ...],
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "file": str(path),
        "valid": not problems,
        "problems": [_problem_json(problem) for problem in problems],
        "warnings": [_problem_json(warning) for warning in warnings],
    }
    if plan is not None and not problems:
        found["name"] = plan.name
        found["environment"] = plan.environment
        found["waves"] = [_wave_json(wave) for wave in plan.waves]
        found["topics"] = list(plan.topics())
        found["groups"] = list(plan.groups())
    return found


def _problem_json(problem: Problem) -> dict[str, Any]:
    return {
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "hint": problem.hint,
    }


def _wave_json(wave: Wave) -> dict[str, Any]:
    steps = [step_name(step) for step in wave.steps]
    return {"name": wave.name, "services": list(wave.services), "steps": steps}
