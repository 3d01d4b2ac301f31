"""Which schema an id is in each registry, and whether two of them say the same.

A schema that no subject lists any more is one still: records keep its id. Never asks a registry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cockpit.core.observe import Unknown
from cockpit.core.survey import RegistrySurvey, SchemaReference, SchemaVersion

DEEPEST: Final = 20
"""How many imports of imports are followed."""


@dataclass(frozen=True, slots=True)
class Named:
    """A schema, and what to call it."""

    name: str
    """`orders-value v2`, or that no subject lists it."""
    schema: SchemaVersion
    listed: bool = True


@dataclass(frozen=True, slots=True)
class Registries:
    """Both registries, and every schema that each lists, by its id."""

    source: RegistrySurvey
    target: RegistrySurvey
    left: Mapping[int, Named]
    right: Mapping[int, Named]

    @staticmethod
    def of(source: RegistrySurvey, target: RegistrySurvey) -> Registries:
        """By two surveys."""
        return Registries(source, target, _listed(source), _listed(target))

    def on_source(self, number: int) -> Named | Unknown | None:
        """What the source has under an id; None: nothing, or nobody has asked for it yet."""
        return self.left.get(number) or _unlisted(self.source, number)

    def on_target(self, number: int) -> Named | Unknown | None:
        """What the target has under an id; None: nothing, or nobody has asked for it yet."""
        return self.right.get(number) or _unlisted(self.target, number)

    def same(self, here: Named, there: Named) -> bool:
        """Whether a schema of the source says what one of the target says."""
        return self._same(here.schema, there.schema, 0)

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


def _listed(survey: RegistrySurvey) -> Mapping[int, Named]:
    return {
        version.id: Named(f"{subject.name} v{version.version}", version)
        for subject in survey.subjects.values()
        for version in subject.versions
    }


def _unlisted(survey: RegistrySurvey, number: int) -> Named | Unknown | None:
    found = survey.unlisted.get(number)
    if found is None or isinstance(found, Unknown):
        return found
    return Named("deleted, still resolves", found, listed=False)


def _imported(reference: SchemaReference, survey: RegistrySurvey) -> SchemaVersion | None:
    subject = survey.subjects.get(reference.subject)
    versions = subject.versions if subject else ()
    return next((v for v in versions if v.version == reference.version), None)
