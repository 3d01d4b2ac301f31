"""What is wrong and what is not seen: alarms, who is left on the source, errors, and every feed.

Goes on with the newest snapshot while it is open. Never says of a feed that it is well because
nothing was heard.
"""

from __future__ import annotations

from typing import assert_never

from cockpit.core.observe import Unknown
from cockpit.core.snapshot import DrainView, FeedView, Snapshot, StragglerView
from cockpit.tui.alarms import standing
from cockpit.tui.format import age, rate, time_left, utc
from cockpit.tui.fresh import Fresh, whole
from cockpit.tui.screens.reading import ReadingPage, said_rows
from cockpit.tui.text import Chunk, Line, Token, left, wrap

MINUTES_SHOWN = 5


class HealthScreen(ReadingPage):
    """Alarms first, then what they stand on."""

    also_closes = frozenset({"h"})

    def title_text(self) -> str:
        """What it is."""
        return "alarms and feeds"

    def body(self, width: int) -> tuple[Line, ...]:
        """Everything, in the order in which it matters."""
        snapshot = self.snapshot
        if snapshot is None:
            return (Line((("  no data from the engine yet", "dialog"),), "dialog"),)
        rows = [_head("alarms")]
        found = standing(snapshot)
        for alarm in found:
            begun = "" if alarm.since_ms is None else f" (since {utc(alarm.since_ms)})"
            token: Token = "dialog" if alarm.seen_by else "bad"
            pieces = wrap(alarm.words() + begun, width - 4)
            rows.extend(Line(((f"  {piece}", token),), "dialog") for piece in pieces)
        if not found:
            rows.append(Line((("  none", "dialog"),), "dialog"))
        rows.append(_head("where this session lives"))
        rows.extend(Line(((f"  {p}", "dialog"),), "dialog") for p in _lives(snapshot, width))
        rows.extend(_stragglers(snapshot, width))
        rows.append(_head("replication"))
        for drain in snapshot.drains[:1]:
            rows.extend(said_rows("all topics", _drained(drain, Fresh.of(snapshot)), width))
        rows.extend(_errors(snapshot, width))
        if snapshot.head:
            rows.append(_head("journal"))
            rows.extend(said_rows("newest entry", snapshot.head, width))
        rows.append(_head("feeds"))
        for feed in snapshot.feeds:
            rows.extend(_feed(feed, snapshot.at_ms, width))
        return tuple(rows)


def _head(title: str) -> Line:
    return Line(((f" {title}", "strong"),), "dialog")


def _lives(snapshot: Snapshot, width: int) -> list[str]:
    """On which hosts the flight could go on, in lines."""
    view = snapshot.coordination
    if view is None:
        return ["not known"]
    place = f"topic {view.topic} on the {view.side}"
    match view.word:
        case "alone":
            text = "on the host of its engine alone: if that is gone, nobody can go on with it"
        case "opening":
            text = f"{place} has not answered yet"
        case "shared":
            old = "" if view.confirmed_at_ms is None else age(snapshot.at_ms - view.confirmed_at_ms)
            behind = f", {view.behind_bytes} bytes not there yet" if view.behind_bytes else ""
            text = f"{place} has it, confirmed {old} ago{behind}: cockpit takeover goes on with it"
        case "lost":
            text = f"{place} does not answer: {view.detail}"
        case "taken over":
            text = view.detail
        case _:
            assert_never(view.word)
    return wrap(text, width - 4)


def _drained(drain: DrainView, fresh: Fresh) -> str:
    if isinstance(drain.lag_records, Unknown):
        return f"lag ? {drain.lag_records.reason}"
    words = f"? {drain.left.reason}" if isinstance(drain.left, Unknown) else time_left(drain.left)
    old = "" if drain.at_ms is None else f", asked {age(fresh.now_ms - drain.at_ms)} ago"
    stale = fresh.stale(drain.at_ms, "source.logs", "mirror")
    number = whole(drain.lag_records, stale=stale)[0]
    return f"lag {number}, time left {'--' if stale else words}{old}"


def _stragglers(snapshot: Snapshot, width: int) -> list[Line]:
    if not snapshot.stragglers:
        return []
    rows = [_head("still on the source")]
    for one in snapshot.stragglers:
        rows.extend(said_rows(one.kind, _straggler(one, snapshot.at_ms), width))
    return rows


def _straggler(one: StragglerView, now_ms: int) -> str:
    speed = "? records/s" if isinstance(one.rate_milli, Unknown) else rate(one.rate_milli)
    who = f", {one.who}" if one.who else ""
    owner = f", once of {one.service}" if one.service else ", of no service of the plan"
    return f"{one.name} on {one.where} {speed}{who}{owner}, seen {age(now_ms - one.at_ms)} ago"


def _errors(snapshot: Snapshot, width: int) -> list[Line]:
    rows = [_head(f"errors, the last {MINUTES_SHOWN} minutes")]
    for view in snapshot.error_rates:
        counts = " ".join(str(n) for n in view.per_minute[-MINUTES_SHOWN:])
        text = f"{view.where}: {counts} a minute; {view.newest}"
        rows.extend(said_rows(view.kind[:12], text, width))
    if not snapshot.error_rates:
        rows.append(Line((("  none", "dialog"),), "dialog"))
    return rows


def _feed(feed: FeedView, now_ms: int, width: int) -> list[Line]:
    good = feed.word == "connected"
    token: Token = "good" if good else "bad"
    took = "" if feed.took_ms is None else f" took {age(feed.took_ms)}"
    old = "never" if feed.asked_at_ms is None else age(now_ms - feed.asked_at_ms)
    skipped = f" {feed.skipped} skipped" if feed.skipped else ""
    since = f" since {utc(feed.since_ms)}" if feed.since_ms else ""
    head: list[Chunk] = [
        (f"  {left(feed.feed, 20)} ", "dialog"),
        (left(feed.word, 11), token),
        (f" {left(old, 6)}{took}{skipped}{since}", "dialog"),
    ]
    rows = [Line(tuple(head), "dialog")]
    if feed.reason:
        pieces = wrap(feed.reason, width - 8)
        rows.extend(Line(((f"      {piece}", "dialog"),), "dialog") for piece in pieces)
    return rows
