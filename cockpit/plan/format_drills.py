"""Drills: what a plan may break on purpose, and who is to notice. A table, like `format`'s."""

from __future__ import annotations

from typing import Final

from cockpit.plan.format_calls import HTTP_CALL
from cockpit.plan.kinds import DRILLED, DURATION, TEXT, WHICH, Field, Object, words

_EXPECT: Final = Object(
    "expectation",
    "Who is to notice a drill.",
    (
        Field("gate", WHICH, "A gate of the wave passes no more."),
        Field("trigger", WHICH, "A trigger of the wave fires; it takes nothing back meanwhile."),
        Field("alarm", TEXT, "An alarm is raised whose subject begins so."),
    ),
    variants=(("gate",), ("trigger",), ("alarm",)),
)

DRILL: Final = Object(
    "step drill",
    "Something is broken on purpose; it must be noticed in time, is mended, and all must be good "
    "again. Only with `drills: allowed`, in a rehearsal or with all clusters on this machine.",
    (
        Field(
            "do",
            words("stop-task", "kill-broker", "cut-connection", "call"),
            "A connector's tasks pause; a lab's broker is killed; the cockpit's own connections to "
            "a side are cut; the owner's system is called to break a service.",
            required=True,
        ),
        Field("on", DRILLED, "The connector, broker, side or service.", required=True),
        Field("break", HTTP_CALL, "Of a `call`: what breaks the service."),
        Field("mend", HTTP_CALL, "Of a `call`: what mends it; it may be called twice."),
        Field("expect", _EXPECT, "Who is to notice.", required=True),
        Field("within", DURATION, "How soon.", default="30s"),
        Field("timeout", DURATION, "For mending, and until all is good again.", default="3m"),
    ),
)
