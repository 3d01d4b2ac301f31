"""Looks at what a plan names on this machine: its secrets and its TLS files.

Never keeps a secret: each is fetched, found good and dropped.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from cockpit.core.plan import SecretRef
from cockpit.plan.loader import LoadedPlan
from cockpit.plan.problems import Problem
from cockpit.plan.secrets import SecretUnavailable, resolve_secret
from cockpit.plan.text import clean


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
