"""Who owns the gates before a migration, as values. Never checks anything: the reader has."""

from __future__ import annotations

from collections.abc import Mapping

from cockpit.core.stated import GATES, GateName, Signature, Stated
from cockpit.plan.reader import Item


def readiness_of(item: Item) -> Mapping[GateName, Stated]:
    """What a plan says of the gates, read without a problem; a gate of which it says nothing is
    absent."""
    section = item.fields.get("readiness")
    fields = section.fields if section is not None else {}
    return {name: _stated(fields[name]) for name in GATES if name in fields}


def _stated(item: Item) -> Stated:
    fields = item.fields
    signed = fields.get("signed")
    return Stated(
        owner=_text(item, "owner"),
        signed=None if signed is None else Signature(_text(signed, "by"), _instant(signed, "at")),
        decommission_ms=_instant(item, "decommission") if "decommission" in fields else None,
        retained=_text(item, "retained"),
        audit=_text(item, "audit"),
    )


def _text(item: Item, key: str) -> str:
    return str(item.fields[key].value) if key in item.fields else ""


def _instant(item: Item, key: str) -> int:
    value = item.fields[key].value
    assert isinstance(value, int), key
    return value
