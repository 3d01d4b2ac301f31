"""What two clusters hold, item by item, each with what becomes of it: in the plan, excluded, or not
assigned to anything yet.

Pure: a plan and facts in, values out. What could not be read is never taken for absent.
"""

from __future__ import annotations

from cockpit.core.facts import Facts
from cockpit.core.inventory.access import acls, quotas, users
from cockpit.core.inventory.beside import connectors, subjects
from cockpit.core.inventory.decide import Decisions
from cockpit.core.inventory.everything import about_everything, read_topics
from cockpit.core.inventory.items import (
    COLUMNS,
    KINDS,
    WORDS,
    Exclusion,
    Inventory,
    Item,
    ItemKind,
    Word,
)
from cockpit.core.inventory.logs import groups, topics
from cockpit.core.inventory.unread import notes, unread
from cockpit.core.inventory.writers import producers
from cockpit.core.plan import Plan

__all__ = [
    "COLUMNS",
    "KINDS",
    "WORDS",
    "Exclusion",
    "Inventory",
    "Item",
    "ItemKind",
    "Word",
    "about_everything",
    "read_topics",
    "take_inventory",
]


def take_inventory(plan: Plan, facts: Facts) -> Inventory:
    """Everything that `facts` know of both clusters, against the plan and what it excludes. They
    were read by `about_everything(plan)`; rates need two looks at logs, groups and producers."""
    decisions = Decisions.of(plan, facts)
    found = (
        *topics(plan, facts, decisions),
        *groups(facts, decisions),
        *producers(facts, decisions),
        *acls(facts, decisions),
        *quotas(facts, decisions),
        *users(facts, decisions),
        *subjects(facts, decisions),
        *connectors(facts, decisions),
    )
    items = tuple(sorted(found, key=_place))
    return Inventory(items, unread(plan, facts), (*notes(plan, facts), *decisions.contradictions()))


def _place(item: Item) -> tuple[int, int, str]:
    """By kind, and what nobody has decided yet first."""
    return KINDS.index(item.kind), WORDS.index(item.word), item.name
