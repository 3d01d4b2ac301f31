"""Where the two clusters and their registries are, and how to connect. Values only; part of
`cockpit.core.plan`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cockpit.core.replication import Login
from cockpit.core.secretref import SecretRef


@dataclass(frozen=True, slots=True)
class TokenSource:
    """Where an OAUTHBEARER token comes from: kept somewhere, or asked of an identity provider."""

    token: SecretRef | None = None
    """A token that somebody else renews; it is read again for each login."""
    endpoint: str = ""
    """OAuth 2 token endpoint for the client credentials grant."""
    client_id: str = ""
    client_secret: SecretRef | None = None
    scope: str = ""
    ca_file: str | None = None
    """Authorities that the endpoint's certificate is verified by; None: the system's."""


@dataclass(frozen=True, slots=True)
class Security:
    """How to connect to one cluster."""

    protocol: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = "plaintext"
    mechanism: (
        Literal["plain", "scram-sha-256", "scram-sha-512", "oauthbearer", "aws-msk-iam"] | None
    ) = None
    login: Login | None = None
    oauth: TokenSource | None = None
    """Only with `oauthbearer`."""
    region: str = ""
    """AWS region, only with `aws-msk-iam`."""
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None


@dataclass(frozen=True, slots=True)
class ZooKeeperSpec:
    """Where consumers of an old Kafka register."""

    servers: tuple[str, ...]
    """`host:port` each."""
    root: str = ""
    """The path under which the cluster keeps everything, such as `/kafka`; empty: none."""


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """One side of the move."""

    bootstrap: tuple[str, ...]
    """`host:port` each."""
    security: Security
    canary: Login | None = None
    """A principal that is not a super user; its authorised operations prove a fence. Source
    only."""
    zookeeper: ZooKeeperSpec | None = None
    """Read for the members of groups that brokers do not know. Source only."""


@dataclass(frozen=True, slots=True)
class FirstHop:
    """What brings the source's records to a cluster in between, which the plan's mirror reads: it
    has offsets of its own there, and chooses partitions anew."""

    group: str
    """Its consumer group on the source."""
    between: ClusterSpec


@dataclass(frozen=True, slots=True)
class RegistrySpec:
    """A schema registry that speaks the Confluent REST interface."""

    url: str
    """With the path of the compatible interface, where the registry has one."""
    login: Login | None = None
    ca_file: str | None = None
