"""`cockpit check PLAN`: reads a plan, names every problem, and sums up a good one.

Never talks to a cluster.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from cockpit.cli import exits
from cockpit.cli.explaining import explain_json, explain_lines
from cockpit.cli.output import complain, say, say_json
from cockpit.core.plan import Plan, SoakStep, Step, Wave, step_name
from cockpit.core.prove import Proof, model_of
from cockpit.core.prove.matrix import matrix
from cockpit.core.unflown import unflown
from cockpit.core.unknowable import unknowable
from cockpit.plan.doubts import doubts
from cockpit.plan.loader import load_document, read_plan_text
from cockpit.plan.problems import PlanInvalid, Problem
from cockpit.plan.surroundings import missing_references, strangers, unmasked_references
from cockpit.plan.units import format_duration

_SHOWN = 12


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`check` and its options."""
    parser = commands.add_parser(
        "check",
        help="read a plan and name every problem",
        description="Reads PLAN, contacts nothing, names every problem with its line and column, "
        "and proves every state that the plan can reach: what it refuses has the shortest way "
        "there, step by step.",
    )
    parser.add_argument("plan", type=Path, metavar="PLAN")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument(
        "--secrets",
        action="store_true",
        help="a secret or TLS file that is missing here is a problem, not a warning",
    )
    more = parser.add_mutually_exclusive_group()
    more.add_argument(
        "--explain",
        action="store_true",
        help="step by topic: who writes, who reads, what going back costs",
    )
    more.add_argument(
        "--order",
        action="store_true",
        help="print the waves that the services need, proved; the plan may have none yet",
    )


def run(options: argparse.Namespace) -> int:
    """Load, look at the plan's secrets and files, and say what was found."""
    if options.order:
        return _order(options)
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    plan: Plan | None = None
    proof: Proof | None = None
    try:
        text = read_plan_text(options.plan)
        loaded = load_document(text, origin=str(options.plan))
        plan = loaded.plan
        proof = loaded.proof
        missing = missing_references(loaded)
        problems, warnings = (missing, ()) if options.secrets else ((), missing)
        warnings += unmasked_references(loaded)
        warnings += tuple(Problem(1, 1, reason) for reason in (*unflown(plan), *strangers(plan)))
        places = ((loaded.waves[index], text) for index, text in unknowable(plan))
        warnings += tuple(Problem(at.line, at.column, text) for at, text in places)
        warnings += doubts(loaded)
    except PlanInvalid as invalid:
        problems = invalid.problems
    if options.json:
        found = _as_json(options.plan, plan, proof, problems=problems, warnings=warnings)
        if options.explain and plan is not None and not problems:
            found["ownership"] = explain_json(matrix(model_of(plan)))
        say_json(found)
    else:
        _say(options.plan, plan, proof, problems=problems, warnings=warnings)
        if options.explain and plan is not None and not problems:
            proxied = plan.replication.kind == "link"
            _say_lines(explain_lines(matrix(model_of(plan)), proxied=proxied))
    return exits.USAGE if problems else exits.COMPLETED


def _order(options: argparse.Namespace) -> int:
    from cockpit.cli.ordering import order

    try:
        return order(options.plan, read_plan_text(options.plan), as_json=options.json)
    except PlanInvalid as invalid:
        if options.json:
            problems = [_problem_json(problem) for problem in invalid.problems]
            say_json({"file": str(options.plan), "valid": False, "problems": problems})
        else:
            _say(options.plan, None, None, problems=invalid.problems, warnings=())
        return exits.USAGE


def _say(
    path: Path,
    plan: Plan | None,
    proof: Proof | None,
    *,
    problems: tuple[Problem, ...],
    warnings: tuple[Problem, ...],
) -> None:
    for warning in warnings:
        complain(f"{path}:{warning.line}:{warning.column}: warning: {warning.message}")
    for problem in problems:
        complain(f"{path}:{problem}")
        for line in problem_lines(problem):
            complain(line)
    if problems:
        complain(_count(len(problems), "problem"))
    elif plan is not None and proof is not None:
        _say_lines([*summary(plan), *proof_lines(proof)])


def _say_lines(lines: list[str]) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    for line in lines:
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


def problem_lines(problem: Problem) -> list[str]:
    """The counter-example of a problem that the prover found, in lines."""
    lines = [f"    {line}" for line in problem.counter_example]
    if problem.also:
        lines.append(f"    the same for: {', '.join(problem.also)}")
    return lines


def proof_lines(proof: Proof) -> list[str]:
    """What was proved, and what the plan gives up."""
    lines = [f"  proof   {proof.worlds} states of {_count(proof.views, 'view')}: no rule is broken"]
    return [*lines, *(f"  note    {note}" for note in proof.notes)]


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
    proof: Proof | None,
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
    if proof is not None and not problems:
        found["proof"] = {
            "views": proof.views,
            "states": proof.worlds,
            "notes": list(proof.notes),
        }
    return found


def _problem_json(problem: Problem) -> dict[str, Any]:
    return {
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "hint": problem.hint,
        **({"counter_example": list(problem.counter_example)} if problem.counter_example else {}),
        **({"also": list(problem.also)} if problem.also else {}),
    }


def _wave_json(wave: Wave) -> dict[str, Any]:
    steps = [step_name(step) for step in wave.steps]
    return {"name": wave.name, "services": list(wave.services), "steps": steps}
