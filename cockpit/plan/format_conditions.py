"""Gates and triggers: what a plan may ask of the clusters before, while and after a wave moves.

A table; `cockpit.plan.format` holds all others.
"""

from __future__ import annotations

from typing import Final

from cockpit.plan.kinds import (
    COUNT,
    DURATION,
    LIMIT,
    NAME,
    PEAK,
    WINDOW,
    Choice,
    Field,
    ListOf,
    Object,
    OneOf,
    words,
)

_OVER: Final = (
    Field(
        "over",
        DURATION,
        "Instead of `for`, of a gate: every sample of this long was good, also those that earlier "
        "sessions have kept.",
    ),
    Field(
        "including",
        ListOf(PEAK, at_least=1, or_one=True),
        "With `over`: hours of which one whole occurrence must lie inside, and be looked through.",
    ),
    Field(
        "max_gap",
        DURATION,
        "With `over`: the longest time without a known value. Unsaid: a tenth of `over`, or "
        "`max_age` where that is longer; at most 5m, and a quarter of the shortest of its hours.",
    ),
)


def _condition(name: str, doc: str, *fields: Field, max_age: str, windowed: bool = True) -> Object:
    return Object(
        f"condition {name}",
        doc,
        (
            *fields,
            Field("for", WINDOW, "How long it must hold without a break.", default="0s"),
            Field("max_age", DURATION, "Older evidence is unknown.", default=max_age),
            *(_OVER if windowed else ()),
        ),
        unbuilt=("deadline",),
    )


_ALL_OR_NONE = Choice({"all": True, "none": False})

CONDITION: Final = OneOf(
    "condition",
    "Holds or not; as a trigger it fires when it is broken for the whole time.",
    {
        "replication_lag": _condition(
            "replication_lag",
            "Largest lag of any partition that the wave reads or writes.",
            Field("max", COUNT, "Records.", required=True),
            max_age="5s",
        ),
        "group_lag": _condition(
            "group_lag",
            "Largest total lag of any group of the wave, on the side where it runs.",
            Field("max", COUNT, "Records.", required=True),
            max_age="5s",
        ),
        "offset_delta": _condition(
            "offset_delta",
            "What the wave's groups would read again or skip if they moved now.",
            Field("groups", words("wave"), "Which groups.", default="wave"),
            Field("max_reread", COUNT, "Records read again.", required=True),
            Field("max_skipped", COUNT, "Records skipped.", default="0"),
            max_age="5s",
        ),
        "parity": _condition(
            "parity",
            "No open difference between the clusters for what the plan names.",
            Field("topics", _ALL_OR_NONE, "Topics and their configs.", default="all"),
            Field("acls", _ALL_OR_NONE, "Who may do what.", default="all"),
            Field("schemas", _ALL_OR_NONE, "Schemas of the registries.", default="none"),
            Field("quotas", _ALL_OR_NONE, "Client quotas.", default="none"),
            Field("users", _ALL_OR_NONE, "SCRAM credentials.", default="none"),
            Field("records", _ALL_OR_NONE, "The records themselves, by sample.", default="none"),
            max_age="60s",
            windowed=False,
        ),
        "signal": _condition(
            "signal",
            "A signal at or under its limit.",
            Field("name", NAME, "One of the plan's signals.", required=True),
            Field("max", LIMIT, "The limit, in the signal's unit.", required=True),
            max_age="5s",
        ),
        "client_probe": Object(
            "condition client_probe",
            "The probe of each service of the wave has passed. Only a gate.",
            (Field("max_age", DURATION, "Older runs are unknown.", default="10m"),),
        ),
    },
    unbuilt=("records",),
)
