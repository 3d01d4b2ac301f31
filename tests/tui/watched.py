"""What a watch over the clusters finds, for snapshots of tests: alarms, feeds, who is left."""

from __future__ import annotations

from cockpit.core.observe import Unknown
from cockpit.core.pastview import PastRow, PastView
from cockpit.core.serviceview import ServiceView, UndoView, WayBackView
from cockpit.core.snapshot import (
    AlarmView,
    DrainView,
    ErrorRateView,
    FeedView,
    StragglerView,
    TimeLeft,
)

NIGHT_MS = 1_795_140_847_000
"""02:14:07Z in November."""


def alarms() -> tuple[AlarmView, ...]:
    """One of what the core raises."""
    text = "the mirror is 12 past the source's end on orders/8: the log was cut or made anew"
    return (AlarmView("bad", "negative lag", text, NIGHT_MS - 30_000),)


def feeds() -> tuple[FeedView, ...]:
    """One that is refused, one that was slow, two that answer."""
    at_ms = NIGHT_MS - 800
    return (
        FeedView("source.users", "refused", NIGHT_MS - 90_000, None, 4,
                 "CLUSTER_AUTHORIZATION_FAILED: DESCRIBE on CLUSTER is missing", 0),
        FeedView("connect", "slow", NIGHT_MS - 12_000, NIGHT_MS - 14_000, 3_000,
                 "no answer in 3 s", 3),
        FeedView("source.logs", "connected", NIGHT_MS - 3_600_000, at_ms, 12, "", 0),
        FeedView("target.logs", "connected", NIGHT_MS - 3_600_000, at_ms, 14, "", 2),
    )  # fmt: skip


def drains() -> tuple[DrainView, ...]:
    """All topics together, one that shrinks, one that grows."""
    return (
        DrainView("", 1_560, TimeLeft("shrinking", 120_000, 240_000), NIGHT_MS - 1_300),
        DrainView("orders", 1_204, TimeLeft("shrinking", 61_000, 95_000), NIGHT_MS - 1_300),
        DrainView("refunds", 300, TimeLeft("growing"), NIGHT_MS - 1_300),
    )


def stragglers() -> tuple[StragglerView, ...]:
    """A writer that is listed, one that is not, and a reader."""
    return (
        StragglerView("writer", "producer 4021", "", "orders/3", 1_500, "checkout", NIGHT_MS - 900),
        StragglerView("unlisted writer", "a writer", "a producer without idempotence: not listed "
                      "by any broker", "refunds/0", 200, "refunds", NIGHT_MS - 900),
        StragglerView("reader", "nightly", "batch-7@10.0.0.9", "orders", Unknown("not watched"),
                      "", NIGHT_MS - 900),
    )  # fmt: skip


def error_rates() -> tuple[ErrorRateView, ...]:
    """A spell of time-outs on the target."""
    counts = (0,) * 12 + (2, 5, 1)
    text = "target.logs: no answer in 3 s"
    return (ErrorRateView("target", "timeout", counts, text, NIGHT_MS - 2_000),)


def services() -> tuple[ServiceView, ...]:
    """One that has moved, two that are moving, one to come, one that no wave moves."""
    since = NIGHT_MS - 890_000
    return (
        ServiceView("ledger", "team-fin", "high", "readers", "ledger", (), ("orders",), "target",
                    since),
        ServiceView("checkout", "team-pay", "high", "writers", "checkout", ("orders",),
                    ("refunds",), "moving"),
        ServiceView("refunds", "team-pay", "normal", "writers", "", ("refunds",), (), "moving"),
        ServiceView("nightly-export", "", "low", "batch", "nightly-export", (), ("orders",),
                    "source"),
        ServiceView("sandbox", "team-dev", "low", "", "", ("stock",), (), "source"),
    )  # fmt: skip


def way_back() -> WayBackView:
    """Two steps of the wave that is under way."""
    return WayBackView(
        wave="writers",
        services=("checkout", "refunds"),
        why_not="",
        undo=(
            UndoView("fence", "remove the DENY ACLs, verified on every broker"),
            UndoView("stop", "start the services on the source again, give the mirror its settings "
                     "back"),
        ),
        until_ms=None,
        level=1,
    )  # fmt: skip


def past() -> PastView:
    """Ten minutes in which writes stop on the source and begin on the target, with one gap."""
    rows = []
    for second in range(600):
        if 200 <= second < 240:
            continue
        stopped, begun = second >= 560, second >= 590
        rows.append(
            PastRow(
                at_ms=NIGHT_MS - (600 - second) * 1_000,
                lag_records=1_560 if second > 500 else 400 + second % 50,
                source_milli=0 if stopped else 180_000 + second % 7 * 1_000,
                target_milli=None if stopped and not begun else 179_000 + second % 5 * 1_000,
                source_ms=12 + second % 9,
                target_ms=14 + second % 4,
            )
        )
    return PastView(("orders", "refunds"), tuple(rows))
