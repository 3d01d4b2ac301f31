"""The shortest way from one text style to another, in the codes that terminals understand.

A pen is what stands between `ESC [` and `m` when a style is set from nothing; empty is no style.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from rich.color import Color, ColorSystem

Pen = str

_OFF: Final = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "7": "27", "8": "28",
               "9": "29"}  # fmt: skip
_TRUE_COLOUR: Final = 5
"""Numbers of `38;2;R;G;B`."""


@dataclass(frozen=True, slots=True)
class _Parts:
    flags: frozenset[str]
    fore: str
    back: str


class Pens:
    """Remembers what it has worked out: a screen has few styles."""

    def __init__(self, *, few_colours: bool = False) -> None:
        """`few_colours`: none but the 256, for slow links."""
        self._few = few_colours
        self._known: dict[tuple[Pen, Pen], str] = {}

    def change(self, before: Pen, after: Pen) -> str:
        """The code that is sent between them; empty where they are the same."""
        if before == after:
            return ""
        key = (before, after)
        if key not in self._known:
            self._known[key] = _change(self._parts(before), self._parts(after))
        return self._known[key]

    def _parts(self, pen: Pen) -> _Parts:
        flags: set[str] = set()
        colours = {"3": "", "4": ""}
        words = pen.split(";") if pen else []
        while words:
            word = words.pop(0)
            if word in ("38", "48"):
                size = 4 if words[:1] == ["2"] else 2
                code = ";".join([word, *words[:size]])
                del words[:size]
                colours[word[0]] = _of_256(code) if self._few else code
            elif word[:1] in ("3", "9") and len(word) == 2 and word not in ("39", "38"):
                colours["3"] = word
            elif word[:2] == "10" or (word[:1] == "4" and len(word) == 2):
                colours["4"] = word
            elif word not in ("39", "49"):
                flags.add(word)
        return _Parts(frozenset(flags), colours["3"], colours["4"])


@cache
def _of_256(code: str) -> str:
    parts = code.split(";")
    if len(parts) != _TRUE_COLOUR:
        return code
    red, green, blue = (int(part) for part in parts[2:])
    near = Color.from_rgb(red, green, blue).downgrade(ColorSystem.EIGHT_BIT).number
    return f"{parts[0]};5;{near}"


def _change(before: _Parts, after: _Parts) -> str:
    anew = [*sorted(after.flags), *filter(None, (after.fore, after.back))]
    whole = f"\x1b[{';'.join(['0', *anew])}m" if anew else "\x1b[0m"
    gone = before.flags - after.flags
    steps = [_OFF.get(flag, "0") for flag in sorted(gone)]
    if "0" in steps:
        return whole
    bold = {"1", "2"}
    kept = after.flags - before.flags
    if gone & bold:
        kept |= after.flags & bold  # one code ends both
    steps.extend(sorted(kept))
    if before.fore != after.fore:
        steps.append(after.fore or "39")
    if before.back != after.back:
        steps.append(after.back or "49")
    step = f"\x1b[{';'.join(steps)}m" if steps else ""
    return min(step, whole, key=len)
