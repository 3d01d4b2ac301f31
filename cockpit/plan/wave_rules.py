"""Rules about which service moves in which wave.

Never about the steps within a wave.
"""

from __future__ import annotations

from cockpit.plan.draft import Draft
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


def named_topics_exist(draft: Draft, problems: Problems) -> None:
    """allow_interleaving and promote name topics that services of the plan use."""
    if not draft.services_whole or not all(service.whole for service in draft.services):
        return
    known = {t.text for s in draft.services for t in (*s.produces, *s.consumes)}
    for name in draft.named_topics:
        if name.text not in known:
            hint = did_you_mean(name.text, known)
            problems.add(name.place, f"no service uses topic {quoted(name.text)}", hint)


def windows_end_later(draft: Draft, problems: Problems) -> None:
    """A window ends after it begins."""
    for item in draft.windows:
        ends = [item.fields[key].value for key in ("from", "to") if key in item.fields]
        if len(ends) == 2 and all(isinstance(end, int) for end in ends) and ends[0] >= ends[1]:  # type: ignore[operator]  # both are numbers
            message = "a window that ends before it begins"
            problems.add(item.fields["to"].place, message, "write the later instant last")


CHECKS = (
    ("wave-names-differ", wave_names_differ),
    ("wave-services-exist", wave_services_exist),
    ("service-moves-once", service_moves_once),
    ("service-moves", service_moves),
    ("named-topics-exist", named_topics_exist),
    ("windows-end-later", windows_end_later),
)
