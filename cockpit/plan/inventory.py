"""What a plan leaves out, as values. Never checks anything: the reader and the rules have."""

from __future__ import annotations

from cockpit.core.leftout import KINDS, Exclusion
from cockpit.plan.reader import Item


def exclusions_of(item: Item) -> tuple[Exclusion, ...]:
    """The exclusions of a plan that was read without a problem, in its order."""
    section = item.fields.get("excluded")
    return tuple(_exclusion(entry) for entry in (section.items if section is not None else ()))


def _exclusion(item: Item) -> Exclusion:
    kind = next(kind for kind in KINDS if kind in item.fields)
    said = {key: str(item.fields[key].value) for key in (kind, "why", "by")}
    drop = "as" in item.fields and item.fields["as"].value == "drop"
    return Exclusion(kind, said[kind], "drop" if drop else "leave", said["why"], said["by"])
