"""`cockpit readiness PLAN`: the six gates before the first wave, who owns each, what it lacks.

Reads only: what `inventory` and `doctor` read, and the mirror's place.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cockpit.cli import exits
from cockpit.cli.leftovers import utc
from cockpit.cli.output import clean_line, complain, say, say_json
from cockpit.cli.planned import plan_to_fly

if TYPE_CHECKING:
    from cockpit.cli.examine import Examination
    from cockpit.core.inventory import Inventory
    from cockpit.core.lag import ReplicationLag
    from cockpit.core.mirroredgroups import MirroredGroups
    from cockpit.core.observe import Unknown
    from cockpit.core.plan import Plan
    from cockpit.core.sixgates import Evidence, ReadyGate
    from cockpit.ports import Clock

_SHOWN: Final = 8
"""Findings of a gate that are shown without --all."""


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`readiness` and its options."""
    parser = commands.add_parser(
        "readiness",
        help="the six gates before the first wave, who owns each, and what it lacks",
        description="Inventory, replication, offsets, security, cutover and exit: reads both "
        "clusters, the mirror and the plan's section `readiness`. Exits with 0 where all six are "
        "ready, 4 where one is not, 7 where nothing is known to be missing and not everything "
        "could be read. Changes nothing.",
    )
    parser.add_argument("plan", type=Path, metavar="PLAN")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--all", action="store_true", help="every finding of every gate")


def run(options: argparse.Namespace) -> int:
    """Read, and say how the gates stand."""
    from cockpit.cli.inventory import read_beginning
    from cockpit.core.sixgates import ready_gates
    from cockpit.engine.clock import SystemClock
    from cockpit.plan.secrets import SecretUnavailable
    from cockpit.ports import PortError

    beginning = read_beginning(options.plan)
    if beginning is None:
        return exits.USAGE
    plan = plan_to_fly(options.plan)
    if plan is None:
        return exits.USAGE
    clock = SystemClock()
    try:
        evidence = asyncio.run(_read(plan, clock))
    except (SecretUnavailable, PortError) as error:
        complain(clean_line(str(error)))
        return exits.FAILED
    return tell(plan, ready_gates(plan, beginning.readiness, evidence, clock.now_ms()), options)


async def _read(plan: Plan, clock: Clock) -> Evidence:
    from cockpit.cli.census import census
    from cockpit.cli.examine import examine
    from cockpit.core.inventory import take_inventory
    from cockpit.core.mirroredgroups import mirrored_groups
    from cockpit.kafka.factory import reveal_secret

    facts = await census(plan, apart_ms=0)
    inventory = take_inventory(plan, facts)
    found = await examine(plan, clock, reveal_secret)
    groups = mirrored_groups(plan, facts)
    return evidence_of(inventory, await _lag(plan, clock), groups, found)


async def _lag(plan: Plan, clock: Clock) -> ReplicationLag | Unknown:
    """The mirror is asked first: what the source gets meanwhile counts as lag."""
    from cockpit.cli.leftovers import sampled
    from cockpit.core.facts import Facts, absorb
    from cockpit.core.lag import replication_lag
    from cockpit.kafka.factory import connect_real, reveal_secret

    real = connect_real(plan, clock, reveal_secret)
    try:
        facts = Facts()
        for name, read in (("mirror", real.replication.mirror), ("source.logs", real.source.logs)):
            facts = absorb(facts, await sampled(name, read, clock))
    finally:
        await real.close()
    return replication_lag(facts)


def evidence_of(
    inventory: Inventory,
    lag: ReplicationLag | Unknown,
    groups: MirroredGroups | Unknown,
    found: Examination,
) -> Evidence:
    """What was read, gate by gate."""
    from cockpit.cli.doctor import sentence
    from cockpit.core.sixgates import Evidence

    def verdicts(word: str) -> tuple[str, ...]:
        return tuple(sentence(one.right) for one in found.verdicts if one.word == word)

    return Evidence(
        inventory,
        lag,
        groups,
        mirror=tuple(found.problems),
        unread=tuple(f"{u.feed}: {u.reason}" for u in found.unread if u.kind != "too_old"),
        rights_missing=verdicts("missing"),
        rights_unproven=verdicts("unproven"),
        shut=tuple(f"{who}: {error.reason}" for who, error in sorted(found.shut.items())),
    )


def tell(plan: Plan, gates: Sequence[ReadyGate], options: argparse.Namespace) -> int:
    """Say how they stand; the exit code."""
    code = exit_code(gates)
    if options.json:
        found = [one_as_json(gate) for gate in gates]
        say_json({"plan": plan.name, "gates": found, "exit_code": code})
        return code
    for line in report(gates, whole=options.all):
        say(clean_line(line))
    return code


def exit_code(gates: Sequence[ReadyGate]) -> int:
    """4: one is not ready; 7: of one nobody knows; 0: all are."""
    words = {gate.word for gate in gates}
    if "not ready" in words:
        return exits.FAILED
    return exits.UNKNOWN if "unknown" in words else exits.COMPLETED


def report(gates: Sequence[ReadyGate], *, whole: bool) -> list[str]:
    """The gates in their order, each with what it lacks; what stands in the way first."""
    from cockpit.core.stated import GATES

    lines = []
    for gate in gates:
        signed = ""
        if gate.signed is not None:
            signed = f", signed by {gate.signed.by} {utc(gate.signed.at_ms)}"
        owner = gate.owner or "nobody"
        lines.append(f"{gate.name:<12} {gate.word.upper():<9} {owner}{signed}: {GATES[gate.name]}")
        ranked = sorted(gate.findings, key=lambda f: ("missing", "unknown", "note").index(f.word))
        shown = ranked if whole else ranked[:_SHOWN]
        lines += [f"  {finding.word:<8} {finding.text}" for finding in shown]
        if len(shown) < len(ranked):
            lines.append(f"  and {len(ranked) - len(shown)} more: --all shows them")
    ready = sum(gate.word == "ready" for gate in gates)
    return [*lines, f"{ready} of {len(gates)} gates are ready"]


def one_as_json(gate: ReadyGate) -> Mapping[str, Any]:
    """One gate, for a script."""
    signed = gate.signed
    return {
        "gate": gate.name,
        "word": gate.word.replace(" ", "_"),
        "owner": gate.owner or None,
        "signed_by": signed.by if signed is not None else None,
        "signed_at_ms": signed.at_ms if signed is not None else None,
        "findings": [{"word": one.word, "text": one.text} for one in gate.findings],
    }
