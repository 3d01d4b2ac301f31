"""Subjects of the schema registries and Connect's connectors as items."""

from __future__ import annotations

from collections.abc import Iterator

from cockpit.core.facts import Facts
from cockpit.core.inventory.decide import Decisions
from cockpit.core.inventory.items import Item, Value
from cockpit.core.inventory.logs import NOT_READ
from cockpit.core.mirrorsurvey import ConnectSurvey
from cockpit.core.observe import Unknown
from cockpit.core.plan import SIDES
from cockpit.core.survey import RegistrySurvey, Subject


def subjects(facts: Facts, decisions: Decisions) -> Iterator[Item]:
    """Every subject of the registries that the plan names."""
    here, there = (facts.survey(RegistrySurvey, f"{side}.registry") for side in SIDES)
    names = {name for one in (here, there) if one is not None for name in one.subjects}
    for name in sorted(names):
        source, target = (None if s is None else name in s.subjects for s in (here, there))
        verdict = decisions.subject(name, source=source)
        registry = there if source is False else here
        values = _subject(registry, name)
        copy = _subject(there, name)
        values["target_versions"] = copy["versions"]
        values["target_latest_id"] = copy["latest_id"]
        yield Item("schema", name, source, target, verdict.word, verdict.why, values)


_TOLD = ("type", "versions", "latest_version", "latest_id", "compatibility", "mode")


def _subject(registry: RegistrySurvey | None, name: str) -> dict[str, Value]:
    """A subject's newest version; its level and mode in force, its own or the registry's."""
    if registry is None:
        return dict.fromkeys(_TOLD, NOT_READ)
    subject: Subject | None = registry.subjects.get(name)
    if subject is None:
        return dict.fromkeys(_TOLD)
    if subject.unknown is not None:
        return dict.fromkeys(_TOLD, Unknown(subject.unknown))
    latest = max(subject.versions, key=lambda one: one.version, default=None)
    return {
        "type": latest.type if latest is not None else None,
        "versions": len(subject.versions),
        "latest_version": latest.version if latest is not None else None,
        "latest_id": latest.id if latest is not None else None,
        "compatibility": subject.compatibility or registry.compatibility,
        "mode": subject.mode or registry.mode,
    }


def connectors(facts: Facts, decisions: Decisions) -> Iterator[Item]:
    """Every connector of the mirror's Connect. It runs on neither cluster: it is where the source
    of what it needs is, so that both sides have it."""
    survey = facts.survey(ConnectSurvey, "connect")
    if survey is None:
        return
    for state in survey.connectors:
        verdict = decisions.connector(state.name)
        values: dict[str, Value] = {
            "state": state.state,
            "tasks": len(state.tasks),
            "failed_tasks": sum(task.state == "FAILED" for task in state.tasks),
        }
        yield Item("connector", state.name, True, True, verdict.word, verdict.why, values)
    for name, why in sorted(survey.unknown.items()):
        verdict = decisions.connector(name)
        unread = dict.fromkeys(("state", "tasks", "failed_tasks"), Unknown(why))
        yield Item("connector", name, True, True, verdict.word, verdict.why, unread)
