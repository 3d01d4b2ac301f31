"""The two status lines: what an operator must see at a glance, always in the same places.

Pure: a snapshot and a width in, two lines out. Never wider than the screen, and what gives way
first is what matters least.
"""

from __future__ import annotations

from cockpit.core.crewview import CrewView
from cockpit.core.elsewhere import CoordinationView, CoordinationWord
from cockpit.core.snapshot import SideView, Snapshot, StatusView, WritesWord
from cockpit.tui.alarms import standing, unseen
from cockpit.tui.format import age, clock, day, utc
from cockpit.tui.fresh import is_stale
from cockpit.tui.link import CONNECTED, Link
from cockpit.tui.text import Chunk, Item, Line, Token, chunks_width, cut, pack
from cockpit.tui.wayback import rollback_items

WIDE = 120
"""From this width on nothing is abbreviated."""

WRITES_CELLS = 31
"""Of who owns the writes with the longest clock, and a space: a column that never moves."""
WRITES_CELLS_WIDE = 48
"""The same with the topics."""
HEAD_CHARS = 16
"""`cockpit verify` takes no shorter hash."""

_WRITES: dict[WritesWord, Token] = {
    "SOURCE": "writes.source",
    "FENCED": "writes.fenced",
    "TARGET": "writes.target",
    "UNKNOWN": "writes.unknown",
}


def status_lines(
    snapshot: Snapshot,
    *,
    width: int,
    user: str,
    link: Link = CONNECTED,
    replay: bool = False,
    seat: str = "",
) -> tuple[Line, Line]:
    """Both lines, each exactly fitted to `width` cells. An empty `user`: nobody drives here.
    `replay`: it is a recording, and the first word says so. `seat`: this screen's, among the
    flight's people."""
    first = _first(snapshot, width, replay=replay, seat=seat)
    return first, _second(snapshot, width, user, link, "" if replay else seat)


def _first(snapshot: Snapshot, width: int, *, replay: bool, seat: str) -> Line:
    status = snapshot.status
    block = WRITES_CELLS if width < WIDE else WRITES_CELLS_WIDE
    tail = writes_chunks(snapshot)
    tail = (*tail, *_detail(status, width, block - chunks_width(tail) - 2))
    date = f"{day(snapshot.at_ms)} " if replay and width >= 100 else ""
    time = f"{date}{utc(snapshot.at_ms)}"
    tail = (*tail, (" " * max(1, block - chunks_width(tail)), "bar"), (time, "bar"))
    room = width - chunks_width(tail) - 1
    asked = _is_asked(snapshot, seat)
    who = Item(1 if asked else 4, _in_short(snapshot, seat) if width < WIDE and not replay else ())
    head = pack([*badges(status, width, replay=replay), *_where(status, width), who], room, gap=1)
    gap = max(1, width - chunks_width(head) - chunks_width(tail))
    return Line((*head, (" " * gap, "bar"), *tail), "bar")


def badges(status: StatusView, width: int, *, replay: bool) -> list[Item]:
    """What this is, if it is no live flight: never left out."""
    simulated = " SIM " if replay and width < 72 else " SIMULATED "
    return [
        Item(0, ((" REPLAY ", "badge.sim"),) if replay else ()),
        Item(0, ((simulated, "badge.sim"),) if status.simulated else ()),
    ]


def _where(status: StatusView, width: int) -> list[Item]:
    wide = width >= WIDE
    long = 40 if wide else 14
    step = status.outcome.upper().replace("_", " ") or status.step
    number = f"{'wave ' if wide else ''}{status.wave_number}/{status.waves}"
    environment = cut(status.environment, 12)
    if status.simulated and environment.upper() == "SIMULATED":
        environment = ""  # once is enough
    return [
        Item(
            3 if status.simulated else 0,
            ((f" {environment} ", "badge.env"),) if environment else (),
        ),
        Item(5, ((cut(status.plan, long), "bar"),)),
        Item(1, ((number, "strong"),)),
        Item(2, ((cut(status.wave, long), "strong"),) if status.wave else ()),
        Item(3, ((cut(step, long), "strong"),) if step else ()),
    ]


def _detail(status: StatusView, width: int, room: int) -> tuple[Chunk, ...]:
    if width < WIDE or not status.writes_detail or room < 4:
        return ()
    return ((" " + cut(status.writes_detail, min(24, room)), "dim"),)


def writes_chunks(snapshot: Snapshot) -> tuple[Chunk, ...]:
    """Who owns the writes, and for how long clients have been blocked."""
    status = snapshot.status
    word: Chunk = (f" {status.writes} ", _WRITES[status.writes])
    if status.blocked_since_ms is None:
        return (("WRITES:", "strong"), word)
    blocked = _clock(snapshot.at_ms - status.blocked_since_ms)
    if status.deadline_ms is None:
        return (("WRITES:", "strong"), word, (f" blocked {blocked}", "warn"))
    over = snapshot.at_ms >= status.deadline_ms
    whole = _clock(status.deadline_ms - status.blocked_since_ms)
    return (
        ("WRITES:", "strong"),
        word,
        (f" {blocked}/{whole}{'!' if over else ''}", "bad" if over else "warn"),
    )


def _clock(duration_ms: int) -> str:
    """`00:41`, from an hour on `1h02m`: hours take no more room than minutes."""
    return clock(duration_ms) if duration_ms < 3_600_000 else age(duration_ms)


def _second(snapshot: Snapshot, width: int, user: str, link: Link, seat: str) -> Line:
    tail = _sources(snapshot, link)
    room = width - chunks_width(tail) - 1
    gap = 2 if width >= 100 else 1
    items = _state_items(snapshot, user, seat, wide=width >= WIDE)
    head = pack(items, room, gap=gap)
    if not set(_count(snapshot, short=False)) & set(head):
        items = _state_items(snapshot, user, seat, wide=width >= WIDE, short=True)
        head = pack(items, room, gap=gap)
    gap = max(1, width - chunks_width(head) - chunks_width(tail))
    return Line((*head, (" " * gap, "bar"), *tail), "bar")


def _state_items(
    snapshot: Snapshot, user: str, seat: str, *, wide: bool, short: bool = False
) -> list[Item]:
    status = snapshot.status
    quiet = not standing(snapshot)
    paused: tuple[Chunk, ...] = ((" PAUSED ", "badge.pause"),) if status.paused else ()
    mirror: Token = "bar" if snapshot.mirror == "running" else "warn"
    gone = bool(snapshot.crew.driver) and not snapshot.crew.seat
    asked = wide and _is_asked(snapshot, seat)
    return [
        *rollback_items(status, wide=wide),
        Item(0, paused),
        Item(4 if quiet else 1, () if quiet and short else _count(snapshot, short=short)),
        Item(2 if mirror == "warn" else 3, ((f"mirror {cut(snapshot.mirror, 18)}", mirror),)),
        Item(1 if gone or asked else 4, _driver(snapshot, user, asked=asked)),
        Item(*_elsewhere(snapshot.coordination, simulated=status.simulated)),
        Item(7, ((f"session {cut(status.session, 8)}", "dim"),)),
        Item(8, ((f"head {short_head(snapshot.head)}", "dim"),) if snapshot.head else ()),
    ]


def _count(snapshot: Snapshot, *, short: bool) -> tuple[Chunk, ...]:
    """How many alarms there are. `short`: `3!`, where that is all there is room for."""
    number, new = len(standing(snapshot)), len(unseen(snapshot))
    token: Token = "bad" if new else "warn" if number else "bar"
    if short:
        return ((f"{number}!", token),)
    seen = f" ({number - new} seen)" if number > new else ""
    return ((f"{number} alarm{'' if number == 1 else 's'}{seen}", token),)


def _elsewhere(view: CoordinationView | None, *, simulated: bool) -> tuple[int, tuple[Chunk, ...]]:
    """How much it matters, and whether another host could take the flight over."""
    if view is None or simulated or view.word == "taken over":  # that is the outcome
        return 9, ()
    words: dict[CoordinationWord, tuple[int, str, Token]] = {
        "alone": (5, "this host only", "dim"),
        "opening": (1, "TOPIC ?", "warn"),
        "shared": (8, "journal shared", "dim"),
        "lost": (1, "TOPIC LOST", "bad"),
    }
    rank, text, token = words[view.word]
    return rank, ((text, token),)


def short_head(head: str) -> str:
    """A journal's head, as short as it still proves something."""
    seq, _, digest = head.partition(":")
    return f"{seq}:{digest[:HEAD_CHARS]}"


def _is_asked(snapshot: Snapshot, seat: str) -> bool:
    """Whether this screen drives, and its driver is asked for a key."""
    crew = snapshot.crew
    return bool(seat) and crew.seat == seat and crew.asks(snapshot.at_ms)


def _in_short(snapshot: Snapshot, seat: str) -> tuple[Chunk, ...]:
    """Who drives, where the second line has no room for it; empty: nobody may but this screen."""
    crew = snapshot.crew
    if not crew.people:
        return ()
    if _is_asked(snapshot, seat):
        return (("DRIVING? any key", "warn"),)
    if seat and crew.seat == seat:
        return (("you drive", "bar"),)
    if not crew.driver:
        return (("nobody drives", "warn"),)
    if not crew.seat:
        return ((f"{cut(crew.driver, 8)} GONE", "bad"),)
    idle = _idle(crew, snapshot.at_ms)
    return ((f"{cut(crew.driver, 8)} {idle or 'drives'}", "warn"),)


def _idle(crew: CrewView, at_ms: int) -> str:
    """Of a driver who is there and presses no key; empty: he does, or nobody could take over."""
    return "idle" if crew.asks(at_ms) and crew.is_open(at_ms) else ""


def _driver(snapshot: Snapshot, user: str, *, asked: bool) -> tuple[Chunk, ...]:
    """Who drives, and how many look on; of an engine in this process, its user."""
    crew = snapshot.crew
    if asked:
        return (("STILL DRIVING? press any key", "warn"),)
    if not crew.people:
        return ((f"driver {cut(user, 12)}", "bar"),) if user else ()
    others = sum(one.seats for one in crew.people) - (1 if crew.seat else 0)
    more = f" +{others}" if others else ""
    if not crew.driver:
        return ((f"no driver{more}", "warn"),)
    idle = _idle(crew, snapshot.at_ms)
    word = (f"{idle} driver" if idle else "driver") if crew.seat else "GONE"
    token: Token = ("warn" if idle else "bar") if crew.seat else "bad"
    return ((f"{word} {cut(crew.driver, 12)}{more}", token),)


def _sources(snapshot: Snapshot, link: Link) -> tuple[Chunk, ...]:
    if link.word:
        return ((f" {link.word} ", "writes.unknown"),)
    source = side_chunks(snapshot.source, snapshot.at_ms)
    target = side_chunks(snapshot.target, snapshot.at_ms)
    return (*source, ("  ", "bar"), *target)


def side_chunks(side: SideView, now_ms: int) -> tuple[Chunk, ...]:
    """One cluster: its health in a word and the age of its newest good sample."""
    if side.asked_at_ms is None:
        return ((f"{side.side} ", "bar"), (f"{side.health} --", "warn"))
    old = age(now_ms - side.asked_at_ms)
    if side.health != "connected":
        token: Token = "warn" if side.health in {"connecting", "slow"} else "bad"
        return ((f"{side.side} ", "bar"), (f"{side.health.upper()} {old}", token))
    if is_stale(side.asked_at_ms, now_ms):
        return ((f"{side.side} ", "bar"), (f"STALE {old}", "bad"))
    return ((f"{side.side} ", "bar"), ("ok", "good"), (f" {old:<4}", "bar"))
