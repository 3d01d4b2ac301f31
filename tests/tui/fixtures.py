"""Rich snapshots without an engine.

For tests of the screen, for pictures in the documentation and for looking at it by hand.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from cockpit.core.crewview import CrewView, PersonView, PointedView
from cockpit.core.left import Leftover
from cockpit.core.observe import I64, MISSING, PartitionKeys, Unknown
from cockpit.core.pastview import PastView
from cockpit.core.serviceview import ServiceView, UndoView, WayBackView
from cockpit.core.snapshot import (
    ActionView,
    AlarmView,
    ArmedView,
    Behind,
    CheckView,
    DeltaRow,
    DrainView,
    ErrorRateView,
    ExactView,
    FeedView,
    GateView,
    GroupView,
    LogLine,
    PartitionTable,
    SideView,
    SignalView,
    Snapshot,
    StatusView,
    StepView,
    StragglerView,
    TimeLeft,
    WaveView,
)
from tests.tui import watched

AT_MS = watched.NIGHT_MS
USER = "ana"


def status(**changes: object) -> StatusView:
    """Wave 2 of 3, running, nothing blocked."""
    base = StatusView(
        plan="payments-week",
        environment="PROD",
        session="9f31c2ab",
        simulated=False,
        wave="writers",
        wave_number=2,
        waves=3,
        step="drain",
        paused=False,
        writes="SOURCE",
        writes_detail="orders, refunds",
        blocked_since_ms=None,
        deadline_ms=None,
        rollback="possible",
        rollback_since_ms=None,
        rollback_detail="costs nothing",
        outcome="",
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def side(name: str, *, age_ms: int | None = 800, **changes: object) -> SideView:
    """One cluster that answers."""
    base = SideView(
        side="source" if name == "source" else "target",
        health="connected",
        since_ms=AT_MS - 3_600_000,
        reason="",
        asked_at_ms=None if age_ms is None else AT_MS - age_ms,
        cluster_id=f"{name}-7Qm2",
        brokers=3,
        simulated=False,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def waves() -> tuple[WaveView, ...]:
    """One done, one running, one to come."""
    return (
        WaveView(
            "readers",
            "done",
            ("ledger", "search", "audit"),
            tuple(StepView(n, "done", "", AT_MS - 900_000, AT_MS - 890_000) for n in
                  ("stop", "offsets", "start", "soak")),
        ),
        WaveView(
            "writers",
            "running",
            ("checkout", "refunds"),
            (
                StepView("stop", "done", "2 services stopped, 3 groups empty", AT_MS - 52_000,
                         AT_MS - 43_000),
                StepView("fence", "done", "8 partitions refuse writes", AT_MS - 43_000,
                         AT_MS - 41_000),
                StepView("drain", "running", "7 of 8 partitions equal; orders/3 lacks 12 records",
                         AT_MS - 41_000),
                StepView("offsets", "pending", ""),
                StepView("start", "pending", ""),
                StepView("soak", "pending", "30 min"),
            ),
        ),
        WaveView("batch", "pending", ("nightly-export", "reconcile"),
                 tuple(StepView(n, "pending", "") for n in ("stop", "offsets", "start"))),
    )  # fmt: skip


def gates() -> tuple[GateView, ...]:
    """One of each verdict."""
    return (
        GateView("replication_lag", "FAIL", 1204.0, 100.0, "records", AT_MS - 900, 0, 60_000,
                 "orders/3 1,204; 7 more under 100"),
        GateView("offset_delta", "PASS", 0.0, 0.0, "records", AT_MS - 1_200, 48_000, 60_000,
                 "3 groups, 24 partitions, re-read 0, skipped 0"),
        GateView("parity", "UNKNOWN", Unknown("ACLs of the target not read yet"), 0.0,
                 "differences", None, 0, 0, ""),
        GateView("signal checkout-errors", "INCONCLUSIVE", 0.0021, 0.005, "ratio", AT_MS - 700,
                 31_000, 120_000, "31 of 120 good samples"),
    )  # fmt: skip


def triggers() -> tuple[GateView, ...]:
    """One quiet, one rising."""
    return (
        GateView("group_lag", "PASS", 812.0, 50_000.0, "records", AT_MS - 900, 0, 120_000,
                 "ledger 812 on target"),
        GateView("signal checkout-errors", "PASS", 0.0021, 0.02, "ratio", AT_MS - 700, 0, 60_000,
                 "under the limit"),
    )  # fmt: skip


def partitions(topics: int = 12, per_topic: int = 10, *, at_ms: int = AT_MS) -> PartitionTable:
    """A table with a worst partition, one unknown, one ahead; the rest nearly level."""
    names = [f"{_TOPICS[t % len(_TOPICS)]}{'' if t < len(_TOPICS) else f'-{t}'}"
             for t in range(topics)]  # fmt: skip
    keys = PartitionKeys.of(tuple((name, p) for name in names for p in range(per_topic)))
    return table(keys, at_ms=at_ms)


_TOPICS = (
    "orders", "refunds", "payments", "ledger-entries", "search-index", "audit-trail", "carts",
    "users", "emails", "stock", "prices", "shipments",
)  # fmt: skip


def table(keys: PartitionKeys, *, at_ms: int = AT_MS) -> PartitionTable:
    """Columns for given keys, the same for the same keys."""
    number = len(keys)
    rng = np.random.default_rng(7)
    end: I64 = rng.integers(10_000, 90_000_000, number)
    lag: I64 = rng.integers(0, 40, number)
    rate: I64 = rng.integers(0, 250_000, number)
    if number > 8:
        lag[3], lag[5], lag[8] = 1204, MISSING, -12
        end[5] = MISSING
    mirror = np.where(lag == MISSING, MISSING, end - lag)
    return PartitionTable(
        keys=keys,
        source_start=np.zeros(number, dtype=np.int64),
        source_end=end,
        target_start=np.zeros(number, dtype=np.int64),
        target_end=mirror,
        mirror_position=mirror,
        lag=lag,
        lag_by_logs=np.where(lag == MISSING, MISSING, lag + 1),
        source_rate_milli=rate,
        target_rate_milli=rate + 500,
        source_at_ms=at_ms - 800,
        target_at_ms=at_ms - 1_100,
        mirror_at_ms=at_ms - 1_300,
        wave=frozenset({"orders", "refunds"}),
    )


def groups() -> tuple[GroupView, ...]:
    """Three groups on both sides."""
    return (
        GroupView("ledger", "ledger", "absent", "Stable", 0, 3, Unknown("absent"), 812,
                  AT_MS - 900, AT_MS - 1_000, target_rate_milli=42_000,
                  target_left=TimeLeft("shrinking", 9_000, 21_000), target_behind=Behind(4_200)),
        GroupView("checkout", "checkout", "Empty", "Empty", 0, 0, 41, Unknown("no commit"),
                  AT_MS - 900, AT_MS - 1_000, source_left=TimeLeft("growing"),
                  source_behind=Behind(900_000, more=True), reread_records=22, skipped_records=17),
        GroupView("nightly-export", "nightly-export", "Stable", "absent", 1, 0, 18_220,
                  Unknown("absent"), AT_MS - 900, AT_MS - 1_000),
    )  # fmt: skip


def deltas() -> tuple[DeltaRow, ...]:
    """A few rows: level, to be re-read, to be skipped, unknown."""
    at_ms = AT_MS - 1_200
    rows = [
        DeltaRow("checkout", "orders", p, 88_120 + p, 88_120 + p, 88_120 + p, 0, 0, 0, at_ms)
        for p in range(6)
    ]
    rows[2] = DeltaRow("checkout", "orders", 2, 88_122, 88_100, 88_100, 0, 22, 0, at_ms)
    image = ExactView("EXACT", 88_123, 88_123, 88_123, "", 0, 17, 0, True, True, at_ms)
    rows[3] = DeltaRow("checkout", "orders", 3, 88_123, 88_123, 88_140, 17, 0, 17, at_ms, image)
    past = ExactView(
        "RANGE", 88_120, 88_090, 88_101, "its record is gone", 0, 0, 4, False, False, at_ms
    )
    rows[5] = DeltaRow("checkout", "orders", 5, 88_125, 88_105, 88_105, 0, 20, 0, at_ms, past)
    none = Unknown("no offset sync for this partition yet")
    rows[4] = DeltaRow("checkout", "orders", 4, 88_124, none, none, none, none, none, at_ms)
    return tuple(rows)


def signals() -> tuple[SignalView, ...]:
    """An error rate with a spike and a gap, and a latency without a limit."""
    start = AT_MS - 600_000
    errors = tuple(
        (
            start + i * 1000,
            Unknown("timeout") if 300 <= i < 340
            else 0.002 + 0.001 * math.sin(i / 30) + (0.018 if i == 420 else 0.0),
        )
        for i in range(600)
    )  # fmt: skip
    latency = tuple((start + i * 1000, 40.0 + 8 * math.sin(i / 9)) for i in range(600))
    return (
        SignalView("checkout-errors", "ratio", 0.0021, AT_MS - 700, 5_000, errors, 0.005),
        SignalView("checkout-p99", "ms", 46.0, AT_MS - 700, 5_000, latency, None),
    )


def checks() -> tuple[CheckView, ...]:
    """Open, unknown, approved and equal."""
    equal = tuple(CheckView("config", name, "equal", "12", "12", "") for name in _TOPICS)
    return (
        *equal,
        CheckView("acl", "User:checkout write topic orders", "open", "allow", "none",
                  "may write on the source and not on the target"),
        CheckView("config", "audit-trail retention.ms", "approved", "604800000", "1209600000",
                  "longer on purpose (by kim)"),
        CheckView("connector", "mm2-checkpoint", "unknown", "?", "?", "Connect did not answer"),
    )  # fmt: skip


def log() -> tuple[LogLine, ...]:
    """The last minute."""
    return (
        LogLine(101, AT_MS - 60_000, "info", "advance armed by ana"),
        LogLine(102, AT_MS - 58_000, "good", "advance confirmed by ana"),
        LogLine(103, AT_MS - 52_000, "info", "wave writers begins: stop"),
        LogLine(104, AT_MS - 43_000, "good", "stop done: checkout, refunds are down"),
        LogLine(105, AT_MS - 43_000, "info", "fence writes on source: orders, refunds"),
        LogLine(106, AT_MS - 41_000, "good", "fence verified on 3 brokers by the canary"),
        LogLine(107, AT_MS - 12_000, "warn", "gate replication_lag FAIL: orders/3 1,204"),
    )


def actions(**closed: str) -> tuple[ActionView, ...]:
    """All open, but those that are given with a reason."""
    verbs = ("advance", "rollback", "recover", "pause", "end")
    return tuple(ActionView(v, v not in closed, closed.get(v, "")) for v in verbs)  # type: ignore[arg-type]


def snapshot(**changes: object) -> Snapshot:
    """A wave under way with everything on the screen."""
    base = Snapshot(
        seq=1,
        at_ms=AT_MS,
        status=status(),
        source=side("source"),
        target=side("target", age_ms=1_100),
        mirror="running",
        waves=waves(),
        gates=gates(),
        triggers=triggers(),
        partitions=partitions(),
        groups=groups(),
        deltas=deltas(),
        signals=signals(),
        checks=checks(),
        log=log(),
        armed=None,
        actions=actions(advance="gate replication_lag FAIL", end="wave writers is under way"),
        feeds=watched.feeds(),
        alarms=watched.alarms(),
        drains=watched.drains(),
        stragglers=watched.stragglers(),
        error_rates=watched.error_rates(),
        services=watched.services(),
        way_back=watched.way_back(),
        past=watched.past(),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def later(base: Snapshot, ms: int, **changes: object) -> Snapshot:
    """The same state `ms` later, with nothing new from the clusters."""
    return replace(base, seq=base.seq + 1, at_ms=base.at_ms + ms, **changes)  # type: ignore[arg-type]


def fenced(**changes: object) -> Snapshot:
    """Clients blocked for 41 of 90 seconds."""
    blocked = status(writes="FENCED", blocked_since_ms=AT_MS - 41_000, deadline_ms=AT_MS + 49_000)
    return snapshot(status=blocked, **changes)


def fired() -> Snapshot:
    """A trigger fired, the fence's deadline is over, going back loses records."""
    gone = replace(triggers()[1], verdict="FAIL", value=0.034, held_ms=61_000)
    late = status(
        writes="FENCED",
        blocked_since_ms=AT_MS - 95_000,
        deadline_ms=AT_MS - 5_000,
        rollback="lossy",
        rollback_detail="what producers wrote on the target would stay there",
        paused=True,
    )
    return snapshot(status=late, triggers=(triggers()[0], gone))


def stale_target() -> Snapshot:
    """The target stopped answering 23 seconds ago."""
    down = side("target", age_ms=23_000, health="unreachable", reason="no connection to 3 brokers",
                since_ms=AT_MS - 21_000)  # fmt: skip
    columns = replace(partitions(), target_at_ms=AT_MS - 23_000, mirror_at_ms=AT_MS - 23_000)
    old = tuple(replace(row, at_ms=AT_MS - 23_000) for row in deltas())
    return snapshot(target=down, partitions=columns, deltas=old, alarms=(),
                    mirror="unknown: Connect did not answer")  # fmt: skip


def armed_view(verb: str = "advance", by: str = USER, *, at_ms: int = AT_MS) -> ArmedView:
    """What `verb` would do, as the engine puts it."""
    return ArmedView(
        verb="rollback" if verb == "rollback" else "advance",
        wave="writers",
        by=by,
        token="4be1f0",
        armed_at_ms=at_ms,
        confirm_from_ms=at_ms + 400,
        expires_at_ms=at_ms + 15_000,
        lines=(
            "begin wave writers: checkout, refunds move from source to target",
            "steps: stop, fence, drain, offsets, start, soak",
            "writes to orders, refunds are blocked on the source meanwhile",
            "fence deadline 90 s, then unfence",
            "gate replication_lag PASS: orders/3 12; 7 more under 100, 0.9 s old",
            "gate offset_delta PASS: 3 groups, re-read 0, skipped 0, 1.2 s old",
            "undo: R takes the wave back until its producers start",
        ),
    )


def armed(verb: str = "advance", by: str = USER) -> Snapshot:
    """Something waits for a confirmation."""
    return snapshot(armed=armed_view(verb, by), actions=actions())


def holding() -> Snapshot:
    """A step's outcome is unknown and a person decides."""
    done, running, rest = waves()
    steps = tuple(
        replace(s, word="unknown", detail="the answer to the ACL change was lost; reading it back "
                "failed twice") if s.name == "fence" else s
        for s in running.steps
    )  # fmt: skip
    held = replace(running, word="holding", steps=steps,
                   detail="fence is unknown: A tries again, R takes the wave back")  # fmt: skip
    return snapshot(waves=(done, held, rest), status=status(step="fence", writes="UNKNOWN"))


def finished() -> Snapshot:
    """Everything done."""
    over = tuple(replace(w, word="done") for w in waves())
    return snapshot(
        waves=over,
        status=status(outcome="completed", step="", writes="TARGET", rollback="closed",
                      rollback_since_ms=AT_MS - 600_000, rollback_detail="go forward"),
        actions=actions(advance="the flight has ended", rollback="the flight has ended",
                        pause="the flight has ended", end="the flight has ended"),
    )  # fmt: skip


def simulated(base: Snapshot | None = None) -> Snapshot:
    """The same, but said to be simulated."""
    base = base or snapshot()
    return replace(
        base,
        status=replace(base.status, simulated=True, environment="DEMO"),
        source=replace(base.source, simulated=True),
        target=replace(base.target, simulated=True),
    )


def large(topics: int = 500, per_topic: int = 20) -> Snapshot:
    """10,000 partitions."""
    return snapshot(partitions=partitions(topics, per_topic))


HOSTILE = (
    "\x1b]52;c;cm0gLXJmIC8=\x07",
    "\x1b]0;owned\x1b\\",
    "\x1b[2J\x1b[H",
    "\x1b[6n",
    "\x9b31mred",
    "\x9d0;title\x9c",
    "\x1bP+q544e\x1b\\",
    "\x1b_Gi=1;AAAA\x1b\\",
    "\x1b]8;;http://example.org\x07link\x1b]8;;\x07",
    "\x1b]52;c;unterminated",
    "\u202egnp.exe\u2066x\u2069",
    "\u200e\u200f\u061c\ufeff\u2028\u2029",
    "a\r\nb\tc\x00d\x7fe\x85f",
    "z" + "\u0301" * 40,
    "\ud800broken\udfff",
    "[@click=app.leave('quit')]orders[/]",
    "[bold red]x[/bold red] [/foo] \\[x]",
    "[link=http://example.org]y[/link]",
    "\u65e5\u672c\u8a9e\u30c8\u30d4\u30c3\u30af\U0001f680",
    "=cmd|' /C calc'!A0",
    "x" * 2000,
    "\x1b]777;notify;owned;now\x07",
    "\x1bPtmux;\x1b\x1b]52;c;b3duZWQ=\x07\x1b\\",
    "\x1b[>0q\x1b[c\x1b[?1000h",
    "\x1b^private\x1b\\\x1bXstring\x1b\\\x90dcs\x9c\x9fapc\x9c",
    "zero\u200bwidth\u200c\u200d\u2060\u00ad\u034f\u3164",
    "tag\U000e0041\U000e0042\U000e007f\ufe0f\U000e0100",
    "\ninjected 2026-01-01 FENCED\r\nsecond",
    "",
)
"""Names and texts that a cluster, a broker's error or a person may send."""


def hostile() -> Snapshot:
    """Every string that can come from outside, or that another person typed, is hostile."""
    bad = HOSTILE
    text = " ".join(bad)
    keys = PartitionKeys.of(tuple((f"{b}{i}", i) for i, b in enumerate(bad)))
    return snapshot(
        status=status(plan=text, environment=bad[0], wave=bad[1] + bad[15], step=bad[2],
                      writes_detail=text, rollback_detail=text, session=bad[6]),
        source=side("source", health="refused", reason=text, cluster_id=text),
        mirror=f"task failed: {text}",
        waves=tuple(
            WaveView(b, "holding", (b, bad[15]), (StepView(b, "failed", text, AT_MS, None),), text)
            for b in (bad[1] + bad[15], *bad)
        ),
        gates=tuple(GateView(b, "FAIL", 3.0, 1.0, b, AT_MS, 0, 10_000, text) for b in bad),
        triggers=(GateView(text, "FAIL", Unknown(text), 1.0, text, None, 0, 0, text),),
        partitions=table(keys),
        groups=tuple(
            GroupView(b, b, b, b, 1, 2, 3, Unknown(b), AT_MS, AT_MS, note=b) for b in bad
        ),
        deltas=tuple(
            DeltaRow(b, b, 1, 1, 2, 3, 4, 5, 6, AT_MS,
                     ExactView("NONE", 1, Unknown(b), Unknown(b), text, 1, 1, Unknown(b),
                               True, True, AT_MS))
            for b in bad
        ),
        signals=tuple(SignalView(b, "ratio", Unknown(text), AT_MS, 5_000, (), 1.0) for b in bad),
        checks=tuple(CheckView("acl", b, "open", b, b, text) for b in bad),
        log=tuple(LogLine(i, AT_MS, "bad", b + text) for i, b in enumerate(bad)),
        feeds=tuple(FeedView(b, "refused", AT_MS, None, None, text, 0) for b in bad),
        alarms=tuple(AlarmView("bad", b, b + text, AT_MS) for b in bad),
        drains=tuple(DrainView(b, 1, Unknown(b), AT_MS) for b in bad),
        stragglers=tuple(StragglerView("writer", b, b, b, 1, b, AT_MS) for b in bad),
        error_rates=tuple(ErrorRateView("target", "other", (1,), b + text, AT_MS) for b in bad),
        actions=actions(advance=text, rollback=text, end=text),
        services=tuple(ServiceView(b, text, b, b, b, (b,), (b,), "moving") for b in bad),
        way_back=WayBackView(text, (text,), text, (UndoView(bad[0], text),), AT_MS, 1),
        past=PastView((text, bad[0]), watched.past().rows),
        left_over=tuple(Leftover("fence", "source", (b,), b + text, text, (b,)) for b in bad),
        crew=CrewView(
            people=tuple(PersonView(b, (b, text), 1, AT_MS, AT_MS) for b in bad),
            driver=text, seat="1", until_ms=AT_MS + 5_000, offered_to=text, veto=text,
            pointed=PointedView(text, bad[0], text, AT_MS),
        ),
    )  # fmt: skip


def hostile_armed(level: int) -> Snapshot:
    """Somebody else has armed something, and every word of it is hostile."""
    text = " ".join(HOSTILE)
    view = armed_view()
    return replace(
        hostile(),
        armed=replace(
            view, wave=HOSTILE[15], by=text, lines=tuple(HOSTILE), level=level, said=tuple(HOSTILE),
            waits_for=text if level == 3 else "", way_back=text,
        ),
    )  # fmt: skip
