"""Whether the words of a number say that number: read back, without what wrote them."""

from __future__ import annotations

import datetime
import re

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ")
_SPAN = re.compile(r"-?(?:(\d+) h (\d+) min|(\d+) min (\d+) s|([\d.]+) s)")
_EVENT = re.compile(r"e(\d+)")


def said(text: str, value: float) -> bool:
    """A moment to the second, a span to a second or a minute, an amount to a percent."""
    if _MOMENT.fullmatch(text):
        read = datetime.datetime.strptime(text, "%Y-%m-%d %H:%M:%SZ").replace(tzinfo=datetime.UTC)
        return int(read.timestamp()) == int(value) // 1_000
    if span := _SPAN.fullmatch(text):
        hours, minutes, more_minutes, seconds, short = (float(part or 0) for part in span.groups())
        read_ms = ((hours * 60 + minutes + more_minutes) * 60 + seconds + short) * 1_000
        off_ms = 60_000 if hours else 1_000 if read_ms >= 10_000 else 51
        return abs(abs(value) - read_ms) <= off_ms
    if event := _EVENT.fullmatch(text):
        return int(event[1]) == value
    number = text.split(" ", maxsplit=1)[0].replace(",", "")
    read_number = float(number.rstrip("%")) / (100 if number.endswith("%") else 1)
    half = 0.005 + 1e-9 if "%" in number else 0  # of what is between two, either
    return abs(read_number - value) <= max(abs(value) * 0.01, half)
