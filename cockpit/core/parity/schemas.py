"""Schemas of both registries: subjects, versions, ids, types, contents, references, compatibility,
mode, and the ids that sampled records carry.

Equal content under the same id is what lets a mirrored record be read; the canonical text of a
schema is the edge's work. Never contacts a registry.
"""

from __future__ import annotations

from cockpit.core.facts import Facts
from cockpit.core.observe import Unknown
from cockpit.core.parity.embedded import SILENT, embedded
from cockpit.core.parity.found import Found
from cockpit.core.parity.read import both
from cockpit.core.parity.resolve import Registries
from cockpit.core.plan import Plan
from cockpit.core.snapshot import CheckView
from cockpit.core.survey import (
    NO_MODES,
    RegistrySurvey,
    SchemaVersion,
    Subject,
    WindowsSurvey,
)

WRITABLE = "READWRITE"
OVERRIDE = "READONLY_OVERRIDE"
"""The one mode of a registry that no subject's own takes precedence over."""
REFUSES = "clients cannot register schemas on the target"


def schemas(plan: Plan, facts: Facts) -> list[Found] | Unknown:
    """Every subject of the source, every id, and the ids embedded in records."""
    if plan.source_registry is None or plan.target_registry is None:
        side = "source" if plan.source_registry is None else "target"
        return Unknown(f"the plan names no registry of the {side}")
    surveys = both(facts, RegistrySurvey, "registry")
    if isinstance(surveys, Unknown):
        return surveys
    source, target = surveys
    found = _registry_mode(source, target)
    for name in sorted(source.subjects.keys() | target.subjects.keys()):
        found.extend(_subject(name, source, target))
    registries = Registries.of(source, target)
    found.extend(_ids(registries))
    windows = facts.survey(WindowsSurvey, "windows")
    if windows is None:
        failure = facts.failures.get("windows")
        why = failure.reason if failure else "no records sampled yet"
        check = CheckView("schema", "ids in records", "unknown", "?", "?", why)
        return [*found, Found(check, feeds=("windows",))]
    return [*found, *embedded(plan, windows, registries)]


def _registry_mode(source: RegistrySurvey, target: RegistrySurvey) -> list[Found]:
    """What both registries let people do, and a word of its own where the target takes nothing."""
    name = "registry mode"
    if isinstance(source.mode, Unknown) or isinstance(target.mode, Unknown):
        blind = source.mode if isinstance(source.mode, Unknown) else target.mode
        words = (_word(source.mode), _word(target.mode))
        return [Found(CheckView("schema", name, "unknown", *words, _reason(blind)))]
    found = [_compared_modes(name, source.mode, target.mode, (name,))]
    if not _writable(target.mode):
        check = CheckView("schema", "registry writable", "noted", *_says_writable(source, target),
                          REFUSES)  # fmt: skip
        found.append(Found(check))
    return found


def _says_writable(source: RegistrySurvey, target: RegistrySurvey) -> tuple[str, str]:
    here, there = ("yes" if _writable(_word(s.mode)) else "no" for s in (source, target))
    return here, there


def _writable(mode: str) -> bool:
    return mode in (WRITABLE, NO_MODES)


def _compared_modes(name: str, here: str, there: str, names: tuple[str, ...]) -> Found:
    """Two modes in force; a registry without modes is one that is always written to."""
    if here == there or (_writable(here) and _writable(there)):
        return Found(CheckView("schema", name, "equal", here, there, ""))
    why = "other schemas can be registered" if _writable(there) else REFUSES
    return Found(CheckView("schema", name, "open", here, there, why), "schema", names)


def _mode_of(subject: Subject, registry: RegistrySurvey) -> str | Unknown:
    """The mode in force: the subject's own, unless the registry's overrides all."""
    if subject.mode is None or registry.mode == OVERRIDE:
        return registry.mode
    return subject.mode


def _subject_mode(
    left: Subject, right: Subject, source: RegistrySurvey, target: RegistrySurvey
) -> list[Found]:
    """Where a subject has a mode of its own on a side; the registries' are compared once."""
    if left.mode is None and right.mode is None:
        return []
    name = f"{left.name} mode"
    here, there = _mode_of(left, source), _mode_of(right, target)
    if isinstance(here, Unknown) or isinstance(there, Unknown):
        blind = here if isinstance(here, Unknown) else there
        words = (_word(here), _word(there))
        return [Found(CheckView("schema", name, "unknown", *words, _reason(blind)))]
    found = _compared_modes(name, here, there, (left.name,))
    return [found] if found.check.word != "equal" else []


def _reason(value: str | Unknown) -> str:
    return value.reason if isinstance(value, Unknown) else ""


def _word(value: str | Unknown) -> str:
    return "?" if isinstance(value, Unknown) else value


def _subject(name: str, source: RegistrySurvey, target: RegistrySurvey) -> list[Found]:
    left, right = source.subjects.get(name), target.subjects.get(name)
    if left is None:
        check = CheckView("schema", name, "noted", "absent", "present", "only on the target")
        return [Found(check)]
    for subject in (left, right):
        if subject is not None and subject.unknown is not None:
            return [Found(CheckView("schema", name, "unknown", "?", "?", subject.unknown))]
    count = f"{len(left.versions)} versions"
    if right is None:
        why = "no such subject on the target"
        check = CheckView("schema", name, "open", count, "absent", why)
        return [Found(check, "schema", (name,))]
    found = [*_versions(left, right), *_settings(left, right, source, target)]
    if not any(item.check.word in ("open", "unknown") for item in found):
        here = f"{len(right.versions)} versions"
        found.append(Found(CheckView("schema", name, "equal", count, here, "")))
    return found


def _versions(left: Subject, right: Subject) -> list[Found]:
    name = left.name
    theirs = {version.version: version for version in right.versions}
    found: list[Found] = []
    for version in left.versions:
        title = f"{name} v{version.version}"
        there = theirs.pop(version.version, None)
        if there is None:
            why = "no such version on the target"
            check = CheckView("schema", title, "open", f"id {version.id}", "absent", why)
            found.append(Found(check, "schema", (name,)))
            continue
        for what, here_text, there_text, why in _differences(version, there):
            check = CheckView("schema", f"{title} {what}", "open", here_text, there_text, why)
            found.append(Found(check, "schema", (name,)))
    for extra in theirs.values():
        title = f"{name} v{extra.version}"
        why = "only on the target"
        found.append(Found(CheckView("schema", title, "noted", "absent", f"id {extra.id}", why)))
    return found


def _differences(here: SchemaVersion, there: SchemaVersion) -> list[tuple[str, str, str, str]]:
    found: list[tuple[str, str, str, str]] = []
    if here.id != there.id:
        why = "mirrored records carry the source's id"
        found.append(("id", f"id {here.id}", f"id {there.id}", why))
    if here.type != there.type:
        found.append(("type", here.type, there.type, "another kind of schema"))
    if here.content != there.content:
        found.append(("content", "this schema", "another schema", "content differs"))
    if set(here.references) != set(there.references):
        texts = [
            ", ".join(f"{r.subject} v{r.version}" for r in sorted(v.references)) or "none"
            for v in (here, there)
        ]
        found.append(("references", texts[0], texts[1], "imports other schemas"))
    return found


def _settings(
    left: Subject, right: Subject, source: RegistrySurvey, target: RegistrySurvey
) -> list[Found]:
    """The levels and modes in force, whether a subject's own or its registry's."""
    name = left.name
    found: list[Found] = []
    here, there = (
        left.compatibility or source.compatibility,
        (right.compatibility or target.compatibility),
    )
    title = f"{name} compatibility"
    if isinstance(here, Unknown) or isinstance(there, Unknown):
        blind = here if isinstance(here, Unknown) else there
        words = (_word(here), _word(there))
        found.append(Found(CheckView("schema", title, "unknown", *words, _reason(blind))))
    elif here != there:
        check = CheckView("schema", title, "open", here, there, "other changes are accepted")
        found.append(Found(check, "schema", (name,)))
    return [*found, *_subject_mode(left, right, source, target)]


def _ids(registries: Registries) -> list[Found]:
    """Ids that both registries hand out for different schemas.

    An approval must name the id: who accepts what one subject looks like has not accepted that an
    id means something else.
    """
    left, right = registries.left, registries.right
    found: list[Found] = []
    for number in sorted(left.keys() & right.keys()):
        here, there = left[number], right[number]
        if not registries.same(here, there):
            why = f"{SILENT}: the same id is another schema on the target"
            check = CheckView("schema", f"id {number}", "open", here.name, there.name, why, rank=0)
            found.append(Found(check, "schema", (f"id {number}",)))
    return found
