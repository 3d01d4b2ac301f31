"""Every key of the main screen, once: help, the key bar and dispatch are all made from this.

Whether a key that changes the flight is open comes from the snapshot, with the reason when it is
not. Never decides by itself: the engine has the last word on every intent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Literal

from cockpit.core.playing import PlayVerb
from cockpit.core.snapshot import Snapshot
from cockpit.tui.layout import PANE_KEYS, PANES, PaneName

KeyVerb = Literal["advance", "rollback", "recover", "pause", "end"]
Group = Literal["act", "people", "play", "look", "tool", "move", "screen", "safe"]


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that a key does."""

    id: str
    keys: tuple[str, ...]
    """As Textual names them."""
    shown: str
    _: KW_ONLY
    group: Group
    help: str
    label: str = ""
    """For the key bar; empty: not shown there."""
    rank: int = 9
    """Low ranks stay in the key bar when it is narrow."""
    verb: KeyVerb | None = None
    """What it does to the flight; open or closed as the snapshot's action of that name."""
    pane: PaneName | None = None
    play: PlayVerb | None = None
    """What it does to a recording."""
    named: bool = False
    """Messages name the key: it stays where it is."""


def _act(verb: KeyVerb, key: str, *, label: str, rank: int, text: str) -> Key:
    return Key(verb, (key,), key, group="act", verb=verb, label=label, rank=rank, help=text)


def _look(id_: str, *keys: str, shown: str, text: str, label: str = "", rank: int = 9) -> Key:
    return Key(id_, keys, shown, group="look", help=text, label=label, rank=rank)


def _tool(id_: str, *keys: str, shown: str, text: str) -> Key:
    return Key(id_, keys, shown, group="tool", help=text)


def _move(id_: str, *keys: str, shown: str, text: str, named: bool = False) -> Key:
    return Key(id_, keys, shown, group="move", help=text, named=named)


_PANE_HELP: dict[PaneName, str] = {
    "waves": "waves and steps",
    "lag": "lag per partition",
    "delta": "groups and offset delta",
    "signals": "error rates",
    "checks": "checks",
    "gates": "gates and triggers",
    "log": "the event log",
    "services": "services: who has moved, who owns it, what still touches the source",
    "back": "going back: its price, and what it would undo",
    "people": "people: who is here, who drives, who is asked",
}


_ALSO: dict[PaneName, tuple[str, ...]] = {"waves": ("w",)}


def _pane(name: PaneName) -> Key:
    text = f"the pane of {_PANE_HELP[name]}, in full"
    keys = (PANE_KEYS[name], *_ALSO.get(name, ()))
    return Key(f"pane.{name}", keys, " ".join(keys), group="look", help=text, pane=name, named=True)


_PAUSE = "pause at once: no new step begins, a fence and its deadline go on"
_FILTER = "show rows that match a pattern; =text takes it as it is, !pattern shows the others"
_NOTHING = "nothing, on purpose: no reflex may end or change a flight"

KEYS: tuple[Key, ...] = (
    _act("pause", "P", label="pause", rank=0, text=_PAUSE),
    _act("advance", "A", label="advance", rank=0, text="show what advancing would do; Y confirms"),
    _act("rollback", "R", label="roll back", rank=0, text="show what going back would do; "
         "Y confirms"),
    _act("recover", "V", label="recover", rank=4, text="show the recovery steps of a wave "
         "that cannot go back; Y confirms"),
    _act("end", "E", label="end", rank=4, text="end the flight, close the session; Y confirms"),
    Key("drive", ("D",), "D", group="people", label="drive", rank=6,
        help="take the controls, or what is offered; whoever has them offers them or gives "
        "them back"),
    Key("go", ("O",), "O", group="people",
        help="look at what somebody else has armed, and say go to it; Y says it"),
    Key("veto", ("N",), "N", group="people",
        help="no-go to what somebody else has armed; else a commander's veto: nothing goes forward "
        "until a commander presses it again"),
    Key("acknowledge", ("K",), "K", group="people", label="seen", rank=7,
        help="acknowledge the worst alarm that nobody has: it is quiet until it is over and comes "
        "back, or becomes worse"),
    Key("note", ("m",), "m", group="act", label="note", rank=5,
        help="add a line to the log, for the review; todo: or decision: at its beginning makes it "
        "one"),
    Key("point", ("L",), "L", group="people",
        help="point at the row under the cursor, for everybody who looks on"),
    Key("there", ("full_stop",), ".", group="look", named=True,
        help="go to where somebody points"),
    *(_pane(name) for name in PANES),
    Key("overview", ("0", "escape"), "0 esc", group="look", named=True,
        help="back to the overview; esc first clears a filter"),
    _look("next", "tab", shown="tab", text="the next pane takes the moving keys"),
    _look("previous", "shift+tab", shown="shift+tab", text="the pane before"),
    _look("sort", "s", shown="s", label="sort", rank=3, text="sort by the next column"),
    _look("reverse", "S", shown="S", text="turn the order round"),
    _look("filter", "slash", shown="/", label="filter", rank=2, text=_FILTER),
    _look("wave_only", "f", shown="f", label="wave only", rank=5,
          text="show the current wave's topics only, or all again"),
    _look("problems", "i", shown="i", text="show rows with a problem only, or all again"),
    _look("group_by", "b", shown="b", text="lag per partition, topic, group, service"),
    _look("pin", "space", "asterisk", shown="space *", text="keep a row on top, or let it go"),
    _look("zoom", "z", shown="z", text="the chosen pane alone, or all that fit"),
    _look("nearer", "plus", shown="+",
          text="plots show a shorter time: an hour, 15, 5, 1 minutes"),
    _look("further", "minus", shown="-",
          text="plots show a longer time, at last all that is kept"),
    _look("theme", "c", shown="c", text="other colours: the next theme; `cockpit themes` lists "
          "them"),
    _tool("palette", "colon", "ctrl+p", shown=": ctrl+p",
          text="every command by its name; what acts is begun by its own key alone"),
    _tool("copy", "y", shown="y",
          text="the row or the pane as Markdown to the terminal's clipboard; says what was sent"),
    _tool("newest_alarm", "exclamation_mark", shown="!",
          text="the newest alarm that nobody has acknowledged, in full"),
    _tool("log_back", "left_square_bracket", shown="[", text="one event back in the event log"),
    _tool("log_on", "right_square_bracket", shown="]", text="one event on in the event log"),
    _tool("local_time", "t", shown="t", text="what time it is here; the screen stays in UTC"),
    _move("down", "j", "down", shown="j down", text="one row down"),
    _move("up", "k", "up", shown="k up", text="one row up"),
    _move("page_down", "pagedown", shown="pgdn", text="a screenful down"),
    _move("page_up", "pageup", shown="pgup", text="a screenful up"),
    _move("top", "g", "home", shown="g home", text="to the top, where the worst is",
          named=True),
    _move("bottom", "G", "end", shown="G end", text="to the bottom", named=True),
    Key("detail", ("enter",), "enter", group="screen", named=True,
        help="the row under the cursor in full, with the reason for each ?"),
    Key("health", ("h",), "h", group="screen", label="health", rank=7,
        named=True,
        help="alarms, who is left on the source, errors by class, and every feed"),
    Key("help", ("question_mark", "f1"), "? f1", group="screen", label="help", rank=1,
        help="this page"),
    Key("leave", ("q",), "q", group="screen", label="leave", rank=1, named=True,
        help="leave what is open, then the screen; the flight goes on"),
    Key("nothing", ("ctrl+c", "ctrl+q", "ctrl+z", "ctrl+d"), "ctrl+c q z d", group="safe",
        help=_NOTHING),
)  # fmt: skip

GROUP_TITLES: dict[Group, str] = {
    "act": "the flight",
    "people": "who is here",
    "play": "the recording",
    "look": "what is shown",
    "tool": "tools",
    "move": "moving",
    "screen": "the screen",
    "safe": "without effect",
}


@dataclass(frozen=True, slots=True)
class KeyTable:
    """All keys of a screen: of a flight, or of a recording."""

    keys: tuple[Key, ...]
    by_key: Mapping[str, Key]

    @staticmethod
    def of(keys: tuple[Key, ...]) -> KeyTable:
        """Raises ValueError where a key would mean two things."""
        table: dict[str, Key] = {}
        for key in keys:
            for name in key.keys:
                if name in table:
                    raise ValueError(f"{name} is bound to {table[name].id} and to {key.id}")
                table[name] = key
        return KeyTable(keys, table)


LIVE = KeyTable.of(KEYS)


PEOPLE = frozenset({"note", "drive", "go", "veto", "point"})
"""Keys of everybody: whether he may is for the engine to say."""


def acts(key: Key) -> bool:
    """Whether it sends something to the engine."""
    return key.verb is not None or key.id in PEOPLE or key.id == "acknowledge"


def deliberate(key: Key) -> bool:
    """Whether it is begun by its own key alone, and never from a list."""
    return key.verb not in {None, "pause"} or key.id in {"drive", "go", "veto"}


def why_not(
    key: Key,
    snapshot: Snapshot | None,
    *,
    ended: bool = False,
    small: bool = False,
    seat: str = "",
) -> str:
    """Why a key has no effect on the flight now; empty when it has, or is not about the flight.
    `seat`: this screen's name among the flight's people; empty: it is always heard."""
    if key.verb is None and key.id not in PEOPLE:
        return ""
    if ended:
        return "the session has ended"
    if snapshot is None:
        return "no data from the engine yet"
    if small and key.id != "pause":
        return "the terminal is too small to show what would be confirmed"
    if key.verb is None:
        return ""
    if seat and key.verb != "pause" and snapshot.crew.seat != seat:
        return looks_on(snapshot)
    view = next((action for action in snapshot.actions if action.verb == key.verb), None)
    if view is None:
        return "the engine does not offer it"
    return "" if view.enabled else view.why_not or "not possible now"


def looks_on(snapshot: Snapshot) -> str:
    """Why a screen's keys do nothing, and what to do about it."""
    crew = snapshot.crew
    if not crew.driver:
        return "you look on, and nobody drives: D takes the controls"
    if not crew.seat:
        return f"you look on, and {crew.driver} is gone: D"
    if crew.is_open(snapshot.at_ms):
        return f"you look on, and {crew.driver} presses no key: D takes over"
    return f"you look on, {crew.driver} drives: D asks for the controls"
