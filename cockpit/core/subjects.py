"""What alarms of the flight itself are about; of some a name follows. Loads nothing, so that a
screen knows them without the machine.
"""

from __future__ import annotations

from typing import Final

DEADLINE: Final = "deadline"
TRIGGER: Final = "trigger "
FAILED: Final = "wave failed "
HOLDS: Final = "wave holds "
SIDE: Final = "side "
MIRROR: Final = "mirror"
