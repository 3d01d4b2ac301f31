"""Rules about which service moves in which wave.

Never about the steps within a wave.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from cockpit.plan.draft import Draft, WaveDraft
from cockpit.plan.problems import Problems, did_you_mean, nearest
from cockpit.plan.service_rules import note_same_names
from cockpit.plan.text import quoted

_GUESSES = 20


def wave_names_differ(draft: Draft, problems: Problems) -> None:
    """No two waves have the same name."""
    note_same_names([wave.name for wave in draft.waves], "wave", problems)


def wave_services_exist(draft: Draft, problems: Problems) -> None:
    """A wave names services of the plan."""
    for wave in draft.waves:
        for name in wave.services:
            if draft.services_whole and name.text not in draft.by_name and not problems.full:
                hint = did_you_mean(name.text, draft.by_name)
                problems.add(name.place, f"unknown service {quoted(name.text)}", hint)


def service_moves_once(draft: Draft, problems: Problems) -> None:
    """A service is in one wave only."""
    for wave in draft.waves:
        for name in wave.services:
            first = draft.wave_of.get(name.text, wave.index)
            if first != wave.index:
                message = f"service {quoted(name.text)} moves in {draft.waves[first].label} already"
                problems.add(name.place, message, "a service is in one wave")


def service_moves(draft: Draft, problems: Problems) -> None:
    """Each service is in a wave."""
    if not draft.waves_whole or not all(wave.services_whole for wave in draft.waves):
        return
    unplaced = {name for name in draft.by_name if name not in draft.wave_of}
    unknown = [w.text for wave in draft.waves for w in wave.services if w.text not in draft.by_name]
    # A misspelt name in a wave is one mistake, and reported there.
    misspelt = {nearest(name, unplaced) for name in unknown[:_GUESSES]}
    for name, service in draft.by_name.items():
        if name in unplaced - misspelt and service.name is not None:
            message = f"service {quoted(name)} is in no wave"
            problems.add(service.name.place, message, "add it to the services of a wave")


def one_writer_side(draft: Draft, problems: Problems) -> None:
    """All producers of a topic move in one wave, so that one side only is written to."""
    for topic, waves in _waves_by_topic(draft, "produces").items():
        first = min(waves)
        for index in sorted(waves):
            if index == first:
                continue
            message = (
                f"{waves[index]} and {waves[first]} both produce {topic}, and move in "
                f"{draft.waves[index].label} and {draft.waves[first].label}"
            )
            _at_service(draft, draft.waves[index], waves[index], message, problems)


def downstream_first(draft: Draft, problems: Problems) -> None:
    """Whoever consumes a topic moves before its producers or with them; the mirror is one-way."""
    consumed = _waves_by_topic(draft, "consumes")
    for topic, waves in _waves_by_topic(draft, "produces").items():
        later = {i: name for i, name in consumed.get(topic, {}).items() if i > min(waves)}
        if not later:
            continue
        last = max(later)
        message = (
            f"{waves[min(waves)]} produces {topic}, and {later[last]}, which consumes it, moves "
            f"later, in {draft.waves[last].label}: it would miss what is written to the target"
        )
        _at_service(draft, draft.waves[min(waves)], waves[min(waves)], message, problems)


CHECKS = (
    ("wave-names-differ", wave_names_differ),
    ("wave-services-exist", wave_services_exist),
    ("service-moves-once", service_moves_once),
    ("service-moves", service_moves),
    ("one-writer-side", one_writer_side),
    ("downstream-first", downstream_first),
)


def _waves_by_topic(draft: Draft, how: str) -> Mapping[str, Mapping[int, str]]:
    """For each topic, the waves that move a producer (or consumer) of it, with its name."""
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for name, service in draft.by_name.items():
        index = draft.wave_of.get(name)
        if index is None:
            continue
        for topic in service.produces if how == "produces" else service.consumes:
            found[topic.text].setdefault(index, name)
    return found


def _at_service(
    draft: Draft, wave: WaveDraft, service: str, message: str, problems: Problems
) -> None:
    """Note a problem where the wave names the service."""
    place = next((name.place for name in wave.services if name.text == service), wave.place)
    hint = "move them in one wave" if "both produce" in message else "move the consumer first"
    problems.add(place, message, hint)
