"""`cockpit init START`: a plan written from what two clusters hold.

START is a plan without services and waves. Reads only; what no cluster knows is left to do, and
`cockpit check` names each of these places.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cockpit.cli import exits
from cockpit.cli.inventory import read_beginning
from cockpit.cli.options import duration_ms
from cockpit.cli.output import clean_line, complain, say

if TYPE_CHECKING:
    from cockpit.core.inventory import Inventory
    from cockpit.core.inventory.propose import Proposed
    from cockpit.core.plan import Plan, ReplicationKind
    from cockpit.core.prove.model import StepModel
    from cockpit.core.prove.order import OrderedWave

_RESUME: Final[Mapping[ReplicationKind, str]] = {
    "mirrormaker2": "exact",
    "msk-replicator": "translated",
}
"""How groups go on; over a link the places are the same."""
_NO_WINDOW: Final = (
    "# no rollback_window: there is no way back beyond a writer's start, or a promotion"
)
_CONTROLS: Final = ("stop", "start", "undo")


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`init` and its options."""
    parser = commands.add_parser(
        "init",
        help="write a plan from what two clusters hold",
        description="START is a plan that names the clusters and what copies between them, and has "
        "no services and no waves yet. Reads both clusters, proposes services by rights, groups "
        "and writers, and waves by who reads what whom writes, proved. Owner, criticality, "
        "controls, approvers and rollback windows are left to do: cockpit check names each of "
        "them. Exits with 0, or with 7 where not everything could be read of the source: services "
        "may be missing. Changes nothing on the clusters.",
    )
    parser.add_argument("start", type=Path, metavar="START")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="a new file; default: print it"
    )
    parser.add_argument(
        "--watch",
        type=duration_ms,
        default=30_000,
        metavar="DURATION",
        help="for how long writers are looked for (default 30s)",
    )


def run(options: argparse.Namespace) -> int:
    """Read, conclude, prove, write."""
    from cockpit.core.inventory import take_inventory
    from cockpit.core.inventory.propose import propose
    from cockpit.plan.loader import read_plan_text
    from cockpit.plan.secrets import SecretUnavailable
    from cockpit.ports import PortError

    beginning = read_beginning(options.start)
    if beginning is None:
        return exits.USAGE
    if beginning.plan.services or beginning.plan.waves:
        complain("START has services or waves already: cockpit check --order finds waves for these")
        return exits.USAGE
    if options.output is not None and options.output.exists():
        complain(clean_line(f"{options.output} is there already"))
        return exits.USAGE
    from cockpit.cli.census import census

    try:
        facts = asyncio.run(census(beginning.plan, apart_ms=options.watch))
    except (SecretUnavailable, PortError) as error:
        complain(clean_line(str(error)))
        return exits.FAILED
    inventory = take_inventory(beginning.plan, facts)
    services = propose(beginning.plan, facts, inventory)
    unread = [why for why in inventory.unread if why.startswith("source.")]
    for why in inventory.unread:
        complain(clean_line(f"not known: {why}"))
    if not services:
        complain("no group and no writer was seen on the source: there is no plan to write")
        return exits.UNKNOWN if unread else exits.FAILED
    acls = facts.acls.get("source")
    text = read_plan_text(options.start)
    whole = plan_text(
        text, beginning.plan, services, inventory, fences=bool(acls and acls.bindings)
    )
    return _hand_out(whole, options)


def _hand_out(text: str, options: argparse.Namespace) -> int:
    """Write a plan that has nothing wrong but what is to do."""
    from cockpit.plan import PlanInvalid
    from cockpit.plan.loader import load_beginning

    origin = str(options.output or options.start)
    try:
        load_beginning(text, origin=origin)
    except PlanInvalid as invalid:
        complain("what was concluded and START do not make a plan together:")
        for problem in invalid.problems:
            complain(clean_line(str(problem)))
        return exits.FAILED
    if options.output is None:
        for line in text.splitlines():
            say(line)
        return exits.COMPLETED
    try:
        with options.output.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        complain(clean_line(f"{options.output}: {error.strerror}"))
        return exits.FAILED
    count = len(re.findall(r": to do\b", text))
    complain(clean_line(f"{options.output}: {count} places to do; cockpit check names them"))
    return exits.COMPLETED


def plan_text(
    start: str,
    plan: Plan,
    services: Sequence[Proposed],
    inventory: Inventory,
    *,
    fences: bool,
) -> str:
    """The plan that `start` begins. `fences`: the source has ACLs, so one can refuse writes."""
    writable = [one for one in services if not _unwritable(one)]
    lines = [start.rstrip("\n"), "", *_left_open(services, inventory), "services:"]
    for one in writable:
        lines += _service(one, plan)
    lines += ["", *_waves(writable, plan, fences=fences)]
    return "\n".join(lines) + "\n"


def _unwritable(one: Proposed) -> str:
    """Why a plan cannot name it; empty: it can."""
    from cockpit.plan.kinds import GROUP, PRINCIPAL, TOPIC
    from cockpit.plan.scalars import Refused, Written
    from cockpit.plan.text import UNPRINTABLE

    words = [(GROUP, one.group)] if one.consumes else []
    words += [(PRINCIPAL, one.principal)] if one.principal else []
    words += [(TOPIC, topic) for topic in (*one.consumes, *one.produces)]
    for kind, text in words:
        if UNPRINTABLE.search(text):
            return "it has characters that no plan may hold"
        try:
            kind.parse(Written(text, plain=False))
        except Refused as refused:
            return refused.message
    return ""


def _left_open(services: Sequence[Proposed], inventory: Inventory) -> Iterator[str]:
    """Comments on what the proposal does not cover."""
    yield "# Proposed by cockpit init: by rights, groups and writers that were seen. Correct it."
    for one in services:
        if why := _unwritable(one):
            yield _comment(f"left out: {one.name} ({one.why}): {why}")
    used = {topic for one in services for topic in (*one.consumes, *one.produces)}
    idle = [i.name for i in inventory.of("topic") if i.word == "unassigned" and i.name not in used]
    for name in idle:
        yield _comment(f"nobody was seen to read or write topic {name}: name a service, or exclude")
    for why in inventory.unread:
        yield _comment(f"not known: {why}")


def _comment(text: str, indent: str = "") -> str:
    """One line of YAML's comments, whatever the text holds."""
    return f"{indent}# {clean_line(text)}"


# --- services -------------------------------------------------------------------------------------


def _service(one: Proposed, plan: Plan) -> Iterator[str]:
    from cockpit.cli.ordering import written, written_list
    from cockpit.plan.reader import TO_DO

    yield f"  - name: {written(one.name)}"
    yield _comment(one.why, "    ")
    yield f"    principal: {written(one.principal) if one.principal else TO_DO}"
    yield f"    owner: {TO_DO}"
    yield f"    criticality: {TO_DO}"
    if one.consumes:
        yield from written_list("    consumes", one.consumes)
        yield f"    group: {written(one.group)}"
        if resume := _RESUME.get(plan.replication.kind):
            yield f"    offsets: {{resume: {resume}, replay_tolerance: {TO_DO}}}"
    if one.produces:
        yield from written_list("    produces", one.produces)
    for control in _CONTROLS:
        yield f"    {control}: {{manual: {TO_DO}}}"


# --- waves ----------------------------------------------------------------------------------------


def _waves(services: Sequence[Proposed], plan: Plan, *, fences: bool) -> list[str]:
    """The waves that these services need. Raises AssertionError for an order without proof."""
    from cockpit.cli.ordering import plain_step, yaml_lines
    from cockpit.core.prove import prove_model
    from cockpit.core.prove.model import ServiceModel
    from cockpit.core.prove.order import derive, model_of_order
    from cockpit.plan.reader import TO_DO

    kind = plan.replication.kind
    resume = _RESUME.get(kind, "")
    models = [ServiceModel(one.name, one.produces, one.consumes, resume) for one in services]
    waves = derive(models, kind)
    assert prove_model(model_of_order(models, kind, waves)).proved, "an order without a proof"
    has_schemas = plan.source_registry is not None and plan.target_registry is not None
    looks = "topics: all, acls: all" + (", schemas: all" if has_schemas else "")

    def more(wave: OrderedWave) -> list[str]:
        one_way = any(one.word == "promote" for one in wave.steps)
        one_way |= wave.writes and kind != "link"
        window = _NO_WINDOW if one_way else f"rollback_window: {TO_DO}"
        parity = f"{{parity: {{{looks}}}}}"
        return [
            f"    {window}",
            f"    approvers: {TO_DO}",
            f"    gates: [{{replication_lag: {{max: 100, for: 60s}}}}, {parity}]",
        ]

    def step(one: StepModel) -> Sequence[str]:
        if one.word == "fence" and not fences:
            return ("{fence: {by: stop}}",)
        return ("start", "{soak: {for: 10m}}") if one.word == "start" else plain_step(one)

    head = "# proved; to do: who approves, and for how long going back is planned for"
    return yaml_lines(waves, models, kind, head=head, more=more, step=step)
