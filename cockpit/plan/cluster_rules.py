"""Rules about how the two clusters are reached.

Never repeats a user name, an address or anything of a password.
"""

from __future__ import annotations

from collections.abc import Iterator

from cockpit.plan.draft import Draft, word
from cockpit.plan.problems import Problems
from cockpit.plan.reader import Item

_WITH_PASSWORD = ("username", "password")
_LOGIN_KEYS = ("mechanism", *_WITH_PASSWORD, "token", "oauth", "region")
_OAUTH, _IAM = "oauthbearer", "aws-msk-iam"
_REPLICATION_KEYS = {
    "mirrormaker2": ("connect", "connectors", "first_hop"),
    "link": ("url", "name", "api", "cluster", "username", "password"),
    "msk-replicator": ("arn", "region"),
}
_FIRST_HOP = "first_hop"
_TLS_KEYS = ("ca", "cert", "key")


def sasl_needs_login(draft: Draft, problems: Problems) -> None:
    """A sasl protocol needs a mechanism, and what that mechanism logs in with."""
    for side, security, protocol in _securities(draft):
        if not protocol.startswith("sasl"):
            continue
        given = security.key_places
        mechanism = word(security.fields.get("mechanism"))
        missing = [] if "mechanism" in given else ["mechanism"]
        match mechanism.text if mechanism else None:
            case "oauthbearer":
                missing += [] if "token" in given or "oauth" in given else ["token or oauth"]
            case "aws-msk-iam":
                missing += [] if "region" in given else ["region"]
            case None if "mechanism" in given or not given.keys().isdisjoint(_LOGIN_KEYS[3:]):
                pass
            case _:
                missing += [key for key in _WITH_PASSWORD if key not in given]
        if missing:
            problems.add(security.place, f"{side}: {protocol} needs " + ", ".join(missing))


def mechanism_fits(draft: Draft, problems: Problems) -> None:
    """oauthbearer logs in with one of token and oauth, aws-msk-iam with a region and over
    sasl_ssl, every other mechanism with username and password."""
    for _side, security, protocol in _securities(draft):
        mechanism = word(security.fields.get("mechanism"))
        if mechanism is None or not protocol.startswith("sasl"):
            continue
        used = _used_keys(mechanism.text)
        for key in _LOGIN_KEYS[1:]:
            if key in security.key_places and key not in used:
                message = f"{mechanism.text} does not take {key}: it would not be used"
                hint = (
                    f"it takes {' or '.join(used) if mechanism.text == _OAUTH else ', '.join(used)}"
                )
                problems.add(security.key_places[key], message, hint)
        if mechanism.text == _OAUTH and {"token", "oauth"} <= security.key_places.keys():
            message = "token and oauth exclude each other"
            problems.add(security.key_places["oauth"], message, "remove one")
        if mechanism.text == _IAM and protocol != "sasl_ssl":
            message = f"{_IAM} is offered over sasl_ssl only"
            problems.add(mechanism.place, message, "write protocol: sasl_ssl")


def _used_keys(mechanism: str) -> tuple[str, ...]:
    return {_OAUTH: ("token", "oauth"), _IAM: ("region",)}.get(mechanism, _WITH_PASSWORD)


def replication_fits_kind(draft: Draft, problems: Problems) -> None:
    """Each kind of replication has its own keys: mirrormaker2 connect and connectors, link url and
    name, msk-replicator arn and region."""
    item = draft.root.fields.get("replication")
    kind = word(item.fields.get("kind")) if item is not None else None
    if item is None or kind is None:
        return
    own = _REPLICATION_KEYS[kind.text]
    for other, keys in _REPLICATION_KEYS.items():
        for key in keys if other != kind.text else ():
            if key in item.key_places:
                hint = f"it takes {' and '.join(own)}"
                problems.add(item.key_places[key], f"{kind.text} does not take {key}", hint)
                return


def login_needs_sasl(draft: Draft, problems: Problems) -> None:
    """A protocol without sasl has no mechanism, username or password."""
    for _side, security, protocol in _securities(draft):
        for key in _LOGIN_KEYS:
            if key in security.key_places and not protocol.startswith("sasl"):
                hint = "use sasl_ssl or sasl_plaintext, or remove it"
                message = f"{protocol} does not log in: {key} would not be used"
                problems.add(security.key_places[key], message, hint)


def files_need_tls(draft: Draft, problems: Problems) -> None:
    """ca, cert and key belong to protocols with ssl."""
    for _side, security, protocol in _securities(draft):
        for key in _TLS_KEYS:
            if key in security.key_places and not protocol.endswith("ssl"):
                message = f"{protocol} is not encrypted: {key} would not be used"
                problems.add(security.key_places[key], message, "use ssl or sasl_ssl")


def cert_and_key(draft: Draft, problems: Problems) -> None:
    """A client certificate and its key come together."""
    for side, security, protocol in _securities(draft):
        given = [key for key in ("cert", "key") if key in security.key_places]
        if len(given) == 1 and protocol.endswith("ssl"):
            other = "key" if given == ["cert"] else "cert"
            message = f"{side}: {given[0]} is given without {other}"
            problems.add(security.key_places[given[0]], message, f"add {other}")


def canary_needs_sasl(draft: Draft, problems: Problems) -> None:
    """A canary logs in with the source's mechanism, so the source's protocol is a sasl one."""
    for side, _security, protocol in _securities(draft):
        source = draft.root.fields.get(side)
        if source and "canary" in source.key_places and not protocol.startswith("sasl"):
            message = f"a canary needs to log in, and {protocol} does not"
            problems.add(source.key_places["canary"], message, "use sasl_ssl or sasl_plaintext")


def canary_fits(draft: Draft, problems: Problems) -> None:
    """A canary logs in by the source's mechanism: with a token where that is oauthbearer, with a
    password elsewhere, and not at all where it is aws-msk-iam."""
    source = draft.root.fields.get("source")
    security = source.fields.get("security") if source else None
    mechanism = word(security.fields.get("mechanism")) if security else None
    canary = source.fields.get("canary") if source else None
    if mechanism is None or source is None or canary is None:
        return
    if mechanism.text == _IAM:
        message = f"a canary cannot log in by {_IAM}: it would be the cockpit itself"
        problems.add(source.key_places["canary"], message, "use another mechanism, or remove it")
        return
    wrong, right = ("password", "token") if mechanism.text == _OAUTH else ("token", "password")
    if wrong in canary.key_places:
        message = f"by {mechanism.text} a canary logs in with a {right}, not with a {wrong}"
        problems.add(canary.key_places[wrong], message, f"give {right}")


def canary_is_another(draft: Draft, problems: Problems) -> None:
    """The canary is another principal than the cockpit's own."""
    source = draft.root.fields.get("source")
    if source is None:
        return
    security, canary = source.fields.get("security"), source.fields.get("canary")
    for key in ("username", "token"):
        own = security.fields.get(key) if security else None
        other = canary.fields.get(key) if canary else None
        if own and other and own.valid and own.value == other.value:
            what = "is the user" if key == "username" else "has the token"
            message = f"the canary {what} that the cockpit logs in with"
            problems.add(other.place, message, "use a user that is not a super user")


def two_clusters(draft: Draft, problems: Problems) -> None:
    """Source, target and the cluster of a first hop share no broker address."""
    owners: dict[str, str] = {}
    for side, cluster in _clusters(draft):
        bootstrap = cluster.fields.get("bootstrap") if cluster else None
        for item in bootstrap.items if bootstrap else ():
            if not isinstance(item.value, str):
                continue
            owner = owners.setdefault(_broker(item.value), side)
            if owner != side:
                message = f"this broker address is the {owner}'s too"
                hint = "source and target are two clusters"
                hint = "the one in between is a third cluster" if side == _FIRST_HOP else hint
                problems.add(item.place, message, hint)


def _broker(address: str) -> str:
    """An address as a resolver takes it: capitals and a dot at the host's end say nothing."""
    host, _, port = address.lower().rpartition(":")
    return f"{host.removesuffix('.')}:{port}"


CHECKS = (
    ("sasl-needs-login", sasl_needs_login),
    ("mechanism-fits", mechanism_fits),
    ("login-needs-sasl", login_needs_sasl),
    ("files-need-tls", files_need_tls),
    ("cert-and-key", cert_and_key),
    ("canary-needs-sasl", canary_needs_sasl),
    ("canary-fits", canary_fits),
    ("canary-is-another", canary_is_another),
    ("two-clusters", two_clusters),
    ("replication-fits-kind", replication_fits_kind),
)


def _securities(draft: Draft) -> Iterator[tuple[str, Item, str]]:
    """Side, security mapping and protocol of each side whose protocol was readable."""
    for side, cluster in _clusters(draft):
        security = cluster.fields.get("security") if cluster else None
        protocol = word(security.fields.get("protocol")) if security else None
        if security and protocol:
            yield side, security, protocol.text


def _clusters(draft: Draft) -> Iterator[tuple[str, Item | None]]:
    """Source, target and what is between them, as far as they were readable."""
    replication = draft.root.fields.get("replication")
    yield from ((side, draft.root.fields.get(side)) for side in ("source", "target"))
    yield _FIRST_HOP, replication.fields.get(_FIRST_HOP) if replication else None
