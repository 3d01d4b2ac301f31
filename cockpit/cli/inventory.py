"""`cockpit inventory PLAN`: what both clusters hold, each item with what becomes of it.

Reads only. Of the plan nothing but the clusters need be written yet.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cockpit.cli import exits
from cockpit.cli.leftovers import utc
from cockpit.cli.options import duration_ms
from cockpit.cli.output import clean_line, complain, say, say_json

if TYPE_CHECKING:
    from cockpit.core.facts import Facts
    from cockpit.core.inventory import Inventory, Item, ItemKind
    from cockpit.core.inventory.items import Value
    from cockpit.plan.loader import Beginning

KIND_WORDS: Final = {
    "topic": "topics",
    "group": "groups",
    "producer": "producers",
    "acl": "acls",
    "quota": "quotas",
    "user": "users",
    "schema": "schemas",
    "connector": "connectors",
}
ALL: Final = "all"
DISPOSITIONS: Final = {
    "unassigned": "unassigned",
    "in-the-plan": "in the plan",
    "excluded": "excluded",
}
_HEAD: Final = ("kind", "name", "where", "disposition", "why")


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`inventory` and its options."""
    parser = commands.add_parser(
        "inventory",
        help="what both clusters hold, and what becomes of each item",
        description="Reads both clusters, the schema registries and Connect, and lists topics, "
        "groups, producers that were seen, ACLs, quotas, users, schemas and connectors: each in "
        "the plan, excluded (by the plan's `excluded`, or by what it is), or unassigned. The plan "
        "needs no services and no waves yet. Exits with 0 where every item has a disposition, 4 "
        "where one is unassigned, 7 where nobody could look everywhere. Changes nothing.",
    )
    parser.add_argument("plan", type=Path, metavar="PLAN")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument(
        "--table",
        choices=(ALL, *KIND_WORDS.values()),
        help="one kind with all that was read of it, or every item, as CSV; a cell that a "
        "spreadsheet would take for a formula begins with an apostrophe",
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="CSV into a file")
    parser.add_argument("--only", choices=tuple(DISPOSITIONS), help="items of this disposition")
    parser.add_argument(
        "--watch",
        type=duration_ms,
        default=5_000,
        metavar="DURATION",
        help="look a second time after this, for rates and for writers that no broker lists "
        "(default 5s; 0s: look once)",
    )


def run(options: argparse.Namespace) -> int:
    """Read, and say what was found."""
    from cockpit.core.inventory import take_inventory
    from cockpit.plan.secrets import SecretUnavailable
    from cockpit.ports import PortError

    if options.output is not None and options.table is None:
        complain("-o needs --table: only CSV goes into a file")
        return exits.USAGE
    beginning = read_beginning(options.plan)
    if beginning is None:
        return exits.USAGE
    from cockpit.cli.census import census

    try:
        facts = asyncio.run(census(beginning.plan, apart_ms=options.watch))
    except (SecretUnavailable, PortError) as error:
        complain(clean_line(str(error)))
        return exits.FAILED
    inventory = take_inventory(beginning.plan, facts)
    return tell(beginning, facts, inventory, options)


def read_beginning(path: Path) -> Beginning | None:
    """A plan as far as it is written; None: its problems were said."""
    from cockpit.plan import PlanInvalid, read_plan_text
    from cockpit.plan.loader import load_beginning
    from cockpit.secrecy import SECRETS

    try:
        text = read_plan_text(path)
        SECRETS.leave(text)
        return load_beginning(text, origin=str(path))
    except PlanInvalid as invalid:
        for problem in invalid.problems:
            complain(clean_line(f"{path}:{problem}"))
        return None


def exit_code(inventory: Inventory) -> int:
    """4: an item is unassigned; 7: none is known to be, and not everything could be read; 0."""
    if inventory.count("unassigned"):
        return exits.FAILED
    return exits.UNKNOWN if inventory.unread else exits.COMPLETED


def tell(
    beginning: Beginning, facts: Facts, inventory: Inventory, options: argparse.Namespace
) -> int:
    """Say it in the form that was asked for; the exit code."""
    code = exit_code(inventory)
    word = DISPOSITIONS[options.only] if options.only else None
    items = [item for item in inventory.items if word in (None, item.word)]
    if options.table is not None:
        return _table(inventory, items, options) or code
    if options.json:
        found = as_json(inventory, items)
        say_json({"plan": beginning.plan.name, **_asked(facts), **found, "exit_code": code})
        return code
    for line in report(beginning.plan.name, facts, inventory, items):
        say(clean_line(line))
    return code


# --- lines ----------------------------------------------------------------------------------------


def report(plan: str, facts: Facts, inventory: Inventory, items: list[Item]) -> Iterator[str]:
    """Lines for a person."""
    from cockpit.core.inventory import KINDS
    from cockpit.core.plan import SIDES

    for side in SIDES:
        info = facts.info.get(side)
        known = f"{info.cluster_id}, {len(info.brokers)} brokers" if info else "not known"
        yield f"{side} of {plan}: {known}"
    for kind in KINDS:
        yield ""
        yield summary(inventory, kind)
        for item in items:
            if item.kind == kind:
                yield from _lines(item)
    if inventory.notes or inventory.unread:
        yield ""
    yield from inventory.notes
    yield from (f"not known: {why}" for why in inventory.unread)


def summary(inventory: Inventory, kind: ItemKind) -> str:
    """`topics: 12, 1 unassigned, 10 in the plan, 1 excluded`."""
    from cockpit.core.inventory import WORDS

    found = inventory.of(kind)
    counts = [f"{n} {word}" for word in WORDS if (n := inventory.count(word, kind))]
    return f"{KIND_WORDS[kind]}: {', '.join([str(len(found)), *counts])}"


def _lines(item: Item) -> Iterator[str]:
    yield f"  {item.word:<11}  {clean_line(item.name)}  [{item.where()}]  {item.why}"
    told = [
        f"{key.removesuffix('_at_ms')} {_said(key, value)}"
        for key, value in item.values.items()
        if value is not None and key not in _IN_THE_NAME
    ]
    if told and item.kind != "acl":
        yield f"               {', '.join(told)}"


_LATEST_MS: Final = 4_102_444_800_000
"""The year 2100: what a producer's clock says beyond that is no time but a number."""
_IN_THE_NAME: Final = ("entity", "key")


def _said(key: str, value: Value) -> str:
    from cockpit.core.observe import Unknown

    if isinstance(value, Unknown):
        return f"? ({value.reason})"
    if key.endswith("_at_ms") and isinstance(value, int) and value < _LATEST_MS:
        return utc(value) if value >= 0 else "never"
    return f"{value:,}" if isinstance(value, int) else str(value)


# --- for programs ---------------------------------------------------------------------------------


def as_json(inventory: Inventory, items: list[Item]) -> dict[str, Any]:
    """Items, counts and what could not be read, for a script."""
    from cockpit.core.inventory import WORDS

    return {
        "items": [_item(item) for item in items],
        "counts": {word: inventory.count(word) for word in WORDS},
        "unread": list(inventory.unread),
        "notes": list(inventory.notes),
    }


def _item(item: Item) -> dict[str, Any]:
    from cockpit.core.inventory import COLUMNS

    return {
        "kind": item.kind,
        "name": item.name,
        "source": item.source,
        "target": item.target,
        "disposition": item.word,
        "why": item.why,
        **{column: _json(item.values.get(column)) for column in COLUMNS[item.kind]},
    }


def _json(value: Value) -> Any:  # noqa: ANN401 - JSON
    from cockpit.core.observe import Unknown

    return {"unknown": value.reason} if isinstance(value, Unknown) else value


def _asked(facts: Facts) -> dict[str, Any]:
    from cockpit.core.plan import SIDES

    found: dict[str, Any] = {}
    for side in SIDES:
        info = facts.info.get(side)
        found[f"{side}_cluster"] = info.cluster_id if info else None
        found[f"{side}_asked_at_ms"] = info.asked_at_ms if info else None
    return found


# --- CSV ------------------------------------------------------------------------------------------


def _table(inventory: Inventory, items: list[Item], options: argparse.Namespace) -> int:
    """Write one table. 0, or the exit code of what went wrong."""
    from cockpit.cli.export import cleaned_row, sink
    from cockpit.secrecy import SECRETS

    for why in inventory.unread:  # a table has no place for what is not in it
        complain(clean_line(f"not known: {why}"))
    try:
        with sink(options.output) as file:
            for line in csv_lines(items, options.table):
                known = SECRETS.known(line)
                file.write(cleaned_row(known) if file.isatty() else known)
    except BrokenPipeError:  # who reads it has enough
        raise
    except OSError as error:
        complain(clean_line(f"{options.output or 'standard output'}: {error.strerror}"))
        return exits.FAILED
    return exits.COMPLETED


def csv_lines(items: list[Item], table: str) -> Iterator[str]:
    """A table, safe for spreadsheets."""
    from cockpit.core.inventory import COLUMNS, KINDS
    from cockpit.report.csvs import rows_as_csv

    kinds = [kind for kind in KINDS if table in (ALL, KIND_WORDS[kind])]
    columns = () if table == ALL else COLUMNS[kinds[0]]
    rows = (
        (
            *(item.kind, item.name, item.where(), item.word, item.why),
            *(_cell(item.values.get(column)) for column in columns),
        )
        for item in items
        if item.kind in kinds
    )
    return rows_as_csv((*_HEAD, *columns), rows)


def _cell(value: Value) -> str | int | float | None:
    from cockpit.core.observe import Unknown

    return f"unknown: {value.reason}" if isinstance(value, Unknown) else value
