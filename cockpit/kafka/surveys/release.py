"""Which Kafka releases the API versions of a broker fit.

No broker says its release; each release brought some API, or some version of one, that the one
before it had not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

BEFORE_API_VERSIONS: Final = "before 0.10"

_FIRST: Final = (
    ("0.10", 18, 0),
    ("0.11", 22, 0),
    ("1.0", 37, 0),
    ("1.1", 42, 0),
    ("2.0", 29, 1),
    ("2.1", 3, 7),
    ("2.2", 2, 5),
    ("2.3", 44, 0),
    ("2.4", 47, 0),
    ("2.5", 9, 7),
    ("2.6", 48, 0),
    ("2.7", 50, 0),
    ("2.8", 60, 0),
    ("3.0", 66, 0),
    ("3.1 or 3.2", 1, 13),
    ("3.3 or 3.4", 35, 4),
    ("3.5 or 3.6", 1, 15),
    ("3.7", 1, 16),
    ("3.8", 16, 5),
    ("3.9", 1, 17),
    ("4.0", 3, 13),
    ("4.1 or newer", 1, 18),
)
"""Releases with an API key and version that they were the first to have (`apiKey` and
`validVersions` of Kafka's message definitions)."""


def release_of(versions: Mapping[int, tuple[int, int]]) -> str:
    """The releases that fit, such as `2.8` or `3.3 or 3.4`; empty where none does."""
    fitting = ""
    for release, key, version in _FIRST:
        if key in versions and versions[key][1] >= version:
            fitting = release
    return fitting
