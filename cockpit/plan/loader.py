"""Loads plans: text or file in, a Plan out, or all of its problems at once.

Never resolves a secret and never opens a file that a plan names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yaml.nodes import MappingNode

from cockpit.core.leftout import Exclusion
from cockpit.core.plan import Plan, ReplicationKind, SecretRef
from cockpit.core.prove import Proof
from cockpit.core.prove.model import ServiceModel
from cockpit.core.stated import GateName, Stated
from cockpit.files import Unreadable, read_regular
from cockpit.plan.build import Builder
from cockpit.plan.document import MAX_BYTES, compose
from cockpit.plan.draft import make_draft
from cockpit.plan.format import PLAN, PLAN_OF_CLUSTERS, PLAN_WITHOUT_WAVES
from cockpit.plan.problems import Place, PlanInvalid, Problem, Problems
from cockpit.plan.proof_draft import replication_kind, service_models
from cockpit.plan.reader import Reader
from cockpit.plan.readiness import readiness_of
from cockpit.plan.rules import check_rules
from cockpit.secrecy import SECRETS


@dataclass(frozen=True, slots=True)
class LoadedPlan:
    """A plan with what a check of its surroundings needs."""

    plan: Plan
    references: tuple[tuple[Place, SecretRef | Path], ...]
    """Secrets and TLS files that it names, with the place in the file."""
    proof: Proof | None
    """None only where a rule that it stands on was left out."""
    waves: tuple[Place, ...] = ()
    """Where each wave begins in the file."""
    steps: tuple[tuple[Place, ...], ...] = ()
    """Where each step of each wave is in the file."""
    exclusions: tuple[tuple[Place, Exclusion], ...] = ()
    """What the plan leaves out, with the place in the file."""


def load_plan(text: str, *, origin: str) -> Plan:
    """The plan in `text`. Raises PlanInvalid with every problem.

    `origin` is the file's path: it is named in errors, and relative paths begin at its folder.
    """
    return load_document(text, origin=origin).plan


def load_flown(text: str, *, origin: str) -> Plan:
    """The plan of a flight that has begun: what this version would refuse to begin, and an earlier
    one has begun, can still be gone on with, taken back and read. Raises PlanInvalid where its
    text is no plan, or names what is not there."""
    problems = Problems()
    node = compose(text, problems)
    item = Reader(problems).read(PLAN, node) if node is not None else None
    if item is None or not item.valid or problems:
        raise PlanInvalid(problems.sorted(), origin=origin)
    check_rules(make_draft(item), problems)
    try:
        plan = Builder(Path(origin).absolute().parent).plan(item)
        for wave in plan.waves:
            plan.wave_services(wave)
    except (LookupError, TypeError, ValueError) as error:  # what no rule vouches for
        raise PlanInvalid(problems.sorted(), origin=origin) from error
    return plan


def load_document(text: str, *, origin: str) -> LoadedPlan:
    """The same as `load_plan`, with the places of secrets, files and waves."""
    problems = Problems()
    node = compose(text, problems)
    if node is not None:
        item = Reader(problems).read(PLAN, node)
        if item.valid:
            draft = make_draft(item)
            check_rules(draft, problems)
            if not problems:
                builder = Builder(Path(origin).absolute().parent)
                plan = builder.plan(item)
                waves = tuple(wave.place for wave in draft.waves)
                references = tuple(builder.references)
                proof = draft.proved.proof if draft.proved is not None else None
                steps = tuple(tuple(step.place for step in wave.steps) for wave in draft.waves)
                excluded = item.fields["excluded"].items if "excluded" in item.fields else ()
                left_out = zip((e.place for e in excluded), plan.excluded, strict=True)
                return LoadedPlan(plan, references, proof, waves, steps, tuple(left_out))
    raise PlanInvalid(problems.sorted(), origin=origin)


@dataclass(frozen=True, slots=True)
class LoadedServices:
    """The services of a plan, without its waves."""

    services: tuple[ServiceModel, ...]
    kind: ReplicationKind
    places: tuple[Place, ...]
    """Where in the file each says how its group goes on, or else where it begins."""


def load_services(text: str, *, origin: str) -> tuple[tuple[ServiceModel, ...], ReplicationKind]:
    """The services of a plan and its kind of replication; its waves may be absent and are not
    looked at. Raises PlanInvalid."""
    loaded = load_services_with_places(text, origin=origin)
    return loaded.services, loaded.kind


def load_services_with_places(text: str, *, origin: str) -> LoadedServices:
    """The same, with the services' places."""
    problems = Problems()
    node = compose(text, problems)
    if node is not None:
        if isinstance(node, MappingNode):
            node.value = [pair for pair in node.value if pair[0].value != "waves"]
        item = Reader(problems, unfinished=True).read(PLAN_WITHOUT_WAVES, node)
        if item.valid:
            draft = make_draft(item)
            check_rules(draft, problems)
            kind = replication_kind(draft)
            if not problems and kind is not None:
                places = tuple(s.offsets_at or s.place for s in draft.services)
                return LoadedServices(service_models(draft.services), kind, places)
    raise PlanInvalid(problems.sorted(), origin=origin)


@dataclass(frozen=True, slots=True)
class Beginning:
    """A plan as far as it is written, and what its owners said of the gates before it."""

    plan: Plan
    """Without services and waves where it has none yet."""
    readiness: Mapping[GateName, Stated]


def load_beginning(text: str, *, origin: str) -> Beginning:
    """A plan of which services and waves may still be missing, or to do in parts; the rest must be
    right. Raises PlanInvalid."""
    problems = Problems()
    node = compose(text, problems)
    if node is not None:
        item = Reader(problems, unfinished=True).read(PLAN_OF_CLUSTERS, node)
        if item.valid:
            check_rules(make_draft(item), problems)
            if not problems:
                plan = Builder(Path(origin).absolute().parent).plan(item)
                return Beginning(plan, readiness_of(item))
    raise PlanInvalid(problems.sorted(), origin=origin)


def load_plan_file(path: str | Path) -> Plan:
    """The plan in a file; what stands in it is no secret. Raises PlanInvalid, also when the file
    cannot be read."""
    text = read_plan_text(path)
    SECRETS.leave(text)
    return load_plan(text, origin=str(path))


def read_plan_text(path: str | Path) -> str:
    """The text of a plan file.

    Raises PlanInvalid when it is missing, not a regular file, too large or not UTF-8.
    """
    try:
        content = read_regular(path, limit=MAX_BYTES)
    except Unreadable as error:
        raise _unreadable(path, f"the plan file {error}") from None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line_start = before.rfind(b"\n") + 1
        column = len(before[line_start:].decode("utf-8", "replace")) + 1
        line = before.count(b"\n") + 1
        raise _unreadable(
            path, "the plan file is not UTF-8 here", line=line, column=column
        ) from None


def _unreadable(path: str | Path, message: str, *, line: int = 1, column: int = 1) -> PlanInvalid:
    return PlanInvalid((Problem(line, column, message),), origin=str(path))
