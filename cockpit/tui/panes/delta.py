"""Pane 3: consumer groups on both sides, then the offset delta of every group and partition.

Never invents an offset: what has no image is a question mark.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import ClassVar

import numpy as np

from cockpit.core.observe import Unknown
from cockpit.core.skips import overshoot, proved_skip
from cockpit.core.snapshot import Behind, DeltaRow, ExactView, GroupView, Snapshot, TimeLeft
from cockpit.tui.format import age, behind, count, rate, signed, time_left
from cockpit.tui.fresh import Fresh, whole
from cockpit.tui.grid import Column, Grid, Mask, Order
from cockpit.tui.look import Look
from cockpit.tui.text import Chunk, Token, left

DeltaKey = tuple[str, str, int]
_GROUP_ROW = -1
"""Stands for a partition number in the key of a group's own row."""
_HEAD: DeltaKey = ("", "", -2)
"""The key of the row over the groups."""
_COMMITS = ("source.groups", "target.groups")
_FEEDS: Mapping[str, tuple[str, ...]] = {
    "delta": (*_COMMITS, "syncs"),
    "reread": ("source.groups", "syncs"),
    "skipped": (*_COMMITS, "syncs", "source.logs", "target.logs"),
    "source": ("source.groups",),
    "translated": ("source.groups", "syncs"),
    "target": ("target.groups",),
}
"""What each column of a partition is told by."""


class DeltaPane(Grid):
    """Groups come first and stay there; sorting and filtering work on what follows too."""

    number = "3"
    title_text = "groups and offset delta"
    sorts: ClassVar[tuple[str, ...]] = ("delta", "reread", "group")
    all_columns: ClassVar[tuple[Column, ...]] = (
        Column("group", "group", 9, 1, right=False),
        Column("partition", "topic/partition", 0, right=False, ends_in="/"),
        Column("delta", "delta", 10),
        Column("reread", "re-read", 8, 3),
        Column("skipped", "skipped", 8, 2),
        Column("exact", "exact image", 17, 5),
        Column("source", "source commit", 16, 8),
        Column("translated", "translated", 16, 7),
        Column("target", "target commit", 16, 6),
    )
    flexible_min = 12

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._groups: tuple[GroupView, ...] = ()
        self._deltas: tuple[DeltaRow, ...] = ()
        self._keys: list[DeltaKey] = []
        self._places: dict[DeltaKey, int] = {}
        self._wave: frozenset[str] = frozenset()
        self._fresh = Fresh()

    def take(self, snapshot: Snapshot) -> None:
        """Show this snapshot."""
        self._groups, self._deltas = snapshot.groups, snapshot.deltas
        self._fresh = Fresh.of(snapshot)
        self._wave = snapshot.partitions.wave
        keys: list[DeltaKey] = [_HEAD] if snapshot.groups else []
        keys.extend((group.name, "", _GROUP_ROW) for group in snapshot.groups)
        keys.extend((row.group, row.topic, row.partition) for row in snapshot.deltas)
        other = keys != self._keys
        if other:
            self._keys = keys
            self._places = {key: i for i, key in enumerate(keys)}
        self.arrived(snapshot.at_ms, other_rows=other)

    # --- rows -------------------------------------------------------------------------------------

    def total(self) -> int:
        """Groups and partitions."""
        return len(self._keys)

    @property
    def _first(self) -> int:
        """Where the partitions' rows begin."""
        return len(self._groups) + 1 if self._groups else 0

    def key_of(self, model: int) -> Hashable:
        """Group, topic, partition."""
        return self._keys[model]

    def find(self, key: Hashable) -> int | None:
        """Row of a key."""
        return self._places.get(key)  # type: ignore[call-overload, no-any-return]

    def texts(self) -> Sequence[str]:
        """`group topic/partition`."""
        return [
            group if partition < 0 else f"{group} {topic}/{partition}"
            for group, topic, partition in self._keys
        ]

    def in_wave(self) -> Mask:
        """Rows of the wave's topics, and every group that has one."""
        busy = {row.group for row in self._deltas if row.topic in self._wave}
        found = (
            group in busy if partition < 0 else topic in self._wave
            for group, topic, partition in self._keys
        )
        return np.fromiter(found, bool, len(self._keys))

    def problems(self) -> Mask:
        """What would be skipped or read again, or is not known; groups stay in view."""
        rows = (_is_odd(row) for row in self._deltas)
        return np.fromiter((*(True for _ in range(self._first)), *rows), bool, self.total())

    def ranking(self, sort: str) -> Order:
        """Groups in the plan's order; then what would be skipped, unknown, and the largest."""
        first = self._first
        rows = range(len(self._deltas))
        order = (
            rows if sort == "group" else sorted(rows, key=lambda i: _rank(self._deltas[i], sort))
        )
        return np.fromiter((*range(first), *(first + i for i in order)), np.intp, self.total())

    def turned(self, order: Order) -> Order:
        """Groups stay first."""
        first = self._first
        return np.concatenate((order[:first], order[first:][::-1]))

    # --- cells ------------------------------------------------------------------------------------

    def free_row(self, model: int, width: int) -> tuple[Chunk, ...] | None:
        """A group's own row says its state on both sides."""
        if model >= self._first:
            return None
        name = max(10, min(24, width // 5))
        half = max(12, (width - name - 2) // 2)
        if model == 0:
            titles = left("groups", name + 1) + left("on source", half + 1) + "on target"
            return ((left(titles, width), "columns"),)
        group = self._groups[model - 1]
        fresh = self._fresh
        source = _side(
            group.source_state,
            group.source_members,
            group.source_lag_records,
            (group.source_behind, group.source_left),
            stale=fresh.stale(group.source_at_ms, "source.groups"),
            stale_lag=fresh.stale(group.source_at_ms, "source.groups", "source.logs"),
        )
        target = _side(
            group.target_state,
            group.target_members,
            group.target_lag_records,
            (group.target_behind, group.target_left),
            stale=fresh.stale(group.target_at_ms, "target.groups"),
            stale_lag=fresh.stale(group.target_at_ms, "target.groups", "target.logs"),
        )
        return (
            (left(group.name, name), "strong"),
            (" " + left(source[0], half), source[1]),
            (" " + left(target[0], half), target[1]),
        )

    def cell(self, model: int, column: str) -> Chunk:
        """One cell of a partition's row."""
        row = self._deltas[model - self._first]
        stale = self._fresh.stale(row.at_ms, *_FEEDS.get(column, ()))
        match column:
            case "group":
                return (row.group, "text")
            case "partition":
                return (f"{row.topic}/{row.partition}", "text")
            case "delta":
                return _delta(row.delta, stale=stale)
            case "reread":
                return whole(row.reread_max, stale=stale, style=_positive(row.reread_max, "warn"))
            case "skipped":
                if proved := _proved(row):
                    text = count(proved)
                    return (f"-- ({text})", "stale") if stale else (f"{text} !", "bad")
                return whole(row.skipped_max, stale=stale, style=_positive(row.skipped_max, "warn"))
            case "exact":
                return _exact(row.exact, stale=self._fresh.fails(*_COMMITS))
            case "source":
                return whole(row.source_committed, stale=stale, style="dim")
            case "translated":
                return whole(row.translated, stale=stale, style="dim")
            case _:
                return whole(row.target_committed, stale=stale, style="dim")

    def uncounted(self) -> int:
        """The groups and the row over them."""
        return self._first

    def flags(self) -> tuple[Chunk, ...]:
        """Whether any of it is too old, or unknown."""
        feeds = {feed for column in _FEEDS.values() for feed in column}
        stale = any(self._fresh.stale(row.at_ms, *feeds) for row in self._deltas)
        unknown = sum(isinstance(row.delta, Unknown) for row in self._deltas)
        out: list[Chunk] = [("STALE", self.flag)] if stale else []
        if unknown:
            out.append((f"{' ' if out else ''}{unknown:,} unknown", self.flag))
        skips = sum(_proved(row) > 0 or overshoot(row) > 0 for row in self._deltas)
        if skips:
            out.append((f"{' ' if out else ''}{skips:,} SKIP", self.flag))
        return tuple(out)

    def detail(self, model: int) -> Sequence[tuple[str, str]]:
        """A group, or one of its partitions, with every reason."""
        if model < self._first:
            return () if model == 0 else _group_detail(self._groups[model - 1], self._fresh)
        return _row_detail(self._deltas[model - self._first], self._fresh)


def _said(value: int | Unknown | TimeLeft | Behind, *, stale: bool = False) -> str:
    """A value or the reason why there is none; a stale one in brackets."""
    match value:
        case Unknown(reason=reason):
            return f"? {reason}"
        case _ if stale:
            return f"-- ({_said(value)})"
        case TimeLeft():
            return time_left(value)
        case Behind():
            return behind(value)
        case _:
            return count(value)


def _group_detail(group: GroupView, fresh: Fresh) -> list[tuple[str, str]]:
    said = [("group", group.name), ("service", group.service or "none of the plan")]
    sides = (
        ("source", group.source_state, group.source_members, group.source_lag_records,
         group.source_behind, group.source_rate_milli, group.source_left, group.source_at_ms),
        ("target", group.target_state, group.target_members, group.target_lag_records,
         group.target_behind, group.target_rate_milli, group.target_left, group.target_at_ms),
    )  # fmt: skip
    for side, state, members, lag, late, pace, rest, at_ms in sides:
        old = "never read" if at_ms is None else f"asked {age(fresh.now_ms - at_ms)} ago"
        word = "STALE " if fresh.stale(at_ms, f"{side}.groups") else ""
        stale = fresh.stale(at_ms, f"{side}.groups", f"{side}.logs")
        said.append((side, f"{word}{state}, {'?' if members is None else members} members, {old}"))
        said.append(("lag", _said(lag, stale=stale)))
        said.append(("behind", _said(late, stale=stale)))
        reads = pace.reason if isinstance(pace, Unknown) else rate(pace)
        said.append(("reads", f"-- ({reads})" if stale else reads))
        said.append(("time left", _said(rest, stale=stale)))
    blind = fresh.fails(*_COMMITS)
    said.append(("re-read", f"{_said(group.reread_records, stale=blind)} by exact images"))
    said.append(("skipped", f"{_said(group.skipped_records, stale=blind)} by exact images"))
    if group.release:
        said.append(("resumes", group.release))
    return [*said, ("note", group.note)] if group.note else said


def _row_detail(row: DeltaRow, fresh: Fresh) -> list[tuple[str, str]]:
    def known(value: int | Unknown, column: str) -> str:
        return _said(value, stale=fresh.stale(row.at_ms, *_FEEDS[column]))

    said = [
        ("group", row.group),
        ("partition", f"{row.topic}/{row.partition}"),
        ("source", f"commit {known(row.source_committed, 'source')}"),
        ("target", f"commit {known(row.target_committed, 'target')}"),
        ("translated", f"{known(row.translated, 'translated')} by MirrorMaker's offset-syncs"),
        ("delta", known(row.delta, "delta")),
        ("re-read", f"at most {known(row.reread_max, 'reread')} from the translation"),
        ("skipped", f"at most {known(row.skipped_max, 'skipped')} by the target's commit"),
        ("", f"at least {known(row.skipped_min, 'skipped')} by MirrorMaker's offset-syncs"),
    ]
    exact = row.exact
    if isinstance(exact, Unknown):
        return [*said, ("image", f"? {exact.reason}")]
    place = _said(exact.low) if exact.low == exact.high else f"{_said(exact.low)} to "
    if exact.low != exact.high:
        place += _said(exact.high)
    old = "" if exact.is_current else ", the commits have moved on since"
    return [
        *said,
        ("image", f"{exact.word} {place} of commit {count(exact.source_offset)}, "
         f"{age(fresh.now_ms - exact.at_ms)} ago{old}"),
        ("", exact.reason),
        ("", f"re-read {_said(exact.reread)}, skipped {_said(exact.skipped)} data records"),
        ("", f"MirrorMaker's translation past it: {_said(exact.overshoot)}"),
    ]  # fmt: skip


def _proved(row: DeltaRow) -> int:
    """Records that the target's commit would skip for sure, by the image or by the syncs."""
    least = 0 if isinstance(row.skipped_min, Unknown) else row.skipped_min
    return max(least, proved_skip(row))


def _positive(value: int | Unknown, token: Token) -> Token:
    return token if not isinstance(value, Unknown) and value > 0 else "text"


def _delta(value: int | Unknown, *, stale: bool) -> Chunk:
    if isinstance(value, Unknown):
        return ("?", "unknown")
    text = signed(value)
    return (f"-- ({text})", "stale") if stale else (text, "warn" if value else "text")


def _exact(exact: ExactView | Unknown, *, stale: bool) -> Chunk:
    """The image by content; in brackets when its commits have long moved on since."""
    if isinstance(exact, Unknown) or isinstance(exact.low, Unknown):
        return ("?", "unknown")
    if isinstance(exact.high, Unknown):
        return ("?", "unknown")
    if not stale and not isinstance(exact.overshoot, Unknown) and exact.overshoot > 0:
        return (f"MM2 skips {count(exact.overshoot)}", "bad")
    text = count(exact.low)
    if exact.high != exact.low:
        text = f"{text}..{count(exact.high)}"
    if stale or not exact.is_fresh:
        return (f"-- ({text})", "stale")
    return (text, "good" if exact.word == "EXACT" else "warn")


def _pace(pace: tuple[Behind | Unknown, TimeLeft | Unknown]) -> str:
    """How far behind in time, and how long it takes; a question mark where that is not known."""
    late, left = pace
    if isinstance(left, TimeLeft) and left.word == "level":
        return ""
    old = "?" if isinstance(late, Unknown) else behind(late)
    return f" {old} {'?' if isinstance(left, Unknown) else time_left(left)}"


def _side(
    state: str,
    members: int | None,
    lag: int | Unknown,
    pace: tuple[Behind | Unknown, TimeLeft | Unknown],
    *,
    stale: bool,
    stale_lag: bool,
) -> Chunk:
    if state == "absent":
        return (f"{'STALE ' if stale else ''}absent", "dim")
    lag_text, token = whole(lag, stale=stale_lag)
    people = "?" if members is None else str(members)
    more = "" if stale_lag or isinstance(lag, Unknown) else _pace(pace)
    return (f"{'STALE ' if stale else ''}{state or '?'} ({people}) lag {lag_text}{more}", token)


def _is_odd(row: DeltaRow) -> bool:
    wrong = (row.reread_max, row.skipped_max)
    unknown = isinstance(row.delta, Unknown)
    return unknown or any(isinstance(value, Unknown) or value > 0 for value in wrong)


def _rank(row: DeltaRow, sort: str) -> tuple[int, int]:
    if isinstance(row.delta, Unknown):
        return (1, 0)
    if sort == "reread":
        return (2, -row.reread_max) if not isinstance(row.reread_max, Unknown) else (1, 0)
    if not isinstance(row.skipped_max, Unknown) and row.skipped_max > 0:
        return (0, -row.skipped_max)
    return (2, -abs(row.delta))
