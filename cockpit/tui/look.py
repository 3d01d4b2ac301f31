"""How lines become strips: the only place where text meets style and leaves for the terminal.

Everything drawn passes `clean()` here, whatever passed before. Never builds markup, links or
anything else that a click could act on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from cockpit.tui.clean import CUT_MARK, clean
from cockpit.tui.glyphs import ASCII_TABLE
from cockpit.tui.text import Chunk, Line, Token, chunks_width, cut, width_of


@dataclass(slots=True)
class Look:
    """A theme's styles, and whether glyphs must be ASCII. One for all widgets of a screen."""

    styles: Mapping[Token, Style]
    ascii_only: bool = False
    _mixed: dict[tuple[Token, Token], Style] = field(default_factory=dict, compare=False)

    def wear(self, styles: Mapping[Token, Style]) -> None:
        """Another theme's styles from now on; what was drawn is not drawn again by this."""
        self.styles = styles
        self._mixed.clear()

    def style(self, token: Token, base: Token = "text") -> Style:
        """The style of `token` on the background of `base`. Plain text has the style of its line:
        its own background would be a hole in the line's."""
        key = (token, base)
        style = self._mixed.get(key)
        if style is None:
            style = self.styles["text"] + self.styles[base]
            if token != "text":  # noqa: S105
                style += self.styles[token]
            self._mixed[key] = style
        return style

    def letters(self, text: str) -> str:
        """`text` cleaned, and in ASCII where nothing else can be trusted; same width."""
        text = clean(text)
        if not self.ascii_only or text.isascii():
            return text
        text = text.translate(ASCII_TABLE)
        return "".join(c if c.isascii() else "?" * width_of(c) for c in text)

    def strip(self, line: Line, width: int) -> Strip:
        """`line` as exactly `width` cells; a wider one is cut with a visible mark."""
        chunks = line.chunks
        if chunks_width(chunks) > width:
            chunks = _crop(chunks, width)
        merged: list[tuple[str, Token]] = []
        for text, token in chunks:
            if merged and merged[-1][1] == token:
                merged[-1] = (merged[-1][0] + text, token)
            elif text:
                merged.append((text, token))
        segments = [Segment(self.letters(t), self.style(k, line.base)) for t, k in merged]
        strip = Strip(segments)
        return strip.adjust_cell_length(width, self.style(line.base, line.base))


def _crop(chunks: tuple[Chunk, ...], width: int) -> tuple[Chunk, ...]:
    out: list[Chunk] = []
    room = width
    for text, token in chunks:
        size = width_of(clean(text))
        if size >= room:
            piece = cut(text, room) if size > room else cut(text, room - 1) + CUT_MARK
            out.append((piece, token))
            break
        out.append((text, token))
        room -= size
    return tuple(out)
