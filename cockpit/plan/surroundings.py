"""Looks at what a plan names on this machine: its secrets, its TLS files and its people.

Never keeps a secret: each is fetched, found good and dropped.
"""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Mapping
from pathlib import Path

from cockpit.core.plan import Plan, SecretRef
from cockpit.plan.loader import LoadedPlan
from cockpit.plan.problems import Problem
from cockpit.plan.secrets import SecretUnavailable, resolve_secret
from cockpit.plan.text import clean
from cockpit.secrecy import MIN_LENGTH, is_too_short


def missing_references(
    loaded: LoadedPlan, *, environ: Mapping[str, str] | None = None
) -> tuple[Problem, ...]:
    """A problem for each secret or TLS file that cannot be had here and now, by place."""
    problems: list[Problem] = []
    for place, reference in loaded.references:
        wrong = (
            _secret(reference, environ) if isinstance(reference, SecretRef) else _file(reference)
        )
        if wrong:
            problems.append(Problem(place.line, place.column, wrong))
    return tuple(sorted(problems))


def unmasked_references(
    loaded: LoadedPlan, *, environ: Mapping[str, str] | None = None
) -> tuple[Problem, ...]:
    """A warning for each secret that is too short to be looked for in what others say, by place."""
    problems: list[Problem] = []
    for place, reference in loaded.references:
        if isinstance(reference, SecretRef) and _is_short(reference, environ):
            where = "environment variable" if reference.kind == "env" else "secret file"
            problems.append(
                Problem(
                    place.line,
                    place.column,
                    f"{where} {clean(reference.name)}: a secret of less than {MIN_LENGTH}"
                    " characters is not masked where somebody says it",
                )
            )
    return tuple(sorted(problems))


def strangers(plan: Plan) -> tuple[str, ...]:
    """Why some of the plan's people cannot reach an engine on this machine, in lines. A name
    service is asked, which may hang."""
    people = plan.people
    if people is None:
        return ()
    unknown, gid = [], _group(people.unix_group)
    outside = []
    for user in people.roles:
        try:
            found = pwd.getpwnam(user)
        except KeyError:
            unknown.append(user)
            continue
        in_group = gid is not None and gid in os.getgrouplist(user, found.pw_gid)
        if not in_group and found.pw_uid not in (os.getuid(), 0):
            outside.append(user)
    lines = []
    if people.unix_group and gid is None:
        lines.append(f"people: this machine has no Unix group {people.unix_group}")
    if unknown:
        lines.append(f"people: this machine has no user {', '.join(unknown)}")
    if outside:
        group = people.unix_group
        why = f"not in the Unix group {group}" if group else "the plan names no unix_group"
        lines.append(f"people: {', '.join(outside)} cannot reach an engine here: {why}")
    return tuple(map(clean, lines))


def _group(name: str) -> int | None:
    try:
        return grp.getgrnam(name).gr_gid if name else None
    except KeyError:
        return None


def _is_short(ref: SecretRef, environ: Mapping[str, str] | None) -> bool:
    try:
        return is_too_short(resolve_secret(ref, environ=environ).reveal())
    except SecretUnavailable:
        return False


def _secret(ref: SecretRef, environ: Mapping[str, str] | None) -> str:
    try:
        resolve_secret(ref, environ=environ)
    except SecretUnavailable as error:
        return str(error)
    return ""


def _file(path: Path) -> str:
    if not path.is_file():
        return f"file {clean(str(path))} does not exist"
    if not os.access(path, os.R_OK):
        return f"file {clean(str(path))} may not be read"
    return ""
