"""The plan format as tables: every key, what it takes and what it means.

Loader, JSON Schema and reference docs all come from here; never says anything about cross
references, which the rules do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from cockpit.core.crew import ROLES
from cockpit.plan.format_calls import CLIENT_PROBE, COMMAND_STEP, CONTROL, HTTP_STEP, RECOVERY
from cockpit.plan.format_clusters import COORDINATION, REGISTRIES, REPLICATION, SOURCE, TARGET
from cockpit.plan.format_conditions import CONDITION
from cockpit.plan.format_drills import DRILL
from cockpit.plan.format_inventory import EXCLUDED
from cockpit.plan.format_notify import NOTIFY
from cockpit.plan.format_readiness import READINESS
from cockpit.plan.kinds import (
    ARGUMENT,
    BASE_URL,
    CONFIG,
    COUNT,
    DAILY,
    DURATION,
    ENTITY_OR_ALL,
    GROUP,
    INSTANT,
    JSON_PATH,
    NAME,
    PRINCIPAL,
    PRINCIPAL_OR_ALL,
    SUBJECT_OR_ALL,
    TEXT,
    TOPIC,
    TOPIC_OR_ALL,
    URL,
    USER_OR_ALL,
    VERSION,
    Choice,
    Field,
    ListOf,
    MapOf,
    Object,
    OneOf,
    Scalar,
    words,
)

# --- signals and services -------------------------------------------------------------------------

PEOPLE: Final = Object(
    "people",
    "Who may be on a flight of this plan, and in which part. Without it only the user whose engine "
    "it is gets in, and may do everything.",
    (
        Field(
            "roles",
            MapOf(NAME, ListOf(words(*ROLES), at_least=1, unique=True, or_one=True)),
            "By user name, what he may do. `driver`: take the controls, one at a time; "
            "`commander`: veto; `checker`: pause; `scribe`: write notes; `observer`: look on. "
            "Whoever is not named is not let in.",
            required=True,
        ),
        Field(
            "unix_group",
            NAME,
            "Its members reach the engine's socket; without it only the engine's own user does.",
        ),
        Field(
            "lease",
            DURATION,
            "How long nobody may take the controls from a driver who presses no key.",
            default="60s",
        ),
        Field(
            "second_person",
            ListOf(NAME, at_least=1, unique=True),
            "Waves that nobody begins alone: another user, who is driver, checker or commander, "
            "says go first.",
        ),
        Field(
            "poll",
            ListOf(words("checker", "commander"), at_least=1, unique=True),
            "Roles that are asked for their go before any wave begins, in this order, each of "
            "another user than the driver. A no-go, or no answer within 2m, is a no.",
        ),
    ),
)

SIGNAL: Final = Object(
    "signal source",
    "A number from outside Kafka, and how it is read.",
    (
        Field("http", URL, "Address that answers with JSON."),
        Field("path", JSON_PATH, "Where the number is in the JSON body."),
        Field("prometheus", BASE_URL, "Base address of a Prometheus."),
        Field("query", TEXT, "Its instant query; it must answer with exactly one number."),
        Field(
            "command",
            ListOf(ARGUMENT, at_least=1),
            "Program and arguments; the first number that it prints counts.",
        ),
        Field(
            "unit",
            words("ratio", "count", "ms", "per_s"),
            "What the number counts.",
            default="ratio",
        ),
        Field("max_age", DURATION, "Older readings are unknown.", default="5s"),
    ),
    variants=(("http", "path"), ("prometheus", "query"), ("command",)),
)

ACCEPTANCE: Final = Object(
    "acceptance",
    "Something that a service's owner has agreed to.",
    (
        Field("why", TEXT, "Why it does no harm.", required=True),
        Field("by", TEXT, "Who accepted it.", required=True),
    ),
)

OFFSETS: Final = Object(
    "offsets",
    "How a group finds its place on the target.",
    (
        Field(
            "resume",
            words("translated", "exact", "earliest", "latest", "timestamp", "external"),
            "`translated`: by the translated commits of the replication tool. `exact`: where the "
            "group's next record is on the target, by the records themselves. `earliest`, `latest`,"
            " `timestamp`: at the target's start, its end, or the first record since `at`. "
            "`external`: kept outside Kafka; a person sets them and says so.",
            default="translated",
        ),
        Field(
            "replay_tolerance",
            COUNT,
            "Records that the owner accepts to read twice. Unsaid: none with `exact`, `earliest` "
            "and `timestamp`, else any.",
        ),
        Field("at", INSTANT, "The time of `resume: timestamp`."),
        Field(
            "accept_loss",
            ACCEPTANCE,
            "`earliest`, `latest` and `timestamp` may skip records that were not read yet.",
        ),
        Field(
            "accept_replay",
            ACCEPTANCE,
            "`earliest`, `latest` and `timestamp` may read any number of records again.",
        ),
    ),
)

SERVICE: Final = Object(
    "service",
    "One workload that moves as a whole.",
    (
        Field("name", NAME, "Unique among the services.", required=True),
        Field(
            "principal",
            PRINCIPAL,
            "Kafka principal that it connects as; Kafka tells capitals apart. Never `User:*`.",
            required=True,
        ),
        Field("owner", TEXT, "Who to call."),
        Field(
            "criticality",
            words("low", "normal", "high"),
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
        Field("probe", CLIENT_PROBE, "Shows that it can work on the target."),
    ),
)

ALLOW_INTERLEAVING: Final = Object(
    "allowed interleaving",
    "A topic that may be written on both sides for a while: no drain proof and no rollback for it.",
    (
        Field("topic", TOPIC, "Which topic.", required=True),
        Field("why", TEXT, "Why its order does not matter.", required=True),
        Field("by", TEXT, "Who accepted it.", required=True),
    ),
)

FREEZE_WINDOW: Final = Object(
    "freeze window",
    "A time in which no wave begins: once, or every day.",
    (
        Field("from", INSTANT, "Its beginning."),
        Field("to", INSTANT, "Its end; no longer part of it."),
        Field("daily", DAILY, "Every day from, and to but not at; it may pass midnight."),
        Field("why", TEXT, "What for."),
    ),
    variants=(("from", "to"), ("daily",)),
)

WAVE_WINDOW: Final = Object(
    "wave window",
    "When a wave is meant to be flown.",
    (
        Field("from", INSTANT, "Its beginning.", required=True),
        Field("to", INSTANT, "Its end.", required=True),
    ),
)

APPROVED_DIFFERENCE: Final = Object(
    "approved difference",
    "A difference between the clusters that somebody accepted. What differs is named by one key; "
    'its value may be `"*"`: every one of them.',
    (
        Field("topic", TOPIC_OR_ALL, "A topic of the plan whose config differs."),
        Field("config", CONFIG, "The topic config that differs."),
        Field("partitions", TOPIC_OR_ALL, "A topic whose partition counts differ."),
        Field("records", TOPIC_OR_ALL, "A topic whose records differ."),
        Field("acl", PRINCIPAL_OR_ALL, "A principal whose rights differ."),
        Field("quota", ENTITY_OR_ALL, "An entity whose quotas differ, as the checks name it."),
        Field("user", USER_OR_ALL, "A user whose SCRAM credentials differ."),
        Field("schema", SUBJECT_OR_ALL, "A subject whose schemas differ."),
        Field("why", TEXT, "Why it may differ.", required=True),
        Field("by", TEXT, "Who accepted it.", required=True),
    ),
    variants=(
        ("topic", "config"),
        *((key,) for key in ("partitions", "records", "acl", "quota", "user", "schema")),
    ),
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
                    "How long the fence may stand before the start is intended.",
                    default="60s",
                ),
                Field(
                    "at_zero",
                    words("unfence", "hold"),
                    "What happens then: the wave goes back, or it is an alarm and the fence stays.",
                    default="unfence",
                ),
                Field(
                    "by",
                    words("acl", "stop"),
                    "What refuses: an ACL; or nothing, the writers are stopped and watched.",
                    default="acl",
                ),
                Field(
                    "deny",
                    words("all", "producers"),
                    "Whose writes: everybody's, or those of the wave's principals.",
                    default="all",
                ),
            ),
        ),
        "drain": _timed_step("drain", "Everything on the source has arrived on the target.", "60s"),
        "offsets": _timed_step("offsets", "The groups get their place on the target.", "60s"),
        "probe": _timed_step(
            "probe",
            "A shadow consumer reads each group's next record on the target and compares it with "
            "the source's, without joining or committing.",
            "60s",
        ),
        "start": _timed_step("start", "The services start on the target.", "120s"),
        "soak": Object(
            "step soak",
            "For a time the wave's gates of lag and of signals hold, its triggers are quiet and "
            "its services at work.",
            (Field("for", DURATION, "How long.", required=True),),
        ),
        "confirm": Object(
            "step confirm",
            "A person answers before the wave goes on.",
            (Field("text", TEXT, "The question.", required=True),),
        ),
        "drill": DRILL,
        "http": HTTP_STEP,
        "command": COMMAND_STEP,
        "reverse": Object(
            "step reverse",
            "A second mirror brings what is written on the target back to the source.",
            (
                Field(
                    "connector",
                    NAME,
                    "The MirrorSourceConnector in the other direction, for the wave's topics.",
                    required=True,
                ),
                Field(
                    "forward",
                    words("excluded", "kept"),
                    "What becomes of the topics in the forward mirror's filter first.",
                    default="excluded",
                ),
                Field(
                    "start_at",
                    words("drained", "earliest", "latest"),
                    "Where on the target it begins; `drained`: at the end that drain proved.",
                    default="drained",
                ),
                Field("timeout", DURATION, "Fails after that.", default="60s"),
            ),
        ),
        "promote": Object(
            "step promote",
            "Topics of a link become ordinary topics of the target. There is no way back.",
            (
                Field(
                    "topics",
                    ListOf(TOPIC, at_least=1, unique=True),
                    "Which; without it all that the wave's services read or write.",
                ),
                Field(
                    "accept_loss",
                    ACCEPTANCE,
                    "What somebody outside the plan still writes on the source to a named topic "
                    "stays there.",
                ),
                Field("timeout", DURATION, "Fails after that.", default="60s"),
            ),
        ),
    },
    unbuilt=("connect", "topic_config", "acls"),
)

_SIDE = words("source", "target")

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
            words("ask", "pause", "rollback"),
            "What happens by itself when one fires: `rollback`: the wave goes back, where that "
            "loses nothing; else, and with the two others, it pauses, and a person decides.",
            default="ask",
        ),
        Field(
            "after_no_return",
            words("rollback", "pause"),
            "A wave that produces says `pause` with `on_trigger: rollback`: once going back would "
            "lose records it pauses.",
            default="rollback",
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
        Field(
            "rollback_window",
            DURATION,
            "How long after its end the wave can be taken back, and its triggers are evaluated. "
            "Unsaid: as long as nothing else closes the way.",
        ),
        Field("window", WAVE_WINDOW, "When it is meant to be flown."),
        Field(
            "recovery",
            ListOf(RECOVERY, at_least=1),
            "What may be done, one after the other, about a wave in trouble that has crossed its "
            "point of no return.",
        ),
    ),
)

PLAN: Final = Object(
    "plan",
    "A whole migration.",
    (
        Field("cockpit", VERSION, "Version of this format.", required=True),
        Field("name", NAME, "Name of the migration.", required=True),
        Field("environment", NAME, "A word shown on every screen, such as PROD."),
        Field(
            "drills",
            words("refused", "allowed"),
            "Whether drills may break something.",
            default="refused",
        ),
        Field("source", SOURCE, "The cluster that is left.", required=True),
        Field("target", TARGET, "The cluster that is moved to.", required=True),
        Field("replication", REPLICATION, "What copies the records.", required=True),
        Field("registries", REGISTRIES, "The schema registries."),
        Field("signals", MapOf(NAME, SIGNAL), "Numbers for gates and triggers, by name."),
        Field("services", ListOf(SERVICE, at_least=1), "What moves.", required=True),
        Field(
            "approved_differences",
            ListOf(APPROVED_DIFFERENCE),
            "Differences between the clusters that are accepted.",
        ),
        Field("excluded", ListOf(EXCLUDED), "What is not moved, on purpose."),
        Field(
            "allow_interleaving",
            ListOf(ALLOW_INTERLEAVING),
            "Topics whose producers may move apart.",
        ),
        Field("freeze_windows", ListOf(FREEZE_WINDOW), "When no wave begins."),
        Field("people", PEOPLE, "Who may be on its flights."),
        Field("readiness", READINESS, "Who owns the gates before the first wave."),
        Field("coordination", COORDINATION, "How another host can take a flight over."),
        Field("notify", NOTIFY, "Who is told outside of the screens."),
        Field("waves", ListOf(WAVE, at_least=1), "In which order it moves.", required=True),
    ),
)


def _plan_without(*keys: str) -> Object:
    """A plan in which these may be absent."""
    fields = tuple(replace(f, required=False) if f.key in keys else f for f in PLAN.fields)
    return replace(PLAN, fields=fields)


PLAN_WITHOUT_WAVES: Final = _plan_without("waves")
"""The same, whose waves are still to be found."""

PLAN_OF_CLUSTERS: Final = _plan_without("services", "waves")
"""The same, of which only the clusters and what stands beside them need be known."""


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
