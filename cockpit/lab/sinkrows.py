"""What a sink connector has written into its file, as the ledger of an outsider.

Kafka's file sink writes each record as Java prints a map: `{seq=3, producer=imports, ...}`. Never
writes to that file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cockpit.lab.ledger import Entry, Ledger

_PAIR: Final = re.compile(r"(\w+)=([^,}]*)")


class Warehouse:
    """The file, read as it grows. One that is opened again goes on behind what its ledger has."""

    def __init__(self, path: Path, ledger: Ledger, known: Path) -> None:
        """`known`: where the ledger is kept."""
        self._path = path
        self._ledger = ledger
        self._at_bytes = 0
        self._seen: set[tuple[str, str, int]] = set()
        self._skip = _lines(known)
        self.rows = 0
        self.duplicates = 0
        """Rows of a record that was there already, and that nobody has dropped since."""

    def read(self) -> None:
        """Take down what is new; a last line without an end is left for the next time."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._at_bytes)
                new = file.read()
        except FileNotFoundError:
            return
        whole = new[: new.rfind(b"\n") + 1]
        self._at_bytes += len(whole)
        entries = list(self._entries(whole.decode(errors="replace")))
        already, self._skip = self._skip, max(self._skip - len(entries), 0)
        self._ledger.add(entries[already:])

    def dedupe(self) -> None:
        """Drop what is there twice, as a warehouse does that knows its keys. Nobody has read it
        less often for that: the ledger keeps it."""
        self.read()
        self.duplicates = 0

    def _entries(self, text: str) -> Iterator[Entry]:
        for line in text.splitlines():
            entry = entry_of(line)
            place = (entry.topic, entry.producer, entry.seq)
            self.rows += 1
            self.duplicates += place in self._seen
            self._seen.add(place)
            yield entry


def entry_of(line: str) -> Entry:
    """One row. Raises KeyError or ValueError where it is none of the lab's."""
    found = dict(_PAIR.findall(line))
    return Entry(
        found["cluster"],
        found["topic"],
        int(found["partition"]),
        int(found["offset"]),
        found["producer"],
        int(found["seq"]),
        int(found["at_ms"]),
    )


def _lines(path: Path) -> int:
    try:
        return path.read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0
