"""Which vendor's interface a plan's link has."""

from __future__ import annotations

from collections.abc import Callable

from cockpit.core.plan import Plan, SecretRef
from cockpit.kafka.http import Http
from cockpit.kafka.links.api import LinkApi
from cockpit.kafka.links.confluent import ConfluentLink
from cockpit.kafka.links.standin import StandIn
from cockpit.ports import Gate, PortError


def link_api(plan: Plan, reveal: Callable[[SecretRef], str], gate: Gate | None = None) -> LinkApi:
    """The link of a plan, on connections of its own. Raises PortError where nobody can ask it;
    whatever `reveal` raises passes through."""
    spec = plan.replication
    login = None if spec.login is None else (spec.login.username, reveal(spec.login.password))
    http = Http(login=login, gate=gate)
    match spec.api:
        case "stand-in":
            return StandIn(http, spec.url, spec.name)
        case "confluent":
            return ConfluentLink(http, spec.url, spec.cluster, spec.name)
        case "":
            raise PortError("unsupported", f"link {spec.name}: its api is not named in the plan")
