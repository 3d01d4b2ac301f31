"""Rules about signals, and about the gates and triggers that read them.

Never looks for a program or asks an address.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

from cockpit.plan.draft import Draft, word
from cockpit.plan.problems import Problems, did_you_mean
from cockpit.plan.text import quoted

_SHELLS: Final = frozenset({"sh", "ash", "bash", "dash", "zsh", "ksh", "csh", "tcsh", "fish"})
_TEXT_OPTION: Final = re.compile(r"-[a-z]*c[a-z]*")


def signal_exists(draft: Draft, problems: Problems) -> None:
    """A gate or trigger reads a signal that the plan has."""
    known = _signal_units(draft)
    for wave in draft.waves:
        for use in wave.signal_uses:
            if use.name.text not in known and not problems.full:
                message = f"unknown signal {quoted(use.name.text)}"
                hint = did_you_mean(use.name.text, known) or "the plan has no signals"
                problems.add(use.name.place, message, hint)


def signal_limit_fits(draft: Draft, problems: Problems) -> None:
    """The limit of a ratio is at most 100%, and only a ratio is written as a percentage."""
    units = _signal_units(draft)
    for wave in draft.waves:
        for use in wave.signal_uses:
            unit = units.get(use.name.text)
            if unit is None or use.limit is None:
                continue
            if unit == "ratio" and use.limit.value > 1:
                message = f"{use.name.text} is a ratio; this limit is over 100%"
                problems.add(use.limit_place, message, "write a percentage such as 0.5%")
            if unit != "ratio" and use.limit.percent:
                message = f"{use.name.text} counts {unit}; a percentage means nothing there"
                problems.add(use.limit_place, message, "write a number")


def command_is_no_shell(draft: Draft, problems: Problems) -> None:
    """The program of a command is no shell that is handed a text to run."""
    for command in draft.commands:
        if not command.valid:
            continue
        argv = [found.text if (found := word(item)) else "" for item in command.items]
        shell = next((i for i, text in enumerate(argv) if PurePosixPath(text).name in _SHELLS), -1)
        if shell >= 0 and any(_TEXT_OPTION.fullmatch(text) for text in argv[shell + 1 :]):
            message = "a shell would run text as a program"
            hint = "name the program and its arguments, or a script of your own"
            problems.add(command.items[shell].place, message, hint)


CHECKS = (
    ("signal-exists", signal_exists),
    ("signal-limit-fits", signal_limit_fits),
    ("command-is-no-shell", command_is_no_shell),
)


def _signal_units(draft: Draft) -> dict[str, str | None]:
    """Unit of each signal of the plan by name; None where it was not readable."""
    signals = draft.root.fields.get("signals")
    if signals is None:
        return {}
    found: dict[str, str | None] = {}
    for name, signal in signals.fields.items():
        unit = word(signal.fields.get("unit"))
        found[name] = unit.text if unit else None
    return found
