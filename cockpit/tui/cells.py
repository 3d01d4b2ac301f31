"""What a terminal should show against what it was sent: the difference, cell by cell.

Takes the frames that Textual would send (places, styles, texts) and gives the shortest way from the
one picture to the other. However many frames were left out between, only the newest counts. Pure;
knows no terminal, and nothing of what is drawn.
"""

from __future__ import annotations

import re
from typing import Final

from rich.cells import get_character_cell_size

from cockpit.tui.pens import Pen, Pens

_TOKENS: Final = re.compile(r"\x1b\[([\d;]*)([Hm])|([^\x1b\n]+)|(\n)")
FRAME: Final = re.compile(
    r"\x1b\[[\d;]*H(?:\x1b\[[\d;]*[Hm]|[^\x1b\x00-\x09\x0b-\x1f\x7f]++|\n)*+\Z"
)
"""A place, then nothing but places, styles, printable text and new lines."""
_UNKNOWN: Final = "\0"
"""In the cells of a row of which nobody knows what the terminal shows."""
GAP: Final = 6
"""So many cells that have not changed are sent again rather than skipped."""


class _Row:
    """Cells of a row: what stands in each, and how. The second cell of a wide character is empty;
    what has no width stands behind the character that it belongs to."""

    __slots__ = ("pens", "texts")

    def __init__(self, width: int, text: str = " ") -> None:
        self.texts = [text] * width
        self.pens: list[Pen] = [""] * width

    def put(self, x: int, text: str, pen: Pen) -> int:
        """Draw from column `x` on; the column behind it."""
        width = len(self.texts)
        if text.isascii():
            cells = list(text[: max(0, width - x)])
        else:
            cells = self._cells(x, text)[: max(0, width - x)]
        end = x + len(cells)
        if not cells:
            return x
        if end < width and self.texts[end] == "":
            self.texts[end] = " "  # the other half of what was drawn over
        if x and self.texts[x] == "":
            self.texts[x - 1] = " "
        self.texts[x:end] = cells
        self.pens[x:end] = [pen] * len(cells)
        return end

    def _cells(self, x: int, text: str) -> list[str]:
        cells: list[str] = []
        for character in text:
            size = get_character_cell_size(character)
            if size == 0:
                if cells:
                    at = -2 if cells[-1] == "" and len(cells) > 1 else -1
                    cells[at] += character
                elif x:
                    self.texts[x - 1] += character
                continue
            cells.append(character)
            if size == 2:
                cells.append("")
        return cells


class Cells:
    """A terminal's picture as it should be, and as it was sent."""

    def __init__(
        self, width: int, height: int, pens: Pens | None = None, *, to_the_end: bool = False
    ) -> None:
        self._pens = Pens() if pens is None else pens
        self._to_the_end = to_the_end
        """A row is sent from its first difference to its end."""
        self._place = (1, 1)
        """Where a frame leaves the cursor, hidden or not: input methods look there."""
        self.resize(width, height)

    def resize(self, width: int, height: int) -> None:
        """Another size; nobody knows what the terminal shows then."""
        self.width, self.height = width, height
        self._wanted = [_Row(width) for _ in range(height)]
        self.forget()

    def forget(self) -> None:
        """Nobody knows what the terminal shows: everything is sent again."""
        self._sent = [_Row(self.width, _UNKNOWN) for _ in range(self.height)]
        self._touched = set(range(self.height))

    def draw(self, frame: str) -> None:
        """A frame, of what `FRAME` takes."""
        x = y = 0
        pen: Pen = ""
        for code, kind, text, _ in _TOKENS.findall(frame):
            if text:
                if 0 <= y < self.height:
                    x = self._wanted[y].put(x, text, pen)
                    self._touched.add(y)
            elif kind == "m":
                pen = "" if code in ("", "0") else code
            elif kind == "H":
                row, _, column = code.partition(";")
                y, x = int(row or 1) - 1, int(column or 1) - 1
            else:
                y += 1
        self._place = (y + 1, x + 1)

    def changes(self) -> str:
        """What brings the terminal to the newest picture, counted as sent; empty: it shows it."""
        out: list[str] = []
        pen: Pen = ""
        for y in sorted(self._touched):
            wanted, sent = self._wanted[y], self._sent[y]
            if wanted.texts == sent.texts and wanted.pens == sent.pens:
                continue
            at = -1
            for begin, end in self._parts(wanted, sent):
                if at < 0:
                    out.append(f"\x1b[{y + 1};{begin + 1}H")
                else:
                    out.append(f"\x1b[{begin - at}C")
                at = end
                for text, now in _pieces(wanted, begin, end):
                    out.append(self._pens.change(pen, now))
                    out.append(text)
                    pen = now
            sent.texts[:], sent.pens[:] = wanted.texts, wanted.pens
        self._touched.clear()
        if out:
            out.append(self._pens.change(pen, ""))
            out.append("\x1b[{};{}H".format(*self._place))
        return "".join(out)

    def _parts(self, wanted: _Row, sent: _Row) -> list[tuple[int, int]]:
        """Columns of a row that are sent, from and to."""
        if sent.texts[:1] == [_UNKNOWN]:
            return [(0, self.width)]
        runs = _runs(wanted, sent)
        return [(runs[0][0], self.width)] if self._to_the_end else runs


def _runs(wanted: _Row, sent: _Row) -> list[tuple[int, int]]:
    """Columns that differ, from and to, near ones joined; never half of a wide character."""
    found: list[tuple[int, int]] = []
    for x, (a, b, c, d) in enumerate(
        zip(wanted.texts, sent.texts, wanted.pens, sent.pens, strict=True)
    ):
        if a != b or c != d:
            if found and x - found[-1][1] <= GAP:
                found[-1] = (found[-1][0], x + 1)
            else:
                found.append((x, x + 1))
    out: list[tuple[int, int]] = []
    width = len(wanted.texts)
    for begin, end in found:
        while begin and wanted.texts[begin] == "":
            begin -= 1  # noqa: PLW2901  # to the character's first half
        while end < width and wanted.texts[end] == "":
            end += 1  # noqa: PLW2901
        if out and begin < out[-1][1]:
            out[-1] = (out[-1][0], end)
        else:
            out.append((begin, end))
    return out


def _pieces(row: _Row, begin: int, end: int) -> list[tuple[str, Pen]]:
    """Texts of one style each."""
    found: list[tuple[str, Pen]] = []
    first = begin
    for x in range(begin + 1, end + 1):
        if x == end or row.pens[x] != row.pens[first]:
            found.append(("".join(row.texts[first:x]), row.pens[first]))
            first = x
    return found
