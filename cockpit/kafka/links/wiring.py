"""Which vendor's interface a plan's link has."""

from __future__ import annotations

from collections.abc import Callable

from cockpit.core.plan import Plan, SecretRef
from cockpit.kafka.http import Http
from cockpit.kafka.links.api import LinkApi
from cockpit.kafka.links.confluent import ConfluentLink
from cockpit.kafka.links.standin import StandIn
from cockpit.kafka.links.unnamed import UnnamedLink
from cockpit.ports import Gate


def link_api(plan: Plan, reveal: Callable[[SecretRef], str], gate: Gate | None = None) -> LinkApi:
    """The link of a plan, on connections of its own. Whatever `reveal` raises passes through."""
    spec = plan.replication
    if spec.api == "":
        return UnnamedLink(spec.name)
    login = None if spec.login is None else (spec.login.username, reveal(spec.login.password))
    http = Http(login=login, gate=gate)
    if spec.api == "confluent":
        return ConfluentLink(http, spec.url, spec.cluster, spec.name)
    return StandIn(http, spec.url, spec.name)
