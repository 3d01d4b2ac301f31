"""Where a secret is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Where a secret is kept. The secret itself is never part of a plan."""

    kind: Literal["env", "file"]
    name: str
    """Environment variable name, or absolute file path."""
