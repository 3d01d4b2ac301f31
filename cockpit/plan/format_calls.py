"""The calls of the plan format as tables: over HTTP, by a program, or by a person.

Never makes one.
"""

from __future__ import annotations

from typing import Final

from cockpit.plan.kinds import ARGUMENT, DURATION, TEXT, URL, Field, ListOf, Object, OneOf, words

HTTP_CALL: Final = Object(
    "http call",
    "A request that the owner's system answers with a 2xx once it is done.",
    (
        Field("url", URL, "Where to.", required=True),
        Field("method", words("POST", "PUT", "GET"), "Request method.", default="POST"),
        Field("timeout", DURATION, "How long to wait for the answer.", default="30s"),
    ),
)

CONTROL: Final = Object(
    "control",
    "How a service is moved.",
    (
        Field("http", HTTP_CALL, "A request that the owner's system answers once it is done."),
        Field(
            "command",
            ListOf(ARGUMENT, at_least=1),
            "Program and arguments; it ends with status 0 once it is done.",
        ),
        Field("manual", TEXT, "A person does it and says so."),
        Field("timeout", DURATION, "Of a command: killed after that (`30s`)."),
    ),
    variants=(("http",), ("command",), ("manual",)),
)

CLIENT_PROBE: Final = Object(
    "client probe",
    "A program that connects to the target from where the service runs, with the service's own "
    "principal: connect, authorise, fetch a schema. Status 0 says that all of it worked.",
    (
        Field("command", ListOf(ARGUMENT, at_least=1), "Program and arguments.", required=True),
        Field("timeout", DURATION, "Killed after that, and unknown.", default="20s"),
    ),
)

_HTTP: Final = HTTP_CALL.fields
_RUN: Final = (
    Field(
        "run",
        ListOf(ARGUMENT, at_least=1),
        "Program and arguments; it ends with status 0 once it is done.",
        required=True,
    ),
    Field("timeout", DURATION, "Killed after that.", default="30s"),
)

UNDO: Final = OneOf(
    "step undo",
    "What going back does about a call.",
    {
        "http": HTTP_CALL,
        "command": Object(
            "undo command", "A program is run; a list alone is what it runs.", _RUN, short="run"
        ),
        "nothing": Object("undo nothing", "There is nothing to take back.", ()),
    },
)

_UNDO: Final = Field(
    "undo",
    UNDO,
    "What going back calls, or `nothing`; said of every call before the wave's point of no return.",
)

HTTP_STEP: Final = Object("step http", "A request is made.", (*_HTTP, _UNDO))
COMMAND_STEP: Final = Object(
    "step command", "A program is run; a list alone is what it runs.", (*_RUN, _UNDO), short="run"
)

RECOVERY: Final = OneOf(
    "recovery step",
    "What may be done about a wave that can no longer go back.",
    {
        "http": Object("recovery http", "A request is made.", _HTTP),
        "command": Object(
            "recovery command", "A program is run; a list alone is what it runs.", _RUN, short="run"
        ),
        "confirm": Object(
            "recovery confirm",
            "A person answers before it goes on.",
            (Field("text", TEXT, "The question.", required=True),),
        ),
    },
)
