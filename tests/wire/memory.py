"""How much memory a piece of work takes at most, whatever else its process has done before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_PEAK_ANEW: Final = "5"
"""Linux' proc(5): written to `clear_refs` it lets the peak begin at what is held now."""


@contextmanager
def at_most(mb: int) -> Iterator[None]:
    """What is done inside takes no more than this on top of what the process has."""
    Path("/proc/self/clear_refs").write_text(_PEAK_ANEW)
    before = _held("VmRSS")
    yield
    taken = _held("VmHWM") - before
    assert taken < mb, f"{taken:.0f} MiB"


def _held(word: str) -> float:
    found = re.search(rf"^{word}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1_024
