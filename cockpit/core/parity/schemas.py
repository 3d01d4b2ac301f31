"""Schemas of both registries: subjects, versions, ids, types, contents, references, compatibility,
mode, and the ids that sampled records carry.

Equal content under the same id is what lets a mirrored record be read; the canonical text of a
schema is the edge's work. Never contacts a registry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cockpit.core.facts import Facts
from cockpit.core.observe import Unknown
from cockpit.core.parity.found import Found
from cockpit.core.parity.read import both
from cockpit.core.plan import Plan
from cockpit.core.snapshot import CheckView
from cockpit.core.survey import (
    NO_MODES,
    RegistrySurvey,
    SchemaReference,
    SchemaVersion,
    Subject,
    WindowsSurvey,
)

WRITABLE = "READWRITE"
SILENT = "wrong schema, silent corruption"


def schemas(plan: Plan, facts: Facts) -> list[Found] | Unknown:
    """Every subject of the source, every id, and the ids embedded in records."""
    if plan.source_registry is None or plan.target_registry is None:
        side = "source" if plan.source_registry is None else "target"
        return Unknown(f"the plan names no registry of the {side}")
    surveys = both(facts, RegistrySurvey, "registry")
    if isinstance(surveys, Unknown):
        return surveys
    source, target = surveys
    found = [_registry_mode(source, target)]
    for name in sorted(source.subjects.keys() | target.subjects.keys()):
        found.extend(_subject(name, source, target))
    registries = _Registries(source, target, _resolved(source), _resolved(target))
    found.extend(_ids(registries))
    windows = facts.survey(WindowsSurvey, "windows")
    if windows is None:
        failure = facts.failures.get("windows")
        why = failure.reason if failure else "no records sampled yet"
        check = CheckView("schema", "ids in records", "unknown", "?", "?", why)
        return [*found, Found(check)]
    found.extend(_unsampled(plan, windows))
    found.extend(_embedded(windows, registries))
    return found


def _unsampled(plan: Plan, windows: WindowsSurvey) -> list[Found]:
    """Topics of the plan of which no record could be looked at."""
    known: set[str] = set()
    reasons: dict[str, str] = {}
    for (topic, _), window in windows.windows.items():
        if window.unknown is None:
            known.add(topic)
        else:
            reasons[topic] = window.unknown
    return [
        Found(
            CheckView(
                "schema",
                f"{topic} ids in records",
                "unknown",
                "?",
                "?",
                reasons.get(topic, "no records sampled yet"),
            )
        )
        for topic in plan.topics()
        if topic not in known
    ]


def _registry_mode(source: RegistrySurvey, target: RegistrySurvey) -> Found:
    here, there = (_word(s.mode) for s in (source, target))
    if isinstance(target.mode, Unknown):
        check = CheckView("schema", "registry mode", "unknown", here, "?", target.mode.reason)
        return Found(check)
    if target.mode in (WRITABLE, NO_MODES):
        return Found(CheckView("schema", "registry mode", "equal", here, there, ""))
    why = "clients cannot register schemas on the target"
    return Found(
        CheckView("schema", "registry mode", "open", here, there, why),
        "schema",
        ("registry mode",),
    )


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
        reason = blind.reason if isinstance(blind, Unknown) else ""
        words = (_word(here), _word(there))
        found.append(Found(CheckView("schema", title, "unknown", *words, reason)))
    elif here != there:
        check = CheckView("schema", title, "open", here, there, "other changes are accepted")
        found.append(Found(check, "schema", (name,)))
    mode = right.mode
    if mode is not None and mode != WRITABLE:
        why = "clients cannot register schemas on the target"
        shown = left.mode or _word(source.mode)
        check = CheckView("schema", f"{name} mode", "open", shown, mode, why)
        found.append(Found(check, "schema", (name,)))
    return found


DEEPEST = 20
"""How many imports of imports are followed."""


def _resolved(survey: RegistrySurvey) -> Mapping[int, tuple[str, SchemaVersion]]:
    return {v.id: (s.name, v) for s in survey.subjects.values() for v in s.versions}


def _imported(reference: SchemaReference, survey: RegistrySurvey) -> SchemaVersion | None:
    subject = survey.subjects.get(reference.subject)
    versions = subject.versions if subject else ()
    return next((v for v in versions if v.version == reference.version), None)


@dataclass(frozen=True, slots=True)
class _Registries:
    """Both registries, and every schema of each by its id."""

    source: RegistrySurvey
    target: RegistrySurvey
    left: Mapping[int, tuple[str, SchemaVersion]]
    right: Mapping[int, tuple[str, SchemaVersion]]

    def equal(self, number: int) -> bool:
        """Whether an id that both have is the same schema in both."""
        return self._same(self.left[number][1], self.right[number][1], 0)

    def _same(self, here: SchemaVersion, there: SchemaVersion, depth: int) -> bool:
        """Imports count by what they say in their own registry; by name where one is not there."""
        if (here.type, here.content) != (there.type, there.content):
            return False
        ours, theirs = ({r.name: r for r in v.references} for v in (here, there))
        if ours.keys() != theirs.keys():
            return False
        for name, reference in ours.items():
            left = _imported(reference, self.source)
            right = _imported(theirs[name], self.target)
            if left is None or right is None or depth == DEEPEST:
                if reference != theirs[name]:
                    return False
            elif not self._same(left, right, depth + 1):
                return False
        return True


def _ids(registries: _Registries) -> list[Found]:
    """Ids that both registries hand out for different schemas.

    An approval must name the id: who accepts what one subject looks like has not accepted that an
    id means something else.
    """
    left, right = registries.left, registries.right
    found: list[Found] = []
    for number in sorted(left.keys() & right.keys()):
        (subject, here), (other, there) = left[number], right[number]
        if not registries.equal(number):
            words = (f"{subject} v{here.version}", f"{other} v{there.version}")
            why = f"{SILENT}: the same id is another schema on the target"
            check = CheckView("schema", f"id {number}", "open", *words, why, rank=0)
            found.append(Found(check, "schema", (f"id {number}",)))
    return found


def _embedded(windows: WindowsSurvey, registries: _Registries) -> list[Found]:
    """Ids found in sampled records: each that the source knows must be an equal schema on the
    target. What the source does not know may be no id at all, so it is noted."""
    uses: dict[tuple[str, str, int], int] = {}
    sure: set[tuple[str, str, int]] = set()
    for (topic, _), window in windows.windows.items():
        for use in window.schemas:
            key = (topic, use.part, use.schema_id)
            uses[key] = uses.get(key, 0) + use.records
            if not use.doubtful:
                sure.add(key)
    left, right = registries.left, registries.right
    found: list[Found] = []
    for name, records in sorted(uses.items()):
        topic, part, number = name
        here, there = left.get(number), right.get(number)
        title = f"{topic} {part} id {number}"
        words = ("resolves" if here else "absent", "resolves" if there else "absent")
        counted = f"{records} sampled records carry it"
        if here is None:
            if name in sure:
                why = f"the source's registry does not know it, it may be other data; {counted}"
                found.append(Found(CheckView("schema", title, "noted", *words, why)))
            continue
        if there is not None and registries.equal(number):
            found.append(Found(CheckView("schema", title, "equal", *words, counted)))
            continue
        why = (
            f"cannot be read on the target; {counted}" if there is None else f"{SILENT}; {counted}"
        )
        check = CheckView("schema", title, "open", *words, why, rank=0)
        found.append(Found(check, "schema", (f"{topic}-{part}", f"id {number}")))
    return found
