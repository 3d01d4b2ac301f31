"""A recording as JSON lines, whole, and back: for programs that do not read the binary format.

The first line names the schema. Then, in the order of the recording: `life` (a header), `table`
(names of partitions, numbered), `frame` (what went in, what was told, the snapshot) and `event`.
Columns are lists, null where a value is not known. Never guesses: a line that is not understood is
an error with its number.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np

from cockpit.core.flight import Event
from cockpit.core.observe import I64, MISSING, PartitionKeys
from cockpit.core.snapshot import PartitionTable, Snapshot
from cockpit.wire.recording import Frame, Reader, Told
from cockpit.wire.retelling import Begins, Rewriter, parts
from cockpit.wire.samples import Apart, Rows, event_of
from cockpit.wire.sessionhead import read_session_head
from cockpit.wire.state import COLUMNS, snapshot_document
from cockpit.wire.trees import to_tree
from cockpit.wire.values import WireError, from_json, read_fields

SCHEMA: Final = "cockpit recording"
SCHEMA_VERSION: Final = 1
MAX_AT_MS: Final = 253_402_300_799_999
"""The end of the year 9999: nobody could write a later time as a date."""
_NOT_OURS: Final = "not as cockpit export writes it"
_PLAIN: Final = re.compile(r" (is not an? |is not one of |has no field |fits nothing)")
"""What readers of values say of one that is none of theirs; all else is a word of Python's."""
_KIND: Final = re.compile(r"\ba (str|int|float|bool)$")
_KINDS: Final = {"str": "a text", "int": "a whole number", "float": "a number", "bool": "a truth"}
_WORDS: Final[Mapping[type, str]] = {dict: "object", list: "list", str: "text", int: "number"}
Names = tuple[tuple[str, int], ...]


class ImportLinesError(Exception):
    """A line cannot be taken in; the text names it."""


def export_lines(reader: Reader) -> Iterator[str]:
    """Every line with its line end. Raises RecordingError where a part is damaged."""
    yield _line({"kind": "recording", "schema": SCHEMA, "schema_version": SCHEMA_VERSION})
    tables = _Tables()
    for part in parts(reader):
        match part:
            case Begins(at_ms=at_ms, head=head):
                yield _line({"kind": "life", "at_ms": at_ms, "head": head})
            case Told(at_ms=at_ms, content=content):
                yield _line({"kind": "event", "at_ms": at_ms, "content": content})
            case Frame(at_ms=at_ms):
                inputs = [tables.event(event) for event in part.inputs()]
                shown = tables.snapshot(part.snapshot())
                yield from tables.fresh_lines()
                frame = {"kind": "frame", "at_ms": at_ms, "inputs": inputs, "shown": shown}
                yield _line({**frame, "told": list(part.tells())})


def _line(content: Mapping[str, Any]) -> str:
    return json.dumps(content, separators=(",", ":"), allow_nan=True) + "\n"


class _Tables:
    """Numbers tables of names, and takes columns apart."""

    def __init__(self) -> None:
        self._numbers: dict[Names, int] = {}
        self._fresh: list[tuple[int, Names]] = []

    def fresh_lines(self) -> Iterator[str]:
        """Tables that nobody has been told yet."""
        for number, names in self._fresh:
            rows = [list(name) for name in names]
            yield _line({"kind": "table", "number": number, "names": rows})
        self._fresh = []

    def event(self, event: Event) -> dict[str, Any]:
        """An event; it stands for itself alone."""
        parts = Apart().event(event)
        columns = [self._column(names, column) for names, column in parts.columns]
        return {"slot": parts.slot, "document": to_tree(parts.document), "columns": columns}

    def snapshot(self, snapshot: Snapshot) -> dict[str, Any]:
        """A snapshot."""
        table = snapshot.partitions
        names = table.keys.names
        columns = {name: self._column(names, getattr(table, name))["values"] for name in COLUMNS}
        return {
            "document": to_tree(snapshot_document(snapshot)),
            "table": self._number(names),
            "columns": columns,
        }

    def _column(self, names: Names, column: I64) -> dict[str, Any]:
        values = [None if value == MISSING else value for value in column.tolist()]
        return {"table": self._number(names), "values": values}

    def _number(self, names: Names) -> int:
        if names not in self._numbers:
            self._numbers[names] = len(self._numbers)
            self._fresh.append((self._numbers[names], names))
        return self._numbers[names]


# --- back -----------------------------------------------------------------------------------------


def import_lines(lines: Iterable[str]) -> Iterator[bytes]:
    """The bytes of a recording of these lines, in order. Raises ImportLinesError."""
    builder = _Builder()
    number = 0
    for number, text in enumerate(lines, 1):
        try:
            data = builder.take(number, json.loads(text))
        except _WRONG as error:
            raise ImportLinesError(f"line {number}: {_why(error)}") from error
        yield data
    if not number:
        raise ImportLinesError("line 1: nothing is there")
    try:
        data = builder.close()
    except _WRONG as error:
        raise ImportLinesError(f"line {number}: {_why(error)}") from error
    yield data


_WRONG: Final = (
    WireError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    MemoryError,
    struct.error,
)
"""What a line can lead to that no export has written."""


def _why(error: BaseException) -> str:
    """In plain words why a line is not understood."""
    match error:
        case json.JSONDecodeError():
            return f"no JSON: {error.msg}, at character {error.pos + 1}"
        case RecursionError():
            return "nested too deeply"
        case MemoryError():
            return "more than the memory of this machine"
        case OverflowError() | struct.error():
            return "a number that is too large"
        case WireError() if error.__cause__ is None:
            return str(error)
        case WireError() if _PLAIN.search(told := str(error.__cause__)):
            return f"{_NOT_OURS}: {_KIND.sub(lambda kind: _KINDS[kind[1]], told)}"
        case _:
            return _NOT_OURS


def _part(content: Mapping[str, Any], name: str, kind: type) -> Any:  # noqa: ANN401  # of `kind`
    """What an object has by that name; raises WireError where it has none of that kind."""
    if name not in content:
        raise WireError(f"{name} is missing")
    if type(content[name]) is not kind:
        raise WireError(f"{name} is no {_WORDS[kind]}")
    return content[name]


def _objects(content: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _part(content, name, list)
    if not all(isinstance(one, dict) for one in found):
        raise WireError(f"{name} is no list of objects")
    return found


def _time(content: Mapping[str, Any]) -> int:
    at_ms: int = _part(content, "at_ms", int)
    return _checked(at_ms)


def _checked(at_ms: int) -> int:
    if not 0 <= at_ms <= MAX_AT_MS:
        raise WireError("at_ms is no time in UTC milliseconds")
    return at_ms


class _Builder:
    def __init__(self) -> None:
        self._writer = Rewriter()
        self._tables: dict[int, PartitionKeys] = {}
        self._lives = 0

    def take(self, number: int, content: Any) -> bytes:  # noqa: ANN401  # JSON
        """What one line adds; raises WireError."""
        if not isinstance(content, dict):
            raise WireError("a line is an object")
        kind = content.get("kind")
        if number == 1:
            if (kind, content.get("schema")) != ("recording", SCHEMA):
                raise WireError("this is no exported recording")
            if content.get("schema_version") != SCHEMA_VERSION:
                found = content.get("schema_version")
                raise WireError(
                    f"schema version {found!r:.20}: this program reads {SCHEMA_VERSION}"
                )
            return b""
        takers: Mapping[object, Callable[[dict[str, Any]], bytes]] = {
            "life": self._begin,
            "table": self._table,
            "frame": self._frame,
            "event": self._event,
        }
        if not isinstance(kind, str) or kind not in takers:
            raise WireError(f"a line of a kind that is not known: {kind!r:.40}")
        return takers[kind](content)

    def close(self) -> bytes:
        """The end of the last life; raises WireError where there is none."""
        if not self._lives:
            raise WireError("no life has begun: nothing is recorded in it")
        return self._writer.close()

    def _begin(self, content: dict[str, Any]) -> bytes:
        at_ms, head = _time(content), _part(content, "head", dict)
        try:
            read_session_head(head)
        except (WireError, ValueError):
            raise WireError("head is not the head of a session") from None
        self._lives += 1
        return self._writer.begin(at_ms, head)

    def _table(self, content: dict[str, Any]) -> bytes:
        names = from_json(tuple[tuple[str, int], ...], _part(content, "names", list))
        self._tables[_part(content, "number", int)] = PartitionKeys.of(names)
        return b""

    def _event(self, content: dict[str, Any]) -> bytes:
        return self._writer.event(_time(content), _part(content, "content", dict))

    def _frame(self, content: dict[str, Any]) -> bytes:
        inputs = [self._input(one) for one in _objects(content, "inputs")]
        told = _objects(content, "told")
        for one in told:
            if isinstance(one.get("at_ms"), int):
                _checked(one["at_ms"])
        return self._writer.frame(inputs, told, self._shown(_part(content, "shown", dict)))

    def _input(self, content: dict[str, Any]) -> Event:
        columns = [self._rows(one) for one in _objects(content, "columns")]
        document = _part(content, "document", dict)
        event = event_of(_part(content, "slot", str), document, columns)
        _checked(event.at_ms)
        return event

    def _rows(self, content: dict[str, Any]) -> Rows:
        keys = self._keys(content.get("table"))
        values = _part(content, "values", list)
        return Rows(keys.names, _read_column(values, len(keys)), lambda: keys)

    def _keys(self, number: object) -> PartitionKeys:
        if not isinstance(number, int) or number not in self._tables:
            raise WireError(f"a table that was not told: {number!r:.20}")
        return self._tables[number]

    def _shown(self, content: dict[str, Any]) -> Snapshot:
        keys, given = self._keys(content.get("table")), _part(content, "columns", dict)
        columns = {n: _read_column(_part(given, n, list), len(keys)) for n in COLUMNS}
        document = dict(_part(content, "document", dict))
        head = _part(document, "partitions", dict)
        del document["partitions"]
        _time(document)
        partitions = read_fields(PartitionTable, head, keys=keys, **columns)
        snapshot: Snapshot = read_fields(Snapshot, document, partitions=partitions)
        return snapshot


def _read_column(values: list[Any], rows: int) -> I64:
    if len(values) != rows:
        raise WireError("a column that is not aligned to its table")
    read = [MISSING if value is None else from_json(int, value) for value in values]
    try:
        return np.array(read, dtype=np.int64)
    except OverflowError as error:
        raise WireError("a number that is too large for a column") from error
