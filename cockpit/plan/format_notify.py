"""The part of the plan format about who is told outside of the screens."""

from __future__ import annotations

from typing import Final

from cockpit.plan.kinds import (
    ADDRESS,
    DURATION,
    FILE,
    HOST,
    LOOPBACK,
    SECRET,
    Field,
    ListOf,
    Object,
)

WEBHOOK: Final = Object(
    "webhook",
    "Where notices of a flight are posted as JSON in Slack's shape, each until it is taken "
    "([notices](notices.md)).",
    (
        Field(
            "url",
            SECRET,
            "Its address, always https: the path of such an address is a password.",
            required=True,
        ),
        Field(
            "hosts",
            ListOf(HOST, at_least=1, unique=True),
            "The only hosts that the address may be at, written as there.",
            required=True,
        ),
        Field(
            "addresses",
            ListOf(ADDRESS, at_least=1, unique=True),
            "IP addresses that are not public (loopback, link-local, private) and may be connected "
            "to nevertheless. Whatever the host's name means at that moment, nothing is sent to "
            "any other of them.",
        ),
        Field("ca", FILE, "Authorities to trust instead of this machine's, as PEM."),
        Field(
            "heads_every",
            DURATION,
            "How often the journal's head is sent while nothing is done; after each action it is "
            "sent anyway.",
            default="1m",
        ),
    ),
)

METRICS: Final = Object(
    "metrics",
    "Where a Prometheus on this machine may read metrics. Never on a network.",
    (
        Field("listen", LOOPBACK, "A port of the loopback interface."),
        Field("socket", FILE, "A Unix socket, for the engine's own user."),
    ),
    variants=(("listen",), ("socket",)),
)

NOTIFY: Final = Object(
    "notify",
    "Who is told outside of the screens.",
    (
        Field("webhook", WEBHOOK, "People, over a chat or a pager."),
        Field("metrics", METRICS, "Prometheus."),
    ),
)
