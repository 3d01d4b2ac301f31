"""Which IP addresses a webhook may be connected to.

Judges an address as the resolver gave it, at the moment of connecting: what a name meant before, or
how it was spelt, does not matter. Only public addresses pass by themselves.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_CARRIES_V4: Final = tuple(
    ipaddress.IPv6Network(text)
    for text in ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)
"""IPv6 networks that lead to an IPv4 address of any kind: compatible, NAT64, 6to4, Teredo."""


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """What a plan allows expressly; raises ValueError."""
    return tuple(ipaddress.ip_network(text, strict=False) for text in texts)


def plain(address: Address) -> Address:
    """An IPv4 address that is written as an IPv6 one, as itself."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def why_refused(text: str, allowed: Iterable[Network] = ()) -> str:
    """Why nothing is sent to this address; empty: it may be."""
    try:
        address = plain(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return f"{text} is no IP address"
    if any(address.version == net.version and address in net for net in allowed):
        return ""
    if what := _not_public(address):
        return f"{address} is {what}, and the plan does not allow it under addresses"
    return ""


def _not_public(address: Address) -> str:
    """What an address is, if it is not public."""
    kinds = (
        ("a loopback address", address.is_loopback),
        ("a link-local address", address.is_link_local),
        ("no address to connect to", address.is_unspecified or address.is_multicast),
        ("a private address", address.is_private),
        (
            "an address that leads to another one",
            isinstance(address, ipaddress.IPv6Address)
            and any(address in net for net in _CARRIES_V4),
        ),
        ("a reserved address", address.is_reserved or not address.is_global),
    )
    return next((what for what, is_so in kinds if is_so), "")
