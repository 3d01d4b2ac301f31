"""Documents of older versions in today's shape: one step for each version, never a leap.

A field that is only new needs no step: it gets its default. A field that has gone, or means
something else, does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from cockpit.wire.state import VALUES
from cockpit.wire.values import WireError

Step = Callable[[Mapping[str, Any]], Mapping[str, Any]]

SNAPSHOT_STEPS: Final[Mapping[int, Step]] = {}
"""By version what makes the next version's tree of a snapshot's tree. It copies what it changes."""


def snapshot_tree(tree: Mapping[str, Any], version: int) -> Mapping[str, Any]:
    """The tree of a snapshot in today's shape; raises WireError where the version is newer."""
    if not 0 < version <= VALUES:
        msg = f"documents of version {version}: this program knows those up to {VALUES}"
        raise WireError(msg)
    for number in range(version, VALUES):
        step = SNAPSHOT_STEPS.get(number)
        tree = step(tree) if step else tree
    return tree
