"""Which earlier flight explains what is left over, and since when: from journals, as values.

Never decides whether something is left over. A flight explains what it has ordered itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cockpit.core.left import Effect, Leftover, Past


def explained(found: Leftover, past: Sequence[Past]) -> Leftover:
    """With the newest flight that has ordered it, if one has."""
    for flight, effect in _newest_first(past):
        if _explains(effect, found):
            return replace(
                found,
                since_ms=effect.at_ms,
                session=flight.session,
                standing=flight.standing,
            )
    return found


def ordered_off(connector: str, key: str, past: Sequence[Past]) -> str | None:
    """What a setting was before a flight turned it off; None: not set, or not known."""
    for _, effect in _newest_first(past):
        action = effect.action
        if action.get("type") == "PatchConnector" and action.get("connector") == connector:
            settings = {str(name): value for name, value in action.get("settings", ())}
            if settings.get(key) == "false" and key in effect.previous:
                was = effect.previous[key]
                return None if was is None else str(was)
    return None


def _newest_first(past: Sequence[Past]) -> Iterator[tuple[Past, Effect]]:
    for flight in reversed(past):
        for effect in reversed(flight.effects):
            yield flight, effect


def _explains(effect: Effect, found: Leftover) -> bool:
    action = effect.action
    names = set(found.names)
    match found.kind, action.get("type"):
        case (("fence" | "copied fence"), "Fence"):
            return names <= set(action.get("topics", ()))
        case "settings", "PatchConnector":
            values = {value for _, value in action.get("settings", ())}
            return action.get("connector") in names and "false" in values
        case "groups", "ExcludeGroups":
            return bool(action.get("excluded")) and names <= set(action.get("groups", ()))
        case "topics", "ExcludeTopics":
            return bool(action.get("excluded")) and names <= set(action.get("topics", ()))
        case "offsets", "CommitOffsets":
            return action.get("side") == "target" and action.get("group") in names
        case ("connector", "StopMirror") | ("second mirror", "StartMirror"):
            return action.get("connector") in names
        case _:
            return False
