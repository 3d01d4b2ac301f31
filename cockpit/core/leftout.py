"""What a plan leaves out, as values. Never looks at a cluster: names may be there or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

ItemKind = Literal["topic", "group", "producer", "acl", "quota", "user", "schema", "connector"]
KINDS: Final[tuple[ItemKind, ...]] = (
    "topic", "group", "producer", "acl", "quota", "user", "schema", "connector",
)  # fmt: skip

_EVERYBODY: Final = "User:*"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What somebody decided not to move."""

    kind: ItemKind
    name: str
    """A whole name, or its beginning and `*`. Of an ACL the principal, where `User:*` is the one of
    everybody; of a producer the topic that it writes."""
    how: Literal["leave", "drop"]
    """It stays where it is; or nobody needs it any more."""
    why: str
    by: str

    def covers(self, *names: str) -> bool:
        """Whether it is about one of these names."""
        if self.name.endswith("*") and self.name != _EVERYBODY:
            return any(name.startswith(self.name[:-1]) for name in names)
        return self.name in names

    def text(self) -> str:
        """As a reason."""
        return f"{self.how}: {self.why} ({self.by})"
