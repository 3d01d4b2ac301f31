"""The part of the plan format about what a migration leaves out, as tables.

Never says anything about cross references, which the rules do.
"""

from __future__ import annotations

from typing import Final

from cockpit.plan.kinds import TEXT, Field, Object, text_like, words

_PART = text_like("a name, or its beginning and *", r".*\S.*", limit=255)

EXCLUDED: Final = Object(
    "excluded item",
    "Something on the clusters that is not moved. One key says what it is; its value is a name, or "
    "the beginning of names and `*`.",
    (
        Field(
            "topic",
            _PART,
            "A topic; its subjects, its ACLs and who only reads it go with it. A group of the plan "
            "that reads it too has no place there afterwards.",
        ),
        Field("group", _PART, "A consumer group."),
        Field("producer", _PART, "A topic that somebody writes who is no service of the plan."),
        Field("acl", _PART, "A principal with ACLs."),
        Field("quota", _PART, "A user or an entity with a quota."),
        Field("user", _PART, "A user with SCRAM credentials."),
        Field("schema", _PART, "A subject."),
        Field("connector", _PART, "A connector."),
        Field(
            "as",
            words("leave", "drop"),
            "It stays where it is, or nobody needs it any more.",
            default="leave",
        ),
        Field("why", TEXT, "Why it is not moved.", required=True),
        Field("by", TEXT, "Who decided that.", required=True),
    ),
    variants=(
        *((key,) for key in ("topic", "group", "producer", "acl", "quota", "user", "schema")),
        ("connector",),
    ),
)
