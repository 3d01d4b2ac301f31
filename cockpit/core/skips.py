"""What a row of the offset delta proves, by the image of its commit. Loads little: screens ask it
of every row.
"""

from __future__ import annotations

from cockpit.core.observe import Unknown
from cockpit.core.snapshot import DeltaRow


def overshoot(row: DeltaRow) -> int:
    """Offsets by which MirrorMaker's translation lies past the exact image; 0 where unknown."""
    value = row.exact if isinstance(row.exact, Unknown) else row.exact.overshoot
    return 0 if isinstance(value, Unknown) else value


def proved_skip(row: DeltaRow) -> int:
    """Records that the target's commit would skip by the exact image; 0 where unknown."""
    exact = row.exact
    if isinstance(exact, Unknown) or not exact.is_current or isinstance(exact.skipped, Unknown):
        return 0
    return exact.skipped
