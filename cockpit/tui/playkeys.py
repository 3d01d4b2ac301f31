"""The keys of a screen that plays a recording: those that look and move, and those that play.

None of them acts on a flight; the keys that would are there to say so.
"""

from __future__ import annotations

from dataclasses import replace

from cockpit.core.playing import PlayVerb
from cockpit.tui import keynames
from cockpit.tui.keys import KEYS, Key, KeyTable


def _play(verb: PlayVerb, *keys: str, shown: str, text: str, label: str = "", rank: int = 9) -> Key:
    return Key(
        f"play.{verb}", keys, shown, group="play", play=verb, label=label, rank=rank, help=text
    )


PLAY: tuple[Key, ...] = (
    _play("toggle", "space", shown="space", label="play", rank=0, text="play, or stop"),
    _play("faster", "plus", shown="+", label="faster", rank=4, text="play faster, up to 64x"),
    _play("slower", "minus", shown="-", label="slower", rank=4, text="play slower, down to 0.25x"),
    _play("normal", "0", shown="0", text="play as fast as it was"),
    _play("back", "left_square_bracket", shown="[", label="back", rank=2,
          text="stop, and one sample back"),
    _play("step", "right_square_bracket", shown="]", label="step", rank=2,
          text="stop, and one sample on"),
    _play("previous_mark", "left_curly_bracket", shown="{", label="mark before", rank=3,
          text="to the mark before: an action, a gate, an alarm, a note, a bookmark"),
    _play("next_mark", "right_curly_bracket", shown="}", label="next mark", rank=3,
          text="to the next mark"),
    _play("jump", "t", shown="t", label="time", rank=2,
          text="jump to a time: 02:14:07, +90s, -5m, start, end"),
    _play("bookmark", "m", shown="m", label="bookmark", rank=5,
          text="a bookmark here, with a note; kept beside the recording, which stays as it is"),
)  # fmt: skip

_INERT = "nothing: this is a recording, nothing in it can be changed"
_LOOKING = frozenset({"look", "tool", "move", "screen"})
_OF_A_FLIGHT = frozenset({"log_back", "log_on", "local_time"})
"""Tools whose keys play here."""
_TIME = {"nearer": "greater_than_sign", "further": "less_than_sign"}
_SPEED = frozenset({"plus", "minus"})


def _looking(keys: tuple[Key, ...]) -> tuple[Key, ...]:
    """Keys of a flight's screen that only look; some keys have another meaning here."""
    changed = {
        "overview": {"keys": ("escape",), "shown": "esc"},
        "pin": {"keys": ("asterisk",), "shown": "*"},
        "leave": {"help": "leave what is open, then the replay"},
    }
    kept = (key for key in keys if key.group in _LOOKING and key.id not in _OF_A_FLIGHT)
    found = (replace(key, **changed.get(key.id, {})) for key in kept)  # type: ignore[arg-type]
    return tuple(_beside_play(key) for key in found)


def _beside_play(key: Key) -> Key:
    """The plots' time in a replay: `+` and `-` are its speed there."""
    if (other := _TIME.get(key.id)) is None or not _SPEED & set(key.keys):
        return key
    return replace(key, keys=(other,), shown=keynames.shown(other))


def replay_keys(keys: tuple[Key, ...] = KEYS, play: tuple[Key, ...] = PLAY) -> tuple[Key, ...]:
    """The keys of a recording's screen, where a flight's are `keys`."""
    return (
        *play,
        *_looking(keys),
        Key(
            "quit", ("ctrl+c", "ctrl+q"), "ctrl+c q", group="screen", help="leave the replay",
            named=True,
        ),
        Key("inert", tuple("PARVYEDNOLK"), "PARVYEDNOLK", group="safe", help=_INERT),
        Key("nothing", ("ctrl+z", "ctrl+d"), "ctrl+z d", group="safe", help="nothing, on purpose"),
    )  # fmt: skip


REPLAY = KeyTable.of(replay_keys())
