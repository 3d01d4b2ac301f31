"""What is said of a key that does nothing on the main screen: which key does what it may have been
meant for.

Pure: whoever presses a key in need must not wait for an answer that never comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cockpit.tui.keys import Key, KeyTable

ELSEWHERE: Final[Mapping[str, str]] = {"x": "end", "X": "end"}
"""Keys that abort in other programs, by the name of the key that does here."""
FRESH: Final = frozenset({"f5", "ctrl+r", "r"})
"""Keys that read anew in other programs."""


def no_key(name: str, character: str | None, table: KeyTable) -> str:
    """In a sentence. `name` as Textual has it; `character`: what it types."""
    types = character is not None and len(character) == 1 and character.isprintable()
    shown = character if types else name.replace("_", " ")
    meant = _meant(name, table)
    if meant is not None:
        return f"{shown} does nothing; {meant.shown}: {meant.help.partition(';')[0]}"
    if name in FRESH:
        return f"{shown} does nothing: what is shown is read anew all the time"
    return f"{shown} does nothing; ? shows the keys"


def _meant(name: str, table: KeyTable) -> Key | None:
    """The key that it may have been meant for: one that this letter is elsewhere, or the same
    letter, large or small."""
    if name in ELSEWHERE:
        return next((key for key in table.keys if key.id == ELSEWHERE[name]), None)
    other = table.by_key.get(name.swapcase()) if len(name) == 1 else None
    return None if other is None or other.group == "safe" else other
