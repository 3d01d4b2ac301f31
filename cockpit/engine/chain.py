"""The hash chain of a journal: what each line must be, and where a file is not what was written.

Judges the bytes of a line, never only what they mean: JSON that says the same in other bytes was
changed. Says nothing about what is not there to be seen: a file that was cut behind a whole line,
or written anew from some line on, is a good chain, and only a head that somebody kept shows it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

FIRST_HASH: Final = "0" * 64
HEAD_MIN_CHARS: Final = 16
"""A kept head may be shortened to so many characters of its hash, not to fewer."""
_HASH: Final = re.compile(rb'"hash":"([0-9a-f]{64})",')
_KEPT: Final = re.compile(rf"(?:(\d{{1,15}}):)?([0-9a-f]{{{HEAD_MIN_CHARS},64}})")


class ChainError(Exception):
    """A line is not what was written; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry of a journal at some moment, as somebody may keep it."""

    seq: int | None
    """None: only its hash was kept."""
    hash: str
    """The beginning of it at least: HEAD_MIN_CHARS characters."""

    def __str__(self) -> str:
        return self.hash if self.seq is None else f"{self.seq}:{self.hash}"

    def short(self) -> str:
        """As short as it still proves something."""
        return f"{self.seq}:{self.hash[:HEAD_MIN_CHARS]}"


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a journal is not what was written."""

    line: int
    """1-based; 0: it is about no line, but about one that is not there."""
    what: str


@dataclass(frozen=True, slots=True)
class Torn:
    """A last line that does not end: cut off by a crash, or changed."""

    line: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Examined:
    """What came of looking at a whole journal."""

    entries: int
    """Lines that are entries, each by itself as it was written."""
    head: Head
    breaks: tuple[Break, ...]
    torn: Torn | None
    kept: int
    """So many kept heads were looked for, and found where no break says otherwise."""
    from_ms: int | None
    to_ms: int | None
    simulated: bool = False
    """Whether an entry says that no real cluster was flown."""


def read_head(text: str) -> Head:
    """A head as it is shown, `SEQ:HASH`, or its hash alone. Raises ValueError."""
    found = _KEPT.fullmatch(text.strip().lower())
    if found is None:
        msg = f"a head is SEQ:HASH, of the hash at least {HEAD_MIN_CHARS} characters"
        raise ValueError(msg)
    if found[1] is None and len(found[2]) < 64:
        msg = "without its number a head is the whole hash, 64 characters"
        raise ValueError(msg)
    return Head(int(found[1]) if found[1] is not None else None, found[2])


def read_line(raw: bytes) -> dict[str, Any]:
    """The entry of one whole line, line end and all; raises ChainError where the line by itself is
    not what was written."""
    entry, real = _taken_apart(raw)
    if real != entry["hash"]:
        raise ChainError("it was changed: its hash is another one's")
    return entry


def _taken_apart(raw: bytes) -> tuple[dict[str, Any], str]:
    """The entry of a line, and the hash that its bytes have. Raises ChainError."""
    try:
        entry = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ChainError("it is not JSON") from error
    if not isinstance(entry, dict) or not _is_whole(entry):
        raise ChainError("it is not an entry")
    line = raw.removesuffix(b"\n")
    real = ""
    # data of an entry may hold what looks like its hash: only one of them can be
    for found in _HASH.finditer(line):
        real = hashlib.sha256(line[: found.start()] + line[found.end() :]).hexdigest()
        if real == found[1].decode():
            break
    return entry, real


def _is_whole(entry: Mapping[str, Any]) -> bool:
    texts = isinstance(entry.get("prev"), str) and isinstance(entry.get("hash"), str)
    return texts and type(entry.get("seq")) is int and type(entry.get("at_ms")) is int


def examine(lines: Iterable[bytes], kept: Iterable[Head] = ()) -> Examined:
    """Everything that is wrong with a journal, in the order of its lines; heads last."""
    looking = _Looking()
    for number, raw in enumerate(lines, 1):
        looking.take(number, raw)
    heads = tuple(kept)
    missing = tuple(looking.compare(heads))
    return Examined(
        entries=looking.entries,
        head=looking.head,
        breaks=(*looking.breaks, *missing),
        torn=looking.torn,
        kept=len(heads),
        from_ms=looking.from_ms,
        to_ms=looking.to_ms,
        simulated=looking.simulated,
    )


class _Looking:
    """Goes from line to line; behind a break it goes on with what that line says of itself, so
    that one break is told once."""

    def __init__(self) -> None:
        self.entries = 0
        self.seq = 0
        self.head = Head(0, FIRST_HASH)
        self.breaks: list[Break] = []
        self.torn: Torn | None = None
        self.from_ms: int | None = None
        self.to_ms: int | None = None
        self.simulated = False
        self._known: dict[int, str] = {}
        self._numbers: dict[str, int] = {}
        self._may_be = {FIRST_HASH}
        """What the next line may name as the hash before it; empty: anything."""

    def take(self, number: int, raw: bytes) -> None:
        """One more line."""
        if not raw.endswith(b"\n"):
            self.torn = Torn(number, len(raw))
            return
        try:
            entry, real = _taken_apart(raw)
        except ChainError as error:
            self._note(number, str(error))
            self.seq += 1
            self._may_be = set()
            return
        seq, claimed = entry["seq"], entry["hash"]
        if real != claimed:
            # Its number may be what was changed: it stands where it stands. Whether its content or
            # its hash is changed nobody can say, and the next line names the true one.
            self._note(number, "the entry was changed: its hash is another one's")
            self.seq += 1
            self._may_be = {claimed, real}
            return
        if what := self._misplaced(entry):
            self._note(number, what)
        self.entries += 1
        self._known.setdefault(seq, claimed)
        self._numbers.setdefault(claimed, seq)
        self.seq, self.head = seq, Head(seq, claimed)
        self._may_be = {claimed}
        self.from_ms = entry["at_ms"] if self.from_ms is None else self.from_ms
        self.to_ms = entry["at_ms"]
        self.simulated = self.simulated or entry.get("simulated") is True

    def _misplaced(self, entry: Mapping[str, Any]) -> str:
        """Why an entry does not belong behind the one before it; empty: it does."""
        seq, due = entry["seq"], self.seq + 1
        follows = not self._may_be or entry["prev"] in self._may_be
        if seq == due:
            if follows:
                return ""
            return (
                f"entry {seq} follows another entry {seq - 1} than the line before: that one, or "
                "this, was put in its place"
            )
        if seq in self._known and self._known[seq] == entry["hash"]:
            return f"entry {seq} stands here once more, where entry {due} should be"
        if seq > due:
            if all(number in self._known for number in range(due, seq)):
                return ""  # behind what was moved, which has been told
            gone = f"entry {due} is" if seq == due + 1 else f"entries {due} to {seq - 1} are"
            return f"entry {seq} stands here: {gone} missing or elsewhere"
        return f"entry {seq} stands here, behind entry {self.seq}: moved, or put in"

    def _note(self, line: int, what: str) -> None:
        self.breaks.append(Break(line, what))

    def compare(self, heads: Iterable[Head]) -> Iterator[Break]:
        """Kept heads that this journal does not have."""
        for head in heads:
            if head.seq is None:
                if head.hash not in self._numbers and head.hash != FIRST_HASH:
                    yield Break(0, f"no entry has the kept head {head}: cut off, or written anew")
            elif head.seq == 0:
                if not FIRST_HASH.startswith(head.hash):
                    yield Break(0, f"the kept head {head} is none: before the first entry it is 0")
            elif head.seq not in self._known:
                last = max(self._known, default=0)
                why = f"the journal ends with entry {last}" if head.seq > last else "it is not here"
                yield Break(0, f"the kept head {head} is missing: {why}; entries were cut off")
            elif not self._known[head.seq].startswith(head.hash):
                yield Break(
                    0,
                    f"entry {head.seq} is another one than the kept head {head}: from there, or "
                    "from before, it was written anew",
                )
