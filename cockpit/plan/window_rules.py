"""Rules about gates that are judged over a long window.

Never asks what was sampled.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cockpit.core.peaks import Over, Peak, earliest, shortest_ms, usual_gap_ms
from cockpit.core.schedule import DAY_MS
from cockpit.plan.build import peaks
from cockpit.plan.draft import Draft
from cockpit.plan.problems import Problems
from cockpit.plan.reader import Item
from cockpit.plan.units import format_duration

LONGEST_MS: Final = 31 * DAY_MS
"""What is kept of samples is bounded."""
_NEED_OVER: Final = ("including", "max_gap")


def window_is_whole(draft: Draft, problems: Problems) -> None:
    """A gate says `over` or `for`, not both; `including` and `max_gap` need `over`; a trigger has
    no `over`."""
    for settings, is_trigger in _settings(draft):
        given = settings.key_places
        if "over" not in given:
            for key in _NEED_OVER:
                if key in given:
                    message = f"{key} says nothing without over"
                    problems.add(given[key], message, "add over: 24h, or remove it")
            continue
        if "for" in given:
            problems.add(given["over"], "over and for exclude each other", "remove one")
        if is_trigger:
            message = "a trigger that looks back over a long window would fire on what is long past"
            problems.add(given["over"], message, "use for in triggers")


def window_can_pass(draft: Draft, problems: Problems) -> None:
    """A window is at most 31d, longer than its max_gap, and long enough that one of that length
    holds all its hours and a gap; max_gap, or what stands for it, is at least max_age."""
    for settings, _ in _settings(draft):
        over_ms, gap_ms = _ms(settings, "over"), _ms(settings, "max_gap")
        if over_ms is None:
            continue
        place = settings.fields["over"].place
        if over_ms > LONGEST_MS:
            problems.add(place, "a window of more than 31d is not kept", "write at most over: 31d")
        if gap_ms is not None and gap_ms >= over_ms:
            gap_place = settings.fields["max_gap"].place
            message = "max_gap is not shorter than over: a single sample would do"
            problems.add(gap_place, message, "write a shorter one, for example 5m")
        age_ms = _ms(settings, "max_age")
        if age_ms is not None and age_ms >= over_ms:
            message = "max_age is not shorter than over: a single sample would do"
            problems.add(place, message, "write a longer window, or a shorter max_age")
        elif age_ms is not None:
            _gap_bears_age(settings, _gap_ms(settings, over_ms), age_ms, problems)
        _holds_its_hours(settings, over_ms, problems)


def _gap_bears_age(settings: Item, gap_ms: int, age_ms: int, problems: Problems) -> None:
    """A reading that is not too old yet must not be a gap already."""
    if gap_ms >= age_ms:
        return
    age, said = format_duration(age_ms), settings.fields.get("max_gap")
    if said is not None:
        message = f"max_gap is shorter than max_age, {age}"
        problems.add(said.place, message, "write a longer one")
        return
    most = format_duration(gap_ms)
    message = f"max_age is {age}, and a window that says no max_gap has none over {most}"
    hint = f"write a max_age of at most {most}, or say the max_gap that you mean"
    problems.add(settings.fields["max_age"].place, message, hint)


def _holds_its_hours(settings: Item, over_ms: int, problems: Problems) -> None:
    hours, gap_ms = peaks(settings), _gap_ms(settings, over_ms)
    # it ends at the newest sample, which may be as old as a gap: only what has room for that passes
    if not hours or earliest(Over(over_ms - gap_ms, hours), 0) is not None:
        return
    shown = ", ".join(peak.words() for peak in hours)
    exact = earliest(Over(over_ms, hours), 0) is not None
    room = f" and a gap of {format_duration(gap_ms)}" if exact else ""
    message = f"no window of {format_duration(over_ms)} holds {shown}{room}"
    hint = f"write over: {format_duration(_long_enough_ms(settings, hours))}"
    problems.add(settings.fields["over"].place, message, hint)


def _long_enough_ms(settings: Item, hours: tuple[Peak, ...]) -> int:
    """A window that holds these hours and a gap, in whole minutes, or hours where it is long."""
    least_ms = shortest_ms(hours) + _gap_ms(settings, LONGEST_MS)
    grain_ms = 3_600_000 if least_ms > DAY_MS // 2 else 60_000
    return -(-least_ms // grain_ms) * grain_ms


def gap_hides_no_hours(draft: Draft, problems: Problems) -> None:
    """The gap that a window may have is at most a quarter of each of its hours: otherwise nobody
    need have looked through them."""
    for settings, _ in _settings(draft):
        over_ms = _ms(settings, "over")
        hours = peaks(settings)
        if over_ms is None or not hours:
            continue
        gap_ms = _gap_ms(settings, over_ms)
        shortest = min(hours, key=lambda peak: peak.length_ms)
        if shortest.most_gap_ms < gap_ms < over_ms:
            hidden = gap_ms >= shortest.length_ms
            how = "hides" if hidden else "is too long to look through"
            message = f"a gap of {format_duration(gap_ms)} {how} {shortest.words()}"
            hint = f"write a max_gap of at most {format_duration(shortest.most_gap_ms)}"
            problems.add(settings.fields["max_gap"].place, message, hint)


CHECKS = (
    ("window-is-whole", window_is_whole),
    ("window-can-pass", window_can_pass),
    ("gap-hides-no-hours", gap_hides_no_hours),
)


def _settings(draft: Draft) -> Iterator[tuple[Item, bool]]:
    """The settings of each condition, and whether it is a trigger."""
    waves = draft.root.fields.get("waves")
    for wave in waves.items if waves is not None else ():
        rollback = wave.fields.get("rollback")
        lists = (
            (wave.fields.get("gates"), False),
            (rollback.fields.get("triggers") if rollback is not None else None, True),
        )
        for conditions, is_trigger in lists:
            for condition in conditions.items if conditions is not None else ():
                for settings in condition.fields.values():
                    yield settings, is_trigger


def _gap_ms(settings: Item, over_ms: int) -> int:
    """The longest gap, said or not."""
    said_ms = _ms(settings, "max_gap")
    return said_ms or usual_gap_ms(over_ms, _ms(settings, "max_age") or 0, peaks(settings))


def _ms(settings: Item, key: str) -> int | None:
    found = settings.fields.get(key)
    return found.value if found is not None and isinstance(found.value, int) else None
