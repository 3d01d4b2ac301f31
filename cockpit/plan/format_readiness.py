"""The part of the plan format about who says that a migration may begin, as tables."""

from __future__ import annotations

from typing import Final

from cockpit.plan.kinds import INSTANT, TEXT, Field, Object

_SIGNATURE: Final = Object(
    "signature",
    "That the owner of a gate has said yes.",
    (
        Field("by", TEXT, "Who signed.", required=True),
        Field("at", INSTANT, "When.", required=True),
    ),
)
_OWNED: Final = (
    Field("owner", TEXT, "Who answers for it.", required=True),
    Field("signed", _SIGNATURE, "Until it is there, `cockpit readiness` says not ready."),
)
GATE: Final = Object("readiness gate", "One of six gates before the first wave.", _OWNED)
EXIT_GATE: Final = Object(
    "exit gate",
    "What becomes of the source after the last wave.",
    (
        *_OWNED,
        Field("decommission", INSTANT, "When the source goes."),
        Field("retained", TEXT, "What is kept of it, where, and for how long."),
        Field("audit", TEXT, "What an audit will ask for, and where that is kept."),
    ),
)
READINESS: Final = Object(
    "readiness",
    "Who owns the six gates before the first wave, for `cockpit readiness`. No flight asks for it.",
    (
        Field("inventory", GATE, "Everything on the clusters has a disposition."),
        Field("replication", GATE, "The mirror runs, and both sides can be read."),
        Field("offsets", GATE, "Each group's way to its place on the target is decided."),
        Field("security", GATE, "Every right that a flight needs is there."),
        Field("cutover", GATE, "Each wave says what takes it back, who approves it, until when."),
        Field("exit", EXIT_GATE, "When the source goes, what is kept, what an audit needs."),
    ),
)
