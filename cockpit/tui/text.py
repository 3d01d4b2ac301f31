"""Styled text as values: a Line is chunks of text, each with the name of a style.

Never knows a colour and never touches the terminal; `cockpit.tui.look` turns lines into strips.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from rich.cells import cell_len

from cockpit.tui.clean import clean

Token = Literal[
    "text", "dim", "strong", "head", "head.on", "columns", "bar", "cursor", "dialog",
    "dialog.head", "danger.head", "good", "warn", "bad", "info", "stale", "unknown", "badge.sim",
    "badge.env", "badge.pause", "writes.source", "writes.fenced", "writes.target",
    "writes.unknown", "key", "key.label", "key.off", "plot", "plot.limit", "plot.axis",
]  # fmt: skip
TOKENS: tuple[Token, ...] = get_args(Token)
BASES: tuple[Token, ...] = (
    "text", "head", "head.on", "columns", "bar", "cursor", "dialog", "dialog.head", "danger.head",
)  # fmt: skip
"""Tokens that a whole line may stand on: they have a background."""

Chunk = tuple[str, Token]


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the screen. Chunks without a background of their own take that of `base`."""

    chunks: tuple[Chunk, ...] = ()
    base: Token = "text"

    @property
    def plain(self) -> str:
        """The text alone."""
        return "".join(text for text, _ in self.chunks)


BLANK = Line()


def line(*chunks: Chunk | str, base: Token = "text") -> Line:
    """A Line of chunks; a bare string takes the base style."""
    return Line(tuple((c, base) if isinstance(c, str) else c for c in chunks), base)


def width_of(text: str) -> int:
    """Cells that `text` takes."""
    return len(text) if text.isascii() else cell_len(text)


def cut(text: str, width: int) -> str:
    """`text` cleaned, and cut with a visible mark when it is wider than `width` cells."""
    return clean(text, max_cells=max(0, width))


def left(text: str, width: int) -> str:
    """Cut or padded on the right to exactly `width` cells."""
    text = cut(text, width)
    return text + " " * (width - width_of(text))


def right(text: str, width: int) -> str:
    """Cut or padded on the left to exactly `width` cells."""
    text = cut(text, width)
    return " " * (width - width_of(text)) + text


def chunks_width(chunks: Iterable[Chunk]) -> int:
    """Cells that the chunks take together."""
    return sum(width_of(clean(text)) for text, _ in chunks)


@dataclass(frozen=True, slots=True)
class Item:
    """Something that a crowded line shows if there is room. Rank 0 is kept longest."""

    rank: int
    chunks: tuple[Chunk, ...]


def pack(items: Sequence[Item], width: int, *, gap: int = 2) -> tuple[Chunk, ...]:
    """As many items as fit, in their order; the highest ranks are left out first.

    The result may be wider than `width` when a single item is.
    """
    kept = [item for item in items if item.chunks]
    while len(kept) > 1 and _packed_width(kept, gap) > width:
        worst = max(range(len(kept)), key=lambda i: (kept[i].rank, i))
        del kept[worst]
    out: list[Chunk] = []
    for number, item in enumerate(kept):
        if number:
            out.append((" " * gap, "bar"))
        out.extend(item.chunks)
    return tuple(out)


def _packed_width(items: Sequence[Item], gap: int) -> int:
    return sum(chunks_width(item.chunks) for item in items) + gap * (len(items) - 1)


def wrap(text: str, width: int) -> list[str]:
    """`text` cleaned and broken into pieces of at most `width` cells, at spaces where possible."""
    text = clean(text, max_cells=4096)
    width = max(4, width)
    pieces: list[str] = []
    current = ""
    for word in text.split(" "):
        candidate = f"{current} {word}" if current else word
        if width_of(candidate) <= width:
            current = candidate
            continue
        if current:
            pieces.append(current)
        *full, current = _hard_break(word, width)
        pieces.extend(full)
    pieces.append(current)
    return pieces


def _hard_break(word: str, width: int) -> list[str]:
    pieces = [""]
    for character in word:
        if width_of(pieces[-1] + character) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces
