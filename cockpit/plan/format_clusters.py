"""The part of the plan format about clusters and what stands beside them, as tables.

Never says anything about cross references, which the rules do.
"""

from __future__ import annotations

from typing import Final

from cockpit.plan.kinds import (
    ARN,
    BASE_URL,
    BOOTSTRAP,
    FILE,
    GROUP,
    NAME,
    REGION,
    SECRET,
    TEXT,
    TOPIC,
    URL,
    USERNAME,
    ZOOKEEPER_PATH,
    Field,
    ListOf,
    Object,
    words,
)

OAUTH: Final = Object(
    "oauth",
    "An identity provider that hands out tokens by OAuth 2's client credentials grant.",
    (
        Field("endpoint", URL, "Its token endpoint.", required=True),
        Field("client_id", USERNAME, "Who asks.", required=True),
        Field("client_secret", SECRET, "Where the client's secret is kept.", required=True),
        Field("scope", TEXT, "What is asked for; scopes are separated by a space."),
        Field("ca", FILE, "PEM file of the authorities to trust; without it the system's."),
    ),
)

SECURITY: Final = Object(
    "security",
    "How to connect to a cluster.",
    (
        Field(
            "protocol",
            words("plaintext", "ssl", "sasl_plaintext", "sasl_ssl"),
            "Kafka's security protocol.",
            required=True,
        ),
        Field(
            "mechanism",
            words("plain", "scram-sha-256", "scram-sha-512", "oauthbearer", "aws-msk-iam"),
            "SASL mechanism.",
        ),
        Field("username", USERNAME, "The principal that the cockpit logs in with."),
        Field("password", SECRET, "Where its password is kept."),
        Field("token", SECRET, "`oauthbearer`: where a token is kept; read for each login."),
        Field("oauth", OAUTH, "`oauthbearer`: who hands out tokens."),
        Field("region", REGION, "`aws-msk-iam`: the cluster's region."),
        Field("ca", FILE, "PEM file of the authorities to trust; without it the system's."),
        Field("cert", FILE, "PEM file of the client certificate."),
        Field("key", FILE, "PEM file of the client certificate's key."),
    ),
)

CANARY: Final = Object(
    "canary",
    "A principal that is not a super user: that it may no longer write proves a fence.",
    (
        Field("username", USERNAME, "Its user name, as in its principal.", required=True),
        Field("password", SECRET, "Where its password is kept."),
        Field("token", SECRET, "`oauthbearer`: where its token is kept."),
    ),
    variants=(("password",), ("token",)),
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

ZOOKEEPER: Final = Object(
    "zookeeper",
    "Where the consumers of a Kafka before 0.9 register. It is read, and nothing is written there.",
    (
        Field(
            "servers",
            ListOf(BOOTSTRAP, at_least=1, unique=True),
            "Its servers, each with its port.",
            required=True,
        ),
        Field("root", ZOOKEEPER_PATH, "The path under which the cluster keeps everything."),
    ),
)

SOURCE: Final = Object(
    "source",
    "The cluster that is left.",
    (
        *_CLUSTER_FIELDS,
        Field("canary", CANARY, "Verifies fences; needed where a wave fences."),
        Field("zookeeper", ZOOKEEPER, "Before 0.9: where to look for the members of groups."),
    ),
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

FIRST_HOP: Final = Object(
    "first hop",
    "What brings the records from the source to a cluster in between, where the source is too old "
    "for MirrorMaker 2. Offsets say nothing then: how far the target is, is found in the records.",
    (
        Field("group", GROUP, "Its consumer group on the source.", required=True),
        *_CLUSTER_FIELDS,
    ),
)

REPLICATION: Final = Object(
    "replication",
    "What copies the records.",
    (
        Field(
            "kind",
            words("mirrormaker2", "link", "msk-replicator", unbuilt=("automq-link",)),
            "The tool; `link`: on the target, with a proxy for producers.",
            required=True,
        ),
        Field("connect", URL, "`mirrormaker2`: base address of Connect's REST interface."),
        Field("connectors", CONNECTORS, "`mirrormaker2`: the connectors."),
        Field(
            "first_hop",
            FIRST_HOP,
            "`mirrormaker2`: the connectors read a cluster in between, and this brings the records "
            "there.",
        ),
        Field("url", BASE_URL, "`link`: base address of the interface that manages links."),
        Field("name", NAME, "`link`: its name."),
        Field(
            "api",
            words("stand-in", "confluent"),
            "`link`: whose interface `url` is: that of the lab's stand-in, or of Confluent Cluster "
            "Linking (REST v3). Without it the plan is proved, and not flown.",
        ),
        Field("cluster", NAME, "`link`: id of the target cluster, with `api: confluent`."),
        Field("username", USERNAME, "`link`: who logs in at `url`, where it asks (HTTP Basic)."),
        Field("password", SECRET, "`link`: where that password is kept."),
        Field("arn", ARN, "`msk-replicator`: its resource name."),
        Field("region", REGION, "`msk-replicator`: its region."),
        Field(
            "policy",
            words("identity", unbuilt=("default", "custom")),
            "How topics are named on the target: unchanged.",
            default="identity",
        ),
    ),
    decides="kind",
    variants=(("connect", "connectors"), ("url", "name"), ("arn", "region")),
)

REGISTRY: Final = Object(
    "registry",
    "A schema registry that speaks Confluent's REST interface.",
    (
        Field("url", BASE_URL, "Its base address, with the path of that interface.", required=True),
        Field("username", USERNAME, "Who logs in, where it asks for that (HTTP Basic)."),
        Field("password", SECRET, "Where the password is kept."),
        Field("ca", FILE, "PEM file of the authorities to trust; without it the system's."),
    ),
)

REGISTRIES: Final = Object(
    "registries",
    "The schema registries beside the clusters.",
    (
        Field("source", REGISTRY, "Used by the services on the source."),
        Field("target", REGISTRY, "Used by the services on the target."),
    ),
)

COORDINATION: Final = Object(
    "coordination",
    "A topic that the journal of each flight is written to as well, so that another host can take "
    "the flight over. It has one partition, is never cleaned, and is made where it is missing.",
    (
        Field("topic", TOPIC, "Its name; several plans may share it.", required=True),
        Field(
            "cluster",
            words("target", "source"),
            "Where it is. The target is needed to go forward in any case, and is what stays.",
            default="target",
        ),
    ),
)
