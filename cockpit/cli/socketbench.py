"""What it costs to look on over the socket: generated load, 10,000 partitions x 4 series."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from cockpit.cli.figures import Figure
from cockpit.cli.recordload import Load, Moment, drawn
from cockpit.wire.backlog import Payload
from cockpit.wire.live import CHANGE_EVERY, LiveDecoder, LiveEncoder

T = TypeVar("T")
PARTITIONS = 10_000
RECORDS_PER_S = 50_000
SECONDS = 3 * CHANGE_EVERY
READ_FROM = SECONDS - 20


def socket_figures() -> Iterator[Figure]:
    """One encoder serves all; each who looks on reads for himself."""
    load = drawn(Load(PARTITIONS, RECORDS_PER_S))
    encoder = LiveEncoder(1)
    encode: list[float] = []
    read: list[float] = []
    sizes: list[int] = []
    joins: list[tuple[float, int]] = []
    decoder: LiveDecoder | None = None
    for number in range(SECONDS):
        moment = next(load)
        payloads = _timed(encode, partial(_publish, encoder, moment))
        sizes.append(_size(payloads))
        if decoder is not None:
            _timed(read, partial(_read, decoder, payloads))
        elif number >= READ_FROM:
            lead = encoder.joining()
            took: list[float] = []
            decoder = _timed(took, partial(_joined, encoder, lead))
            joins.append((took[0], _size(lead)))
    ((join_ms, join_bytes),) = joins
    yield Figure("socket_encode_10k_partitions", statistics.median(encode), "ms", 10)
    yield Figure("socket_snapshot_10k_partitions", statistics.median(sizes) / 1_000, "kB", 40)
    yield Figure("socket_read_10k_partitions", statistics.median(read), "ms", 10)
    yield Figure("socket_join_10k_partitions", join_ms, "ms", 1_000)
    yield Figure("socket_joining_10k_partitions", join_bytes / 1_000, "kB", 4_000)


def _publish(encoder: LiveEncoder, moment: Moment) -> tuple[Payload, ...]:
    for event in moment.inputs:
        encoder.observe(event)
    return encoder.publish(moment.snapshot)


def _read(decoder: LiveDecoder, payloads: tuple[Payload, ...]) -> LiveDecoder:
    for payload in payloads:
        decoder.take(payload.kind, payload.content)
    decoder.snapshot()
    return decoder


def _joined(encoder: LiveEncoder, lead: tuple[Payload, ...]) -> LiveDecoder:
    return _read(LiveDecoder(encoder.head), lead)


def _size(payloads: tuple[Payload, ...]) -> int:
    return sum(len(payload.content) for payload in payloads)


def _timed(taken_ms: list[float], work: Callable[[], T]) -> T:
    """CPU milliseconds of this process go into the list."""
    began = time.process_time()
    found = work()
    taken_ms.append((time.process_time() - began) * 1_000)
    return found
