"""Rules about gates that are judged over a long window.

Never asks what was sampled.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cockpit.core.peaks import Over, earliest, usual_gap_ms
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
    holds all its hours and a gap; max_gap is at least max_age."""
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
        if gap_ms is not None and age_ms is not None and gap_ms < age_ms:
            gap_place = settings.fields["max_gap"].place
            message = f"max_gap is shorter than max_age, {format_duration(age_ms)}"
            problems.add(gap_place, message, "write a longer one")
        _holds_its_hours(settings, over_ms, problems)


def _holds_its_hours(settings: Item, over_ms: int, problems: Problems) -> None:
    hours, gap_ms = peaks(settings), _gap_ms(settings, over_ms)
    # it ends at the newest sample, which may be as old as a gap: only what has room for that passes
    if not hours or earliest(Over(over_ms - gap_ms, hours), 0) is not None:
        return
    longest = max(peak.length_ms for peak in hours)
    shown = ", ".join(peak.words() for peak in hours)
    exact = earliest(Over(over_ms, hours), 0) is not None
    room = f" and a gap of {format_duration(gap_ms)}" if exact else ""
    message = f"no window of {format_duration(over_ms)} holds {shown}{room}"
    short = over_ms < longest + gap_ms
    least = format_duration(longest + gap_ms)
    hint = f"write at least {least}" if short else "write a longer window: over: 24h"
    problems.add(settings.fields["over"].place, message, hint)


def gap_hides_no_hours(draft: Draft, problems: Problems) -> None:
    """The gap that a window may have, its max_gap or what stands for it, is shorter than each of
    its hours: otherwise nobody need have looked in them."""
    for settings, _ in _settings(draft):
        over_ms = _ms(settings, "over")
        hours = peaks(settings)
        if over_ms is None or not hours:
            continue
        gap_ms = _gap_ms(settings, over_ms)
        shortest = min(hours, key=lambda peak: peak.length_ms)
        if shortest.length_ms <= gap_ms < over_ms:
            key = next(
                (key for key in ("max_gap", "max_age") if key in settings.key_places), "over"
            )
            message = f"a gap of {format_duration(gap_ms)} hides {shortest.words()}"
            hint = f"write a max_gap of less than {format_duration(shortest.length_ms)}"
            problems.add(settings.fields[key].place, message, hint)


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
    return _ms(settings, "max_gap") or usual_gap_ms(over_ms, _ms(settings, "max_age") or 0)


def _ms(settings: Item, key: str) -> int | None:
    found = settings.fields.get(key)
    return found.value if found is not None and isinstance(found.value, int) else None
