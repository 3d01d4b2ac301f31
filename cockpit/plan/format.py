"""The plan format as tables: every key, what it takes and what it means.

Loader, JSON Schema and reference docs all come from here; never says anything about cross
references, which the rules do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cockpit.plan.kinds import (
    BOOTSTRAP,
    CONFIG,
    COUNT,
    DURATION,
    FILE,
    GROUP,
    JSON_PATH,
    LIMIT,
    NAME,
    PRINCIPAL,
    SECRET,
    TEXT,
    TOPIC,
    TOPIC_OR_ALL,
    URL,
    USERNAME,
    VERSION,
    WINDOW,
    Choice,
    Field,
    ListOf,
    MapOf,
    Object,
    OneOf,
    Scalar,
)

_FREEZE = ("freeze", "freeze_windows")


def _words(*words: str, unbuilt: tuple[str, ...] = ()) -> Choice:
    return Choice({word: word for word in words}, unbuilt)


# --- clusters -------------------------------------------------------------------------------------

SECURITY: Final = Object(
    "security",
    "How to connect to a cluster.",
    (
        Field(
            "protocol",
            _words("plaintext", "ssl", "sasl_plaintext", "sasl_ssl"),
            "Kafka's security protocol.",
            required=True,
        ),
        Field(
            "mechanism",
            _words(
                "plain",
                "scram-sha-256",
                "scram-sha-512",
                unbuilt=("oauthbearer", "aws_msk_iam", "aws-msk-iam"),
            ),
            "SASL mechanism.",
        ),
        Field("username", USERNAME, "The principal that the cockpit logs in with."),
        Field("password", SECRET, "Where its password is kept."),
        Field("ca", FILE, "PEM file of the authorities to trust; without it the system's."),
        Field("cert", FILE, "PEM file of the client certificate."),
        Field("key", FILE, "PEM file of the client certificate's key."),
    ),
)

CANARY: Final = Object(
    "canary",
    "A principal that is not a super user: that it may no longer write proves a fence.",
    (
        Field("username", USERNAME, "Its user name.", required=True),
        Field("password", SECRET, "Where its password is kept.", required=True),
    ),
)

_CLUSTER_FIELDS = (
    Field(
        "bootstrap",
        ListOf(BOOTSTRAP, at_least=1, unique=True),
        "Brokers to ask first.",
        required=True,
    ),
    Field("security", SECURITY, "How to connect.", required=True),
)

SOURCE: Final = Object(
    "source",
    "The cluster that is left.",
    (*_CLUSTER_FIELDS, Field("canary", CANARY, "Verifies fences; needed where a wave fences.")),
)

TARGET: Final = Object("target", "The cluster that is moved to.", _CLUSTER_FIELDS)

CONNECTORS: Final = Object(
    "connectors",
    "Names of MirrorMaker 2's connectors in Connect.",
    (
        Field("source", NAME, "The MirrorSourceConnector.", required=True),
        Field("checkpoint", NAME, "The MirrorCheckpointConnector.", required=True),
    ),
)

REPLICATION: Final = Object(
    "replication",
    "What copies the records.",
    (
        Field(
            "kind",
            _words(
                "mirrormaker2",
                unbuilt=("msk-replicator", "link", "automq-link"),
            ),
            "The tool.",
            required=True,
        ),
        Field("connect", URL, "Base address of Connect's REST interface.", required=True),
        Field("connectors", CONNECTORS, "The connectors.", required=True),
        Field(
            "policy",
            _words("identity", unbuilt=("default", "custom")),
            "How topics are named on the target: unchanged.",
            default="identity",
        ),
    ),
    decides="kind",
)

# --- signals and services -------------------------------------------------------------------------

SIGNAL: Final = Object(
    "signal source",
    "A number read over HTTP as JSON.",
    (
        Field("http", URL, "Address that answers with JSON.", required=True),
        Field("path", JSON_PATH, "Where the number is in the JSON body.", required=True),
        Field(
            "unit",
            _words("ratio", "count", "ms", "per_s"),
            "What the number counts.",
            default="ratio",
        ),
        Field("max_age", DURATION, "Older readings are unknown.", default="5s"),
    ),
    unbuilt=("prometheus", "query", "command"),
)

HTTP_CALL: Final = Object(
    "http call",
    "A request that the owner's system answers with a 2xx once it is done.",
    (
        Field("url", URL, "Where to.", required=True),
        Field("method", _words("POST", "PUT", "GET"), "Request method.", default="POST"),
        Field("timeout", DURATION, "How long to wait for the answer.", default="30s"),
    ),
)

CONTROL: Final = OneOf(
    "control",
    "How a service is moved.",
    {"http": HTTP_CALL, "manual": TEXT},
    unbuilt=("command",),
)

OFFSETS: Final = Object(
    "offsets",
    "How a group finds its place on the target.",
    (
        Field(
            "resume",
            _words("translated", unbuilt=("exact", "timestamp", "earliest", "latest", "external")),
            "By the translated commits of the replication tool.",
            default="translated",
        ),
        Field("replay_tolerance", COUNT, "Records that the owner accepts to read twice."),
    ),
)

SERVICE: Final = Object(
    "service",
    "One workload that moves as a whole.",
    (
        Field("name", NAME, "Unique among the services.", required=True),
        Field("principal", PRINCIPAL, "Kafka principal that it connects as.", required=True),
        Field("owner", TEXT, "Who to call."),
        Field(
            "criticality",
            _words("low", "normal", "high"),
            "How much a failure would hurt.",
            default="normal",
        ),
        Field("produces", ListOf(TOPIC, at_least=1, unique=True), "Topics that it writes."),
        Field("consumes", ListOf(TOPIC, at_least=1, unique=True), "Topics that it reads."),
        Field("group", GROUP, "Its consumer group."),
        Field("offsets", OFFSETS, "How its group resumes."),
        Field("stop", CONTROL, "Stops it on the source.", required=True),
        Field("start", CONTROL, "Starts it on the target.", required=True),
        Field("undo", CONTROL, "Starts it on the source again.", required=True),
    ),
    unbuilt=("allow_interleaving",),
)

APPROVED_DIFFERENCE: Final = Object(
    "approved difference",
    "A difference between the clusters that somebody accepted.",
    (
        Field("topic", TOPIC_OR_ALL, 'A topic of the plan, or `"*"` for all.', required=True),
        Field("config", CONFIG, "The topic config that differs.", required=True),
        Field("why", TEXT, "Why it may differ.", required=True),
        Field("by", TEXT, "Who accepted it.", required=True),
    ),
)

# --- gates ----------------------------------------------------------------------------------------


def _condition(
    name: str, doc: str, *fields: Field, max_age: str, unbuilt: tuple[str, ...] = ()
) -> Object:
    return Object(
        f"condition {name}",
        doc,
        (
            *fields,
            Field("for", WINDOW, "How long it must hold without a break.", default="0s"),
            Field("max_age", DURATION, "Older evidence is unknown.", default=max_age),
        ),
        unbuilt=("deadline", *unbuilt),
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
            Field("groups", _words("wave"), "Which groups.", default="wave"),
            Field("max_reread", COUNT, "Records read again.", required=True),
            Field("max_skipped", COUNT, "Records skipped.", default="0"),
            max_age="5s",
        ),
        "parity": _condition(
            "parity",
            "No open difference between the clusters for what the plan names.",
            Field("topics", _ALL_OR_NONE, "Topics and their configs.", default="all"),
            Field("acls", _ALL_OR_NONE, "Who may do what.", default="all"),
            max_age="60s",
            unbuilt=("schemas", "quotas"),
        ),
        "signal": _condition(
            "signal",
            "A signal at or under its limit.",
            Field("name", NAME, "One of the plan's signals.", required=True),
            Field("max", LIMIT, "The limit, in the signal's unit.", required=True),
            max_age="5s",
        ),
    },
    unbuilt=("records",),
)

# --- waves ----------------------------------------------------------------------------------------


def _timed_step(name: str, doc: str, timeout: str) -> Object:
    return Object(
        f"step {name}", doc, (Field("timeout", DURATION, "Fails after that.", default=timeout),)
    )


STEP: Final = OneOf(
    "step",
    "What a wave does, one after the other.",
    {
        "stop": _timed_step("stop", "The services stop on the source.", "60s"),
        "fence": Object(
            "step fence",
            "The topics that the wave produces refuse writes on the source.",
            (
                Field(
                    "deadline",
                    DURATION,
                    "How long clients may be blocked before the start is intended.",
                    default="60s",
                ),
                Field(
                    "at_zero",
                    _words("unfence", "hold"),
                    "What happens at the deadline.",
                    default="unfence",
                ),
                Field("by", _words("acl", unbuilt=("stop",)), "What refuses.", default="acl"),
            ),
        ),
        "drain": _timed_step("drain", "Everything on the source has arrived on the target.", "60s"),
        "offsets": _timed_step("offsets", "The groups get their place on the target.", "60s"),
        "start": _timed_step("start", "The services start on the target.", "120s"),
        "soak": Object(
            "step soak",
            "The wave's gates hold for a time.",
            (Field("for", DURATION, "How long.", required=True),),
        ),
        "confirm": Object(
            "step confirm",
            "A person answers before the wave goes on.",
            (Field("text", TEXT, "The question.", required=True),),
        ),
    },
    unbuilt=("connect", "topic_config", "acls", "http", "command", "drill", "probe"),
)

_SIDE = _words("source", "target")

WRITE_OWNER: Final = Object(
    "write owner",
    "Which side owns the writes of the wave's topics.",
    (
        Field("before", _SIDE, "Before the wave.", required=True),
        Field("after", _SIDE, "After it.", required=True),
    ),
)

ROLLBACK: Final = Object(
    "rollback",
    "What makes a wave go back.",
    (
        Field("triggers", ListOf(CONDITION), "Any of them is enough."),
        Field(
            "on_trigger",
            _words("ask", "pause", "rollback"),
            "What happens by itself when one fires.",
            default="ask",
        ),
    ),
)

WAVE: Final = Object(
    "wave",
    "Services that move together.",
    (
        Field("name", NAME, "Unique among the waves.", required=True),
        Field(
            "services",
            ListOf(NAME, at_least=1, unique=True),
            "Names of the services that move.",
            required=True,
        ),
        Field("write_owner", WRITE_OWNER, "Which side owns writes.", required=True),
        Field("steps", ListOf(STEP, at_least=1), "What is done, in order.", required=True),
        Field("gates", ListOf(CONDITION), "All must hold before the wave advances."),
        Field("rollback", ROLLBACK, "What makes it go back."),
        Field("approvers", ListOf(TEXT, at_least=1, unique=True), "Who may approve it."),
        Field("rollback_window", DURATION, "How long going back is planned for."),
    ),
    unbuilt=("allow_interleaving", *_FREEZE),
)

PLAN: Final = Object(
    "plan",
    "A whole migration.",
    (
        Field("cockpit", VERSION, "Version of this format.", required=True),
        Field("name", NAME, "Name of the migration.", required=True),
        Field("environment", NAME, "A word shown on every screen, such as PROD."),
        Field("source", SOURCE, "The cluster that is left.", required=True),
        Field("target", TARGET, "The cluster that is moved to.", required=True),
        Field("replication", REPLICATION, "What copies the records.", required=True),
        Field("signals", MapOf(NAME, SIGNAL), "Numbers for gates and triggers, by name."),
        Field("services", ListOf(SERVICE, at_least=1), "What moves.", required=True),
        Field(
            "approved_differences",
            ListOf(APPROVED_DIFFERENCE),
            "Differences between the clusters that are accepted.",
        ),
        Field("waves", ListOf(WAVE, at_least=1), "In which order it moves.", required=True),
    ),
    unbuilt=("registries", "allow_interleaving", *_FREEZE),
)


def _objects() -> Mapping[str, Object | OneOf]:
    """Every object and choice of the format by name, in the order of the reference docs."""
    found: dict[str, Object | OneOf] = {}

    def visit(kind: object) -> None:
        match kind:
            case Object():
                found.setdefault(kind.name, kind)
                for field in kind.fields:
                    visit(field.kind)
            case OneOf():
                found.setdefault(kind.name, kind)
                for option in kind.options.values():
                    visit(option)
            case ListOf() | MapOf():
                visit(kind.kind)
            case Choice() | Scalar() | _:
                return

    visit(PLAN)
    return found


OBJECTS: Final = _objects()
