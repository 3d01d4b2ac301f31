"""A second reader of recordings, made from docs/recording-format.md; shares no code."""

import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

MISSING = -(2**63)


class Body:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self) -> int:
        byte = self.take(1)[0]
        return byte if byte < 128 else byte - 128 + (self.number() << 7)

    def part(self) -> "Body":
        return Body(self.take(self.number()))

    def planes(self, rows: int) -> np.ndarray:
        block = np.frombuffer(self.take(8 * rows), np.uint8).reshape(8, rows).T
        return unzigzag(np.ascontiguousarray(block).reshape(-1).view("<u8"))

    def column(self, mode: int, rows: int) -> np.ndarray:
        if mode == 1:
            codes = np.frombuffer(self.take(rows), np.uint8)
            values = unzigzag(codes)
            values[codes == 255] = self.planes(int((codes == 255).sum()))
            return values
        return np.zeros(rows, np.int64)


def unzigzag(codes: np.ndarray) -> np.ndarray:
    half, sign = codes.astype(np.uint64) >> np.uint64(1), codes.astype(np.uint64) & np.uint64(1)
    return half.view(np.int64) ^ -sign.view(np.int64)


def patched(tree: Any, patch: Body, head: int) -> Any:
    what = head & 7
    if what == 1:
        return json.loads(patch.part().data)
    if what == 2:
        number = patch.number()
        return tree + (-(number + 1) // 2 if number & 1 else number // 2)
    if what == 3:
        front, back, middle = patch.number(), patch.number(), patch.part().data
        return tree[:front] + middle.decode("utf-8", "surrogatepass") + tree[len(tree) - back :]
    if what == 5:
        old, new, at = list(tree.items()) if isinstance(tree, dict) else tree, [], 0
        for _ in range(patch.number()):
            at += patch.number()
            kept = patch.number()
            new += old[at : at + kept] + json.loads(patch.part().data)
            at += kept
        tree = dict(new) if isinstance(tree, dict) else new
    keys, at = list(tree) if isinstance(tree, dict) else range(len(tree)), -1
    while child := patch.number() if what else 0:
        at += child >> 3
        tree[keys[at]] = patched(tree[keys[at]], patch, child)
    return tree


class Life:
    def __init__(self, names: list[str]) -> None:
        self.names, self.document = names, None
        self.tables: dict[int, list[tuple[str, int]]] = {}
        self.ranks: dict[int, np.ndarray] = {}
        self.slots: list[range] = []
        self.series: list[tuple[int, list[np.ndarray]]] = []  # table, columns: the newest is last
        self.residuals = [np.zeros(0, np.int64) for _ in names]
        self.foretold: list[tuple[int, list[tuple[int, int]], int]] = [(1, [], 0) for _ in names]

    def key(self, body: Body) -> None:
        _ = [body.number() for _ in range(3)] + [body.part()]
        heads = [(body.number(), body.number()) for _ in range(body.number())]
        body.part()
        classes = {table: np.frombuffer(body.take(rows), np.uint8) for table, rows in heads}
        self.ranks = {table: np.argsort(found, kind="stable") for table, found in classes.items()}

    def step(self, old: np.ndarray, table: int, change: np.ndarray) -> np.ndarray:
        new = np.zeros(len(change), np.int64)
        new[: len(old)] = old[: len(new)]
        new[self.ranks.get(table, slice(None))] += change
        return new

    def frame(self, body: Body) -> tuple[str, list[tuple[str, int]], dict[str, np.ndarray]]:
        _ = [body.number() for _ in range(4)]
        declared, shown, heads, _, _ = (body.part() for _ in range(5))
        for _, columns in json.loads(declared.data or "[]"):
            self.slots.append(range(len(self.series), len(self.series) + len(columns)))
            self.series += [(-1, [np.zeros(0, np.int64)]) for _ in columns]
        for _ in range(heads.number()):
            for i in self.slots[heads.number()]:
                table, mode = heads.number(), heads.number()
                was, past = self.series[i]
                new = self.step(past[-1], table, body.column(mode, len(self.tables[table])))
                self.series[i] = (table, [*(past[-127:] if was == table else []), new])
        table = shown.number()
        names = self.tables[table]
        self.document = patched(self.document, shown, shown.number())
        found: list[np.ndarray] = []
        for i in range(len(self.names)):
            head = shown.number()
            if kind := head >> 2:
                refs = [(shown.number() - 1, shown.number()) for _ in range((0, 0, 1, 2, 2)[kind])]
                self.foretold[i] = (kind, refs, shown.number() if kind == 4 else 1)
            change = body.column(head & 3, len(names))
            self.residuals[i] = self.step(self.residuals[i], table, change)
            found.append(self.residuals[i] + self.predicted(names, found, *self.foretold[i]))
        return json.dumps(self.document), names, dict(zip(self.names, found, strict=True))

    def predicted(self, names: Any, told: Any, kind: int, refs: Any, span_ms: int) -> np.ndarray:
        columns = [told[back] if s < 0 else self.aligned(names, s, back) for s, back in refs]
        if kind < 3:
            return columns[0] if kind == 2 else np.zeros(len(names), np.int64)
        value = (columns[0] - columns[1]) * (1_000_000 if kind == 4 else 1) // span_ms
        return np.where((columns[0] == MISSING) | (columns[1] == MISSING), MISSING, value)

    def aligned(self, names: list[tuple[str, int]], series: int, back: int) -> np.ndarray:
        table, columns = self.series[series]
        values = dict(zip(self.tables[table], columns[-1 - back].tolist(), strict=True))
        return np.array([values.get(name, MISSING) for name in names], np.int64)


def snapshots(data: bytes) -> Iterator[tuple[int, str, list[Any], dict[str, np.ndarray]]]:
    """(time, document, partitions, columns) of each; believes that nothing is damaged."""
    at, life = 12, Life([])
    while at + 24 <= len(data):
        _, kind, length, at_ms, _, _ = struct.unpack_from("<3scIqII", data, at)
        payload, at = data[at + 24 : at + 24 + length], at + 24 + length
        body = Body(zlib.decompress(payload[5:]) if payload[0] else payload[5:])
        if kind == b"H":
            life = Life(json.loads(body.data)["columns"])
        elif kind == b"P":
            _, number, runs = body.number(), body.number(), json.loads(body.part().data)
            life.tables[number] = [(t, p) for t, b, n in runs for p in range(b, b + n)]
        elif kind == b"K":
            life.key(body)
        elif kind == b"D":
            yield (at_ms, *life.frame(body))
