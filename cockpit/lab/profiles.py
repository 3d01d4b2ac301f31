"""What a lab can be: versions and security of both clusters, the mirror between them, the workload.

Values only: never starts anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from cockpit.lab.bank import BANK
from cockpit.lab.clickstream import CLICKSTREAM
from cockpit.lab.grid import GRID
from cockpit.lab.home import LabError
from cockpit.lab.releases import RELEASES
from cockpit.lab.tournament import TOURNAMENT
from cockpit.lab.wavesshop import WAVES_SHOP
from cockpit.lab.workload import SHOP, Side, Workload

ClusterSecurity = Literal["scram", "scram_tls", "plaintext", "mtls"]
"""All but `plaintext` have ACLs; that has no authorizer: everybody may do everything."""
BY_PASSWORD: Final = ("scram", "scram_tls")


@dataclass(frozen=True, slots=True)
class ClusterProfile:
    """One side: a Kafka version, and how its clients log in."""

    version: str
    security: ClusterSecurity

    @property
    def is_before_groups(self) -> bool:
        """Whether its brokers know no members of groups: clients keep to ZooKeeper instead."""
        return self.version.startswith("0.8.")


@dataclass(frozen=True, slots=True)
class MirrorProfile:
    """What copies the source's records: `mirrormaker2` runs on Connect of this version; `link` is
    the lab's own stand-in for one, and has none."""

    kind: Literal["mirrormaker2", "link"]
    version: str = ""
    first_hop: bool = False
    """Whether the source's own MirrorMaker brings the records to a cluster in between, of this
    version, which `mirrormaker2` reads in the source's place."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A lab as it is asked for."""

    name: str
    what: str
    """For those who choose one."""
    source: ClusterProfile
    target: ClusterProfile
    mirror: MirrorProfile
    workload: Workload
    hosts: int | None = None
    """Processes that share the services; None: one for each of them."""
    surroundings: bool = False
    """Whether there are two schema registries, a Connect beside the source, and a Prometheus."""

    @property
    def zookeeper(self) -> bool:
        """Whether the source has one; else it is its own controller."""
        return RELEASES[self.source.version].zookeeper

    def cluster(self, side: Side) -> ClusterProfile:
        """One of the two clusters."""
        return self.source if side == "source" else self.target

    def host_of(self, service: str) -> str:
        """Name of the process that runs a service."""
        if self.hosts is None:
            return service
        names = [work.name for work in self.workload.works]
        return f"services-{names.index(service) % self.hosts + 1}"

    def hosted(self) -> Mapping[str, tuple[str, ...]]:
        """The services of each process, by the process's name."""
        found: dict[str, tuple[str, ...]] = {}
        for work in self.workload.works:
            host = self.host_of(work.name)
            found[host] = (*found.get(host, ()), work.name)
        return found


DEFAULT: Final = Profile(
    name="default",
    what="2.8.2 to 4.3.1, SCRAM and ACLs on both, MirrorMaker 2; eight services",
    source=ClusterProfile("2.8.2", "scram"),
    target=ClusterProfile("4.3.1", "scram"),
    mirror=MirrorProfile("mirrormaker2", "4.3.1"),
    workload=SHOP,
)
VOLTUS: Final = Profile(
    name="voltus",
    what="1.0.2 without ACLs to 4.3.1 with mTLS and ACLs, MirrorMaker 2 of 3.9.2; 100 services",
    source=ClusterProfile("1.0.2", "plaintext"),
    target=ClusterProfile("4.3.1", "mtls"),
    mirror=MirrorProfile("mirrormaker2", "3.9.2"),
    workload=GRID,
    hosts=4,
)
WAVES: Final = replace(
    DEFAULT,
    name="zero-downtime-waves",
    what="as default, with four partitions a topic and a batch job that its plan forgets",
    workload=WAVES_SHOP,
)
AVIA: Final = Profile(
    name="avia",
    what="2.8.2 to 4.3.1 without ACLs, a stand-in for a link on the target; live tournaments",
    source=ClusterProfile("2.8.2", "plaintext"),
    target=ClusterProfile("4.3.1", "plaintext"),
    mirror=MirrorProfile("link"),
    workload=TOURNAMENT,
    hosts=2,
)
BYOC: Final = Profile(
    name="byoc",
    what="3.9.2 with SCRAM over TLS to 4.3.1, a sink connector, two schema registries, Prometheus",
    source=ClusterProfile("3.9.2", "scram_tls"),
    target=ClusterProfile("4.3.1", "scram"),
    mirror=MirrorProfile("mirrormaker2", "4.3.1"),
    workload=BANK,
    surroundings=True,
)
EC2: Final = Profile(
    name="ec2-082",
    what="0.8.2.2 to 4.3.1 over a 3.9.2 in between, its own MirrorMaker, then MirrorMaker 2",
    source=ClusterProfile("0.8.2.2", "plaintext"),
    target=ClusterProfile("4.3.1", "plaintext"),
    mirror=MirrorProfile("mirrormaker2", "3.9.2", first_hop=True),
    workload=CLICKSTREAM,
    hosts=2,
)
_ALL: Final = (DEFAULT, VOLTUS, AVIA, WAVES, BYOC, EC2)
PROFILES: Final[Mapping[str, Profile]] = {one.name: one for one in _ALL}


def profile_named(name: str) -> Profile:
    """The profile of that name. Raises LabError."""
    try:
        return PROFILES[name]
    except KeyError:
        known = ", ".join(PROFILES)
        raise LabError(f"there is no lab profile {name}; there are {known}") from None
