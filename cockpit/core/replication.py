"""What copies the records, as a plan names it. Values only; part of `cockpit.core.plan`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cockpit.core.secretref import SecretRef


@dataclass(frozen=True, slots=True)
class Login:
    """One principal's credentials at one cluster."""

    username: str
    password: SecretRef


ReplicationKind = Literal["mirrormaker2", "link", "msk-replicator"]
LinkApiWord = Literal["stand-in", "confluent"]


@dataclass(frozen=True, slots=True)
class Replication:
    """What copies the records. `kind` says which of the other fields are given.

    `mirrormaker2`: `connect` and both connectors. `link`, on the target, with a proxy for
    producers: `url`, `name` and `api`. `msk-replicator`: `arn` and `region`.
    """

    connect: str = ""
    """Base URL of Connect's REST interface."""
    source_connector: str = ""
    checkpoint_connector: str = ""
    kind: ReplicationKind = "mirrormaker2"
    policy: Literal["identity"] = "identity"
    url: str = ""
    """Base URL of the interface that manages links."""
    name: str = ""
    api: LinkApiWord | Literal[""] = ""
    """Whose interface that is; empty: not said, and nobody can ask it."""
    cluster: str = ""
    """Id of the cluster that the link is on, where its interface serves several."""
    login: Login | None = None
    """Of that interface."""
    arn: str = ""
    region: str = ""

    @property
    def movers(self) -> tuple[str, ...]:
        """Names of what the tool tells of itself; the first one copies the records."""
        match self.kind:
            case "mirrormaker2":
                return self.source_connector, self.checkpoint_connector
            case "link":
                return (self.name,)
            case "msk-replicator":
                return (self.arn,)
