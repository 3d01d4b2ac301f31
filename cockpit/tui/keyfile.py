"""The user's own keys: `keys.yaml` beside the themes, read with every mistake named by its line.

Only keys that look and move can be moved. What acts on a flight stays on its letter, and nothing
else ever gets such a letter, so that no file can make a reflex dangerous. With one mistake in it
the whole file is left out: half of a keyboard would be worse than the usual one. Never prevents a
start.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from cockpit.tui import keynames
from cockpit.tui.keys import KEYS, LIVE, Key, KeyTable
from cockpit.tui.ownfiles import Mistake, config_folder, yaml_nodes
from cockpit.tui.playkeys import PLAY, REPLAY, replay_keys

FILE: Final = "keys.yaml"
MAX_KEYS: Final = 4
"""For one action."""
_ACTING: Final = frozenset({"act", "people", "safe"})
_ACTIONS: Final[Mapping[str, Key]] = {key.id: key for key in (*KEYS, *PLAY)}
_TAKEN: Final[Mapping[str, str]] = {
    "Y": "Y confirms, and nothing else",
    "enter": "enter is what a hurried hand presses",
    "escape": "esc leads back, everywhere",
    **{
        name: f"{name} is for {key.id}, which acts or is kept free on purpose"
        for key in KEYS
        if key.group in _ACTING
        for name in key.keys
    },
}
"""Keys that are nobody else's, and why."""


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of a flight's screen and of a recording's."""

    live: KeyTable = LIVE
    replay: KeyTable = REPLAY
    mistakes: tuple[Mistake, ...] = ()
    """Why the user's file was left out; empty: it was not, or there is none."""
    moved: frozenset[str] = frozenset()
    """Actions that the user has moved."""

    @property
    def notice(self) -> str:
        """For the screen; empty: nothing is wrong."""
        if not self.mistakes:
            return ""
        more = f" (and {len(self.mistakes) - 1} more)" if len(self.mistakes) > 1 else ""
        return f"the usual keys are used: {self.mistakes[0].words()}{more}"


def why_fixed(key: Key) -> str:
    """Why a key cannot be moved; empty: it can."""
    if key.group in {"act", "people"}:
        return f"{key.id} stays on {key.shown}: what acts has the same letter for everybody"
    if key.group == "safe":
        return f"{key.id} stays on {key.shown}, so that no reflex does anything"
    return f"{key.id} stays on {key.shown}: messages name it" if key.named else ""


def own_keys(environment: Mapping[str, str]) -> KeySet:
    """The keys as this user wants them; the usual ones where there is no file or a wrong one."""
    folder = config_folder(environment)
    path = None if folder is None else folder / FILE
    return KeySet() if path is None or not _is_there(path) else read_keys(path)


def _is_there(path: Path) -> bool:
    """True too where nobody can tell: then reading it says why."""
    try:
        return path.exists() or path.is_symlink()
    except OSError:
        return True


def read_keys(path: Path) -> KeySet:
    """The keys that a file asks for; with any mistake the usual ones. Raises nothing."""
    root, wrong = yaml_nodes(path)
    if wrong is not None:
        return KeySet(mistakes=(wrong,))
    reader = _Reader(path)
    wanted = reader.wanted(root)
    live, replay = _moved(KEYS, wanted), _moved(PLAY, wanted)
    reader.clashes(live, wanted)
    reader.clashes(replay_keys(live, replay), wanted)
    if reader.wrong:
        found = dict.fromkeys(sorted(reader.wrong, key=lambda one: one.line or 0))
        return KeySet(mistakes=tuple(found))
    return KeySet(
        KeyTable.of(live), KeyTable.of(replay_keys(live, replay)), moved=frozenset(wanted)
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    keys: tuple[str, ...]
    node: Any


def _moved(keys: tuple[Key, ...], wanted: Mapping[str, _Wanted]) -> tuple[Key, ...]:
    out = []
    for key in keys:
        if asked := wanted.get(key.id):
            words = " ".join(keynames.shown(name) for name in asked.keys)
            out.append(replace(key, keys=asked.keys, shown=words))
        else:
            out.append(key)
    return tuple(out)


class _Reader:
    """What one file says, and what is wrong with it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.wrong: list[Mistake] = []

    def wanted(self, root: Any) -> dict[str, _Wanted]:  # noqa: ANN401  # a YAML node
        """The keys of each action that is to be moved."""
        import yaml

        if root is None:
            return {}
        if not isinstance(root, yaml.MappingNode):
            self._say(root, "must be actions with keys, such as `help: f2`")
            return {}
        out: dict[str, _Wanted] = {}
        seen: set[str] = set()
        for node, value in root.value:
            name = node.value if isinstance(node, yaml.ScalarNode) else "?"
            if name in seen:
                self._say(node, f"{name} stands there twice")
            elif why := _why_not_moved(name):
                self._say(node, why)
            elif keys := self._keys(name, value):
                out[name] = _Wanted(keys, node)
            seen.add(name)
        return out

    def clashes(self, keys: tuple[Key, ...], wanted: Mapping[str, _Wanted]) -> None:
        """Note each key that would mean two things."""
        owner: dict[str, Key] = {}
        for key in sorted(keys, key=lambda one: one.id in wanted):
            for name in key.keys:
                other = owner.setdefault(name, key)
                if other is not key and key.id in wanted:
                    text = f"{key.id}: {keynames.shown(name)} is the key of {other.id}"
                    self._say(wanted[key.id].node, text)

    def _keys(self, action: str, node: Any) -> tuple[str, ...]:  # noqa: ANN401
        import yaml

        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        if not 1 <= len(nodes) <= MAX_KEYS:
            self._say(node, f"{action}: one to {MAX_KEYS} keys")
            return ()
        found = [self._key(action, one) for one in nodes]
        if len(set(found)) < len(found) and None not in found:
            self._say(node, f"{action}: a key stands there twice")
            return ()
        names = tuple(name for name in found if name is not None)
        return names if len(names) == len(found) else ()

    def _key(self, action: str, node: Any) -> str | None:  # noqa: ANN401
        import yaml

        written = node.value if isinstance(node, yaml.ScalarNode) else ""
        folded = {"esc": "escape", "return": "enter"}.get(written.lower(), written)
        if folded in _TAKEN:
            self._say(node, f"{action}: {_TAKEN[folded]}")
            return None
        if folded.lower().startswith(("ctrl+", "alt+", "ctrl-", "alt-", "^")) and len(folded) > 1:
            self._say(node, f"{action}: {written!r}: ctrl and alt belong to the terminal")
            return None
        name = keynames.textual_name(folded)
        if name is None:
            known = f"one character, {', '.join(keynames.NAMED[:13])}, f1 to f12"
            self._say(node, f"{action}: {written!r} is no key here ({known})")
        return name

    def _say(self, node: Any, text: str) -> None:  # noqa: ANN401
        self.wrong.append(Mistake(self._path, node.start_mark.line + 1, text))


def _why_not_moved(name: str) -> str:
    key = _ACTIONS.get(name)
    if key is not None:
        return why_fixed(key)
    near = difflib.get_close_matches(name, _ACTIONS, 1)
    guess = f"; {near[0]}?" if near else "; `cockpit keys` lists them"
    return f"there is no action {name!r}{guess}"
