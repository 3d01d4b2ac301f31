"""Rules about the schema registries, and about what needs them.

Never repeats a user name, an address or anything of a password.
"""

from __future__ import annotations

from collections.abc import Iterator

from cockpit.core.plan import SIDES
from cockpit.plan.draft import Draft, word
from cockpit.plan.problems import Problems
from cockpit.plan.reader import Item


def registry_login(draft: Draft, problems: Problems) -> None:
    """A registry's user name and password come together."""
    for side, registry in _registries(draft):
        given = [key for key in ("username", "password") if key in registry.key_places]
        if len(given) == 1:
            other = "password" if given == ["username"] else "username"
            message = f"registry of the {side}: {given[0]} is given without {other}"
            problems.add(registry.key_places[given[0]], message, f"add {other}")


def registry_ca_needs_https(draft: Draft, problems: Problems) -> None:
    """A registry's ca belongs to an https address."""
    for _side, registry in _registries(draft):
        url = word(registry.fields.get("url"))
        if url and "ca" in registry.key_places and not url.text.startswith("https:"):
            message = "http is not encrypted: ca would not be used"
            problems.add(registry.key_places["ca"], message, "use https, or remove it")


def schemas_need_registries(draft: Draft, problems: Problems) -> None:
    """Parity of schemas, and an approved difference of one, need the registries of both sides."""
    registries = draft.root.fields.get("registries")
    if registries is not None and not registries.valid:
        return
    given = registries.key_places if registries is not None else {}
    missing = [side for side in SIDES if side not in given]
    if not missing:
        return
    hint = f"add registries: {{{', '.join(f'{side}: {{url: ...}}' for side in missing)}}}"
    absent = " and ".join(missing)
    for wave in draft.waves:
        for place in wave.schema_parity_at:
            problems.add(place, f"schemas are compared, and {absent} has no registry", hint)
    differences = draft.root.fields.get("approved_differences")
    for item in differences.items if differences else ():
        if "schema" in item.key_places:
            message = f"a schema may differ, and {absent} has no registry"
            problems.add(item.key_places["schema"], message, hint)


CHECKS = (
    ("registry-login", registry_login),
    ("registry-ca-needs-https", registry_ca_needs_https),
    ("schemas-need-registries", schemas_need_registries),
)


def _registries(draft: Draft) -> Iterator[tuple[str, Item]]:
    """Side and registry of each side that has a readable one."""
    registries = draft.root.fields.get("registries")
    for side in SIDES:
        registry = registries.fields.get(side) if registries else None
        if registry is not None and registry.valid:
            yield side, registry
