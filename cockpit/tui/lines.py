"""The thin views around the panes: status lines, message line, key bar, the reduced screen.

Their contents are pure functions here; the one widget shows whatever lines it is given.
"""

from __future__ import annotations

from collections.abc import Sequence

from cockpit.core.playing import PlayerView
from cockpit.core.snapshot import Snapshot
from cockpit.tui import pointing
from cockpit.tui.alarms import Alarm, alarms, unseen
from cockpit.tui.clean import clean
from cockpit.tui.format import age, day, utc
from cockpit.tui.keys import LIVE, Key, KeyTable, why_not
from cockpit.tui.layout import MIN_HEIGHT, MIN_WIDTH
from cockpit.tui.link import Link
from cockpit.tui.status import badges, side_chunks, writes_chunks
from cockpit.tui.text import Chunk, Item, Line, Token, chunks_width, cut, pack, width_of, wrap
from cockpit.tui.view import LineView
from cockpit.tui.wayback import rollback_chunks

_LEVELS: dict[str, Token] = {"info": "info", "good": "good", "warn": "warn", "bad": "bad"}

LEAST_TOLD = 12
"""Cells under which a cut text tells nothing."""


class Lines(LineView):
    """Shows the lines it was given."""

    _given: tuple[Line, ...] = ()

    def show(self, lines: tuple[Line, ...]) -> None:
        """Show these from now on."""
        self._given = lines
        self.sync()

    def count(self) -> int:
        """Lines."""
        return len(self._given)

    def row(self, index: int, width: int) -> Line:
        """A line."""
        return self._given[index]


def message_line(
    snapshot: Snapshot | None,
    said: tuple[str, str] | None,
    *,
    user: str,
    width: int,
    seat: str = "",
    shares: bool = True,
) -> Line:
    """What was just answered to a key, beside a bad alarm where the line `shares`; else what
    another person armed; else that the flight is another host's; else the worst alarm; else whether
    whoever drives at this screen still does; else what somebody points at; else whether it could be
    another host's."""
    found = () if snapshot is None else unseen(snapshot)
    if said is not None:
        is_bad = shares and found and found[0].level == "bad"
        return _answer(*said, found[0] if is_bad else None, width)
    if snapshot is None:
        return Line((_fit("waiting for the engine", "dim", width),))
    armed = snapshot.armed
    if armed is not None and armed.by != user:
        left = age(armed.expires_at_ms - snapshot.at_ms)
        text = f"{armed.by} is about to confirm: {armed.verb} {armed.wave} ({left} left)"
        return Line((_fit(text, "warn", width),))
    lives = snapshot.coordination
    if lives is not None and lives.word == "taken over":
        return Line((_fit(lives.detail, "bad", width),))
    if found:
        return Line((_fit(_worst(found, width - 1), "bad", width),))
    crew = snapshot.crew
    if seat and crew.seat == seat and crew.asks(snapshot.at_ms) and crew.until_ms is not None:
        since = ", since" if crew.is_open(snapshot.at_ms) else " from"
        text = f"another driver may take over{since} {utc(crew.until_ms)}"
        text = f"still driving? press any key: {text}"
        return Line((_fit(text, "warn", width),))
    if pointed := pointing.words(snapshot.crew, user=user, at_ms=snapshot.at_ms):
        return Line((_fit(pointed, "info", width),))
    if snapshot.status.outcome:
        word = snapshot.status.outcome.replace("_", " ")
        return Line((_fit(f"the flight is over: {word}", "info", width),))
    if lives is not None and lives.word == "alone" and not snapshot.status.simulated:
        return Line((_fit("this session lives on this host alone (h says more)", "dim", width),))
    return Line()


def _answer(level: str, text: str, worst: Alarm | None, width: int) -> Line:
    """What was answered to a key, and the alarm that it must not hide: the alarm stands first and
    the answer behind it; a refusal is told in full, and the alarm behind it as far as it fits."""
    said = _fit(text, _LEVELS.get(level, "info"), width)
    if worst is None:
        return Line((said,))
    alarm = _fit(f"ALARM {worst.text}", "bad", width)
    if level in ("warn", "bad"):
        return _both(said, alarm, width)
    return _both(alarm, said, width, kept=2 * width // 5)


def _both(first: Chunk, second: Chunk, width: int, *, kept: int = 0) -> Line:
    """Two texts in a row: the second has what the first leaves, and `kept` cells if it needs them;
    nothing where that would be no word."""
    needs = chunks_width((second,))
    if kept:
        first = (cut(first[0], width - 1 - min(kept, needs)), first[1])
    room = width - 1 - chunks_width((first,))
    if room < min(LEAST_TOLD, needs):
        return Line((first,))
    return Line((first, (" ", "text"), (cut(second[0], room), second[1])))


def _worst(found: Sequence[Alarm], width: int) -> str:
    """The worst alarm, and of the others what fits behind it."""
    worst, others = f"ALARM {found[0].text}", len(found) - 1
    if not others:
        return worst
    for more in (f"  (+{others} more{_first_out(found)})", f"  (+{others} more)", f"  +{others}"):
        if width_of(clean(worst)) + width_of(more) <= width:
            return worst + more
    return worst


def _first_out(found: Sequence[Alarm]) -> str:
    """Which of several began, unless it is the one that is told: what followed may come from it."""
    first = min(found, key=lambda one: (one.since_ms is None, one.since_ms or 0))
    if first is found[0] or first.since_ms is None:
        return ""
    return f", first {cut(first.subject, 20)} {utc(first.since_ms)}"


def _fit(text: str, token: Token, width: int) -> Chunk:
    return (cut(f" {text}", width), token)


def key_bar(
    snapshot: Snapshot | None,
    *,
    width: int,
    table: bool,
    keys: KeyTable = LIVE,
    ended: bool = False,
    small: bool = False,
    seat: str = "",
) -> Line:
    """The keys that matter now. A key in brackets is closed; pressing it says why. `table`: the
    chosen pane has rows to sort."""
    shown = [key for key in keys.keys if key.label and (table or key.id not in _TABLE_KEYS)]
    if small:
        shown = [key for key in shown if key.id in _SMALL_KEYS]
    space = "" if width < 100 else " "
    closed = [why_not(key, snapshot, ended=ended, small=small, seat=seat) for key in shown]
    items = [
        _key_item(key, space, closed=bool(why)) for key, why in zip(shown, closed, strict=True)
    ]
    if not small:
        items.append(Item(4, ((" 1-9 u ", "key"), (f"{space}pane", "key.label"))))
    return Line(pack(items, width, gap=1 if width < 100 else 2), "bar")


_TABLE_KEYS = frozenset({"sort", "filter", "wave_only"})
_SMALL_KEYS = frozenset({"pause", "play.toggle", "leave", "help"})


def _key_item(key: Key, space: str, *, closed: bool) -> Item:
    name = key.shown.partition(" ")[0]
    if closed:
        return Item(key.rank, ((f"({name}){space}{key.label}", "key.off"),))
    return Item(key.rank, ((f" {name} ", "key"), (f"{space}{key.label}", "key.label")))


def small_lines(
    snapshot: Snapshot | None,
    *,
    width: int,
    height: int,
    link: Link,
    player: PlayerView | None = None,
) -> tuple[Line, ...]:
    """The status alone, and what to do about it, where nothing else fits."""
    advice = [
        Line(((cut(piece, width), "warn"),))
        for piece in wrap(
            f"make the terminal larger (now {width}x{height}, needs {MIN_WIDTH}x{MIN_HEIGHT})",
            width,
        )
    ]
    if snapshot is None:
        return (Line((("waiting for the engine", "text"),)), *advice)
    status = snapshot.status
    step = status.outcome.upper().replace("_", " ") or status.step
    head: list[Chunk] = []
    for badge in badges(status, width, replay=player is not None):
        head.extend([*badge.chunks, (" ", "text")] if badge.chunks else [])
    head.append((f"{status.environment} {status.plan}".strip(), "strong"))
    where = f"{status.wave_number}/{status.waves} {status.wave}  {step}"
    third: list[Chunk] = list(rollback_chunks(status))
    if status.paused:
        third.extend([(" ", "text"), (" PAUSED ", "badge.pause")])
    number = len(alarms(snapshot))
    lines = [
        Line(tuple(head)),
        Line(((where, "strong"),)),
        Line(writes_chunks(snapshot)),
        Line(tuple(third)),
    ]
    source = side_chunks(snapshot.source, snapshot.at_ms)
    target = side_chunks(snapshot.target, snapshot.at_ms)
    one = (*source, ("  ", "text"), *target)
    lines.extend([Line(one)] if chunks_width(one) <= width else [Line(source), Line(target)])
    if player is not None:
        lines.insert(1, Line(((playing_words(player), "strong"),)))
    if link.word:
        lines.insert(1, Line(((f" {link.word} ", "writes.unknown"),)))
    if number:
        lines.append(Line(((f"{number} alarm{'s' if number != 1 else ''}", "bad"),)))
    return (*lines, *advice)


def playing_words(player: PlayerView) -> str:
    """A recording's position in a line, where there is no room for its time line."""
    return f"{day(player.at_ms)} {utc(player.at_ms)} {player.word} {player.speed:g}x"
