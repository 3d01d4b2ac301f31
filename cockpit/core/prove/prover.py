"""Proves a plan before it is flown, or finds the shortest way in which it goes wrong.

Pure: no clock, no cluster. The rules are in `rules` (what no reachable state may be) and `waves`.
"""

from __future__ import annotations

from collections import defaultdict

from cockpit.core.plan import Interleaving, Plan
from cockpit.core.prove import rules, waves, words
from cockpit.core.prove.explore import Explored, Found, explore
from cockpit.core.prove.lanes import MOVING, OUTSIDER, STAYS, Sight, View, sights
from cockpit.core.prove.model import Model, model_of
from cockpit.core.prove.moves import NOBODY
from cockpit.core.prove.order import together, why_together
from cockpit.core.prove.proof import Anchor, Proof, Violation


def rule_statements() -> tuple[tuple[str, str], ...]:
    """Name and sentence of every rule, for the docs."""
    every = (*rules.RULES, *waves.CHECKS)
    return tuple((name, " ".join((rule.__doc__ or "").split())) for name, rule in every)


def prove(plan: Plan) -> Proof:
    """The proof of a whole plan."""
    return prove_model(model_of(plan))


def prove_model(model: Model) -> Proof:
    """Every state that the model can reach, held against every rule.

    One violation for each rule and place in the plan where it would be mended, with the shortest
    counter-example; what else stands in the same place is in `also`.
    """
    known: dict[View, Explored] = {}
    grouped: dict[tuple[str, str, Anchor], list[tuple[Found, Sight]]] = defaultdict(list)
    for sight in sights(model):
        if sight.view not in known:
            known[sight.view] = explore(sight.view)
        for found in known[sight.view].found:
            grouped[found.rule, found.broken.case, _anchor(found, sight, model)].append(
                (found, sight)
            )
    violations = [
        _violation(rule, anchor, entries, model) for (rule, _, anchor), entries in grouped.items()
    ]
    for _, check in waves.CHECKS:
        violations.extend(check(model))
    return Proof(
        violations=tuple(sorted(violations, key=_order)),
        notes=_notes(model),
        views=len(known),
        worlds=sum(explored.worlds for explored in known.values()),
    )


def _order(violation: Violation) -> tuple[int, int, int, str]:
    anchor = violation.anchor
    return anchor.wave, anchor.step, anchor.service, violation.rule


_AT_LATER_SERVICE = ("cut_off", "both_sides")
_AT_SERVICE = ("misses", "both_sides_left")
_AT_WAVE = ("no_place", "neither", "no_fence", "no_drain")


def _anchor(found: Found, sight: Sight, model: Model) -> Anchor:
    broken = found.broken
    wave = sight.waves[broken.lane]
    case = broken.case
    if case in _AT_LATER_SERVICE and sight.view.parties[broken.other].lane != STAYS:
        lane = sight.view.parties[broken.other].lane
        return Anchor("service", sight.waves[lane], service=sight.services[broken.other])
    if case in (*_AT_SERVICE, *_AT_LATER_SERVICE) and broken.party != NOBODY:
        return Anchor("service", wave, service=sight.services[broken.party])
    if case.startswith("by_itself"):
        return Anchor("rollback", wave)
    if case.startswith("window"):
        return Anchor("rollback_window", wave)
    if case in _AT_WAVE:
        return Anchor("wave", wave)
    if case == "drained_too_early":
        words_of = [step.word for step in model.waves[wave].steps]
        return Anchor("step", wave, step=words_of.index("drain"))
    moving = [n for n, step in enumerate(model.waves[wave].steps) if step.word in MOVING]
    return Anchor("step", wave, step=moving[broken.step])


def _violation(
    rule: str, anchor: Anchor, entries: list[tuple[Found, Sight]], model: Model
) -> Violation:
    found, sight = min(entries, key=lambda entry: len(entry[0].path))
    saying = words.SAYINGS[found.broken.case]
    hint = _one_wave(found, sight, model) if found.broken.case == "misses" else ""
    known = words.terms(found, sight, model)
    shown = _concerned(found, sight, model)[:1]
    also = {text for entry in entries for text in _concerned(*entry, model) if text not in shown}
    return Violation(
        rule,
        saying.message.format(**known),
        hint or saying.hint.format(**known),
        words.lines(found, sight, model),
        anchor,
        tuple(sorted(also)),
    )


def _one_wave(found: Found, sight: Sight, model: Model) -> str:
    """What to do where neither of two services can be moved first; empty: one of them can."""
    first, second = (sight.services[party] for party in (found.broken.party, found.broken.other))
    group = together(model.services, model.interleaved).get(first, ())
    if second not in group:
        return ""
    why = why_together(model.services, group, first, second, sight.topic)
    names = " and ".join(model.services[s].name for s in (first, second))
    return f"move {names} in one wave: {why}"


def _concerned(found: Found, sight: Sight, model: Model) -> list[str]:
    """Everybody who suffers in this way, the one of the counter-example first."""
    broken = found.broken
    party = broken.other if broken.other != NOBODY else broken.party
    if party == NOBODY or sight.services[party] == OUTSIDER:
        return [sight.topic]
    numbers = (sight.services[party], *sight.alike[party])
    return [f"{model.services[number].name} ({sight.topic})" for number in numbers]


def _notes(model: Model) -> tuple[str, ...]:
    apart: dict[str, set[int]] = defaultdict(set)
    for index, topics in enumerate(model.written_by_wave):
        for topic in topics:
            apart[topic].add(index)
    return tuple(_interleaved(entry, len(apart[entry.topic])) for entry in model.interleavings)


def _interleaved(entry: Interleaving, waves_of_it: int) -> str:
    moves = f"in {waves_of_it} waves" if waves_of_it > 1 else "in one wave"
    return (
        f"{entry.topic} may be written on both sides, its producers move {moves}: "
        f"no drain proof and no rollback for it ({entry.why}; {entry.by})"
    )
