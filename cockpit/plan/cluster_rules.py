"""Rules about how the two clusters are reached.

Never repeats a user name, an address or anything of a password.
"""

from __future__ import annotations

from collections.abc import Iterator

from cockpit.plan.draft import Draft, word
from cockpit.plan.problems import Problems
from cockpit.plan.reader import Item

_LOGIN_KEYS = ("mechanism", "username", "password")
_TLS_KEYS = ("ca", "cert", "key")


def sasl_needs_login(draft: Draft, problems: Problems) -> None:
    """A sasl protocol needs mechanism, username and password."""
    for side, security, protocol in _securities(draft):
        missing = [key for key in _LOGIN_KEYS if key not in security.fields]
        if protocol.startswith("sasl") and missing:
            problems.add(security.place, f"{side}: {protocol} needs " + ", ".join(missing))


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
        source = draft.root.fields[side]
        if "canary" in source.key_places and not protocol.startswith("sasl"):
            message = f"a canary needs to log in, and {protocol} does not"
            problems.add(source.key_places["canary"], message, "use sasl_ssl or sasl_plaintext")


def canary_is_another(draft: Draft, problems: Problems) -> None:
    """The canary is another principal than the cockpit's own."""
    source = draft.root.fields.get("source")
    if source is None:
        return
    security, canary = source.fields.get("security"), source.fields.get("canary")
    own = word(security.fields.get("username")) if security else None
    other = word(canary.fields.get("username")) if canary else None
    if own and other and own.text == other.text:
        message = "the canary is the user that the cockpit logs in with"
        problems.add(other.place, message, "use a user that is not a super user")


def two_clusters(draft: Draft, problems: Problems) -> None:
    """Source and target share no broker address."""
    brokers: dict[str, set[str]] = {}
    for side in ("source", "target"):
        cluster = draft.root.fields.get(side)
        bootstrap = cluster.fields.get("bootstrap") if cluster else None
        items = bootstrap.items if bootstrap else ()
        for item in items:
            address = item.value
            if not isinstance(address, str):
                continue
            if side == "target" and address.lower() in brokers.get("source", set()):
                message = "this broker address is the source's too"
                problems.add(item.place, message, "source and target are two clusters")
            brokers.setdefault(side, set()).add(address.lower())


CHECKS = (
    ("sasl-needs-login", sasl_needs_login),
    ("login-needs-sasl", login_needs_sasl),
    ("files-need-tls", files_need_tls),
    ("cert-and-key", cert_and_key),
    ("canary-needs-sasl", canary_needs_sasl),
    ("canary-is-another", canary_is_another),
    ("two-clusters", two_clusters),
)


def _securities(draft: Draft) -> Iterator[tuple[str, Item, str]]:
    """Side, security mapping and protocol of each side whose protocol was readable."""
    for side in ("source", "target"):
        cluster = draft.root.fields.get(side)
        security = cluster.fields.get("security") if cluster else None
        protocol = word(security.fields.get("protocol")) if security else None
        if security and protocol:
            yield side, security, protocol.text
