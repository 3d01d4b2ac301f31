"""The base of the tables: sorted, filtered and scrolled over any number of rows, drawing only
those that are visible.

Rows stay where they are while somebody reads: the order is made anew at most every five seconds of
the snapshots' time, or on a key, and the cursor follows its row's key, never its place. Holds no
data of the flight beyond the newest snapshot's.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from cockpit.tui.format import count
from cockpit.tui.glyphs import DOWN, HERE, STAR, UP
from cockpit.tui.look import Look
from cockpit.tui.matching import Filter, matcher, plain
from cockpit.tui.text import Chunk, Line, cut, left, right, width_of
from cockpit.tui.view import Pane

RESORT_MS: Final = 5_000
MAX_PATTERN: Final = 100

Order = NDArray[np.intp]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Width 0 takes what is left; the highest ranks go first when room is short, those
    of one rank together."""

    name: str
    title: str
    width: int
    rank: int = 0
    right: bool = True
    ends_in: str = ""
    """What follows the last of these stays when a text is cut, as a partition's number does."""


class Grid(Pane):
    """A table pane. A subclass brings the rows, this class their order and the way they look."""

    sorts: ClassVar[tuple[str, ...]] = ()
    all_columns: ClassVar[tuple[Column, ...]] = ()
    flexible_min: ClassVar[int] = 12
    flexible_max: ClassVar[int] = 48
    """Wider, and names would stand too far from their numbers."""
    has_columns: ClassVar[bool] = True

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.sort = 0
        self.reverse = False
        self.pattern = ""
        self._filter: Filter = plain("")
        self.wave_only = False
        self.problems_only = False
        self._pins: dict[Hashable, None] = {}
        """Keys of rows that stay on top, in the order in which they were pinned."""
        self._order: Order = np.empty(0, dtype=np.intp)
        self._sorted_at_ms: int | None = None
        self._cursor: Hashable | None = None
        self._drawn: dict[tuple[int, int, bool], Line] = {}
        """Rows as they were made of the newest values: a key that moves makes two of them anew."""
        self._sized: tuple[int, list[tuple[Column, int]]] = (-1, [])
        """The columns of a width, for all rows that are made at once."""

    # --- what a subclass says ---------------------------------------------------------------------

    def total(self) -> int:
        """Rows before filtering."""
        raise NotImplementedError

    def key_of(self, model: int) -> Hashable:
        """What identifies row `model` from snapshot to snapshot."""
        raise NotImplementedError

    def find(self, key: Hashable) -> int | None:
        """The row of a key, if it is still there."""
        raise NotImplementedError

    def texts(self) -> Sequence[str]:
        """What a filter looks at, for every row."""
        raise NotImplementedError

    def in_wave(self) -> Mask:
        """Which rows belong to the current wave."""
        raise NotImplementedError

    def problems(self) -> Mask:
        """Which rows are not as they should be, or not known."""
        return np.ones(self.total(), dtype=bool)

    def ranking(self, sort: str) -> Order:
        """Every row, worst or first one first."""
        raise NotImplementedError

    def cell(self, model: int, column: str) -> Chunk:
        """One cell."""
        raise NotImplementedError

    def mark(self, model: int) -> Chunk:
        """One character before the row."""
        return (" ", "text")

    def detail(self, model: int) -> Sequence[tuple[str, str]]:
        """Everything about a row in words, as (what, text); nothing where there is no more."""
        return ()

    def flags(self) -> tuple[Chunk, ...]:
        """What the title bar says about the values, such as STALE."""
        return ()

    def uncounted(self) -> int:
        """How many rows at the beginning are not counted in the title bar."""
        return 0

    def free_row(self, model: int, width: int) -> tuple[Chunk, ...] | None:
        """A row that does not follow the columns."""
        return None

    # --- order ------------------------------------------------------------------------------------

    def arrived(self, at_ms: int, *, other_rows: bool) -> None:
        """New values came; `other_rows` when rows were added, removed or reordered."""
        self._make_anew()
        last = self._sorted_at_ms
        due = last is None or not 0 <= at_ms - last < RESORT_MS
        if due or other_rows:
            self.resort(at_ms)
        self.sync()

    def _make_anew(self) -> None:
        self._drawn.clear()
        self._sized = (-1, [])

    def redraw(self) -> None:
        """Forget every row as well."""
        self._make_anew()
        super().redraw()

    def resort(self, at_ms: int) -> None:
        """Make the order anew, leaving the cursor's row where it is on the screen."""
        self._make_anew()
        self._sorted_at_ms = at_ms
        before = self.cursor_place()
        order = self.ranking(self.sorts[self.sort])
        if self.reverse:
            order = self.turned(order)
        mask = self._mask()
        self._order = self._pinned_first(order, mask)
        after = self.cursor_place()
        if before is not None and after is not None:
            self.top = max(0, self.top + after - before)

    def _pinned_first(self, order: Order, mask: Mask | None) -> Order:
        """Pinned rows on top, whatever the filter says."""
        kept = order if mask is None else order[mask[order]]
        found = [row for key in self._pins if (row := self.find(key)) is not None]
        if not found:
            return kept
        pinned = np.array(found, dtype=np.intp)
        return np.concatenate((pinned, kept[~np.isin(kept, pinned)]))

    def turned(self, order: Order) -> Order:
        """The order turned round."""
        return order[::-1]

    def _mask(self) -> Mask | None:
        mask: Mask | None = None
        if self.wave_only:
            mask = self.in_wave()
        if self.problems_only:
            bad = self.problems()
            mask = bad if mask is None else mask & bad
        if self.pattern:
            found = self._let_through()
            mask = found if mask is None else mask & found
        return mask

    def filtered(self) -> str:
        """What the filter lets through, in words."""
        if not self.pattern:
            return "filter cleared"
        rows = self.count()
        how = ", the pattern taken as it is" if self._filter.as_it_is else ""
        return f"{count(rows)} row{' matches' if rows == 1 else 's match'}{how}"

    def _let_through(self) -> Mask:
        texts = self.texts()
        try:
            found = self._filter.of(texts)
        except TimeoutError:
            self._filter = plain(self.pattern)
            found = self._filter.of(texts)
        return np.array(found, dtype=bool)

    def _reorder(self) -> None:
        if self._sorted_at_ms is not None:
            self.resort(self._sorted_at_ms)
        self.sync()

    def sort_next(self) -> str:
        """Sort by the next column; says by which."""
        self.sort = (self.sort + 1) % len(self.sorts)
        self.top = 0
        self._reorder()
        return f"sorted by {self.sorts[self.sort]}"

    def sort_reverse(self) -> str:
        """Turn the order round; says how it is."""
        self.reverse = not self.reverse
        self.top = 0
        self._reorder()
        return f"sorted by {self.sorts[self.sort]}{', reversed' if self.reverse else ''}"

    def set_filter(self, pattern: str) -> None:
        """Show only rows that match; empty shows all."""
        self.pattern = pattern[:MAX_PATTERN]
        self._filter = matcher(self.pattern)
        self.top = 0
        self._reorder()

    def group_next(self) -> str:
        """Add rows up in another way; says in which."""
        return "this table adds nothing up; pane 2 does"

    def toggle_wave(self) -> str:
        """Only the current wave's rows, or all again; says which."""
        self.wave_only = not self.wave_only
        self.top = 0
        self._reorder()
        return "only the current wave's rows" if self.wave_only else "all rows"

    def toggle_problems(self) -> str:
        """Only rows with a problem, or all again; says which."""
        self.problems_only = not self.problems_only
        self.top = 0
        self._reorder()
        return "only rows with a problem" if self.problems_only else "all rows"

    def pin(self) -> str:
        """Keep the cursor's row on top, or let it go again; says which."""
        place = self.cursor_place()
        place = self.top if place is None else place
        if not 0 <= place < len(self._order):
            return "no row to pin"
        model = int(self._order[place])
        key, text = self.key_of(model), self.texts()[model]
        if key in self._pins:
            del self._pins[key]
        else:
            self._pins[key] = None
        self._reorder()
        return f"{text}: {'stays on top' if key in self._pins else 'no longer pinned'}"

    # --- cursor -----------------------------------------------------------------------------------

    def cursor_place(self) -> int | None:
        """Where the cursor's row is in the order; None without a cursor or without its row."""
        if self._cursor is None:
            return None
        model = self.find(self._cursor)
        if model is None:
            return None
        places = np.flatnonzero(self._order == model)
        return int(places[0]) if len(places) else None

    def _go(self, place: int) -> None:
        last = self.count() - 1
        if last < 0:
            return
        place = max(0, min(last, place))
        self._cursor = self.key_of(int(self._order[place]))
        room = max(1, self.room)
        self.top = min(max(self.top, place - room + 1), place)
        self.sync()

    def move(self, rows: int) -> None:
        """Move the cursor; the first move sets it on the top row."""
        place = self.cursor_place()
        if place is None:
            place = self.top - 1 if rows > 0 else self.top
        self._go(place + rows)

    def chosen_detail(self) -> Sequence[tuple[str, str]]:
        """`detail` of the cursor's row, else of the first that is visible."""
        place = self.cursor_place()
        if place is None:
            place = self.top
        return self.detail(int(self._order[place])) if 0 <= place < len(self._order) else ()

    def pointed_row(self) -> str:
        """The cursor's row as a filter sees it, or the first that is visible; empty: none is."""
        place = self.cursor_place()
        if place is None:
            place = self.top
        return self.texts()[int(self._order[place])] if 0 <= place < len(self._order) else ""

    def go_to(self, row: str) -> bool:
        """The cursor to the row with this text; False: it is not shown here."""
        texts = self.texts()
        for place, model in enumerate(self._order.tolist()):
            if texts[model] == row:
                self._go(place)
                return True
        return False

    def home(self) -> None:
        """To the top, and stay there: without a cursor the worst rows stay in view."""
        self._cursor = None
        super().home()

    def end(self) -> None:
        """To the last row."""
        self._go(self.count() - 1)

    # --- drawing ----------------------------------------------------------------------------------

    def count(self) -> int:
        """Rows after filtering."""
        return len(self._order)

    def table_columns(self) -> tuple[Column, ...]:
        """Every column that there could be now."""
        return self.all_columns

    def shown_columns(self, width: int) -> list[tuple[Column, int]]:
        """The columns that fit, with their widths; a last one of text takes what is left."""
        kept = list(self.table_columns())
        while len(kept) > 1 and self._wanted(kept) > width:
            last = max(kept, key=lambda column: column.rank)
            kept = [one for one in kept if one.rank != last.rank] if last.rank else kept[1:]
        spare = max(0, width - self._wanted(kept))
        flexible = min(self.flexible_min + spare, self.flexible_max)
        rest = self.flexible_min + spare - flexible
        sized = [(c, c.width or flexible) for c in kept]
        last, cells = sized[-1]
        if not last.right:
            sized[-1] = (last, cells + rest)
        return sized

    def _wanted(self, columns: Sequence[Column]) -> int:
        return sum((c.width or self.flexible_min) + 1 for c in columns)

    def columns(self, width: int) -> Line | None:
        """Column titles, the sorted one marked."""
        sorted_by = self.sorts[self.sort]
        text = " "
        for number, (column, cells) in enumerate(self.shown_columns(width)):
            arrow = (UP if self.reverse else DOWN) if column.name == sorted_by else ""
            fitted = right if column.right else left
            text += (" " if number else "") + fitted(column.title + arrow, cells)
        return Line(((text, "columns"),), "columns")

    def row(self, index: int, width: int) -> Line:
        """A row of the order."""
        model = int(self._order[index])
        here = self._cursor is not None and self.key_of(model) == self._cursor
        line = self._drawn.get((model, width, here))
        if line is None:
            line = self._drawn[model, width, here] = self._made(model, width, here=here)
        return line

    def _made(self, model: int, width: int, *, here: bool) -> Line:
        pinned = bool(self._pins) and self.key_of(model) in self._pins
        mark: Chunk = (STAR, "strong") if pinned else self.mark(model)
        chunks: list[Chunk] = [(HERE, "strong") if here else mark]
        free = self.free_row(model, width - 1)
        if free is not None:
            chunks.extend(free)
        else:
            if self._sized[0] != width:
                self._sized = (width, self.shown_columns(width))
            for number, (column, cells) in enumerate(self._sized[1]):
                text, style = self.cell(model, column.name)
                if style == "stale" and width_of(text) > cells:
                    text = "--"
                if column.ends_in and width_of(text) > cells:
                    text = _cut_before(column.ends_in, text, cells)
                fitted = right(text, cells) if column.right else left(text, cells)
                chunks.append((" " + fitted if number else fitted, style))
        return Line(tuple(chunks), "cursor" if here else "text")

    def note(self, width: int) -> tuple[Chunk, ...]:
        """How many rows are shown, through which filter, and which of them."""
        base = self.bar
        extra = self.uncounted()
        total = self.total() - extra
        shown = self.count() - int(np.count_nonzero(self._order < extra))
        last = min(shown, self.top + self.room)
        text = count(shown)
        if 0 < last < shown or self.top:
            text = f"{count(self.top + 1)}-{count(last)} of {text}"
        if shown != total:
            text = f"{count(shown)} of {count(total)} shown"
        if self.pattern:
            how = "taken as it is: " if self._filter.as_it_is else ""
            text = f"/{self.pattern}/ {how}{text}"
        if self.wave_only:
            text = f"wave only {text}"
        if self.problems_only:
            text = f"problems only {text}"
        flags = self.flags()
        return (*flags, ("  " if flags else "", base), (text, base))


def _cut_before(mark: str, text: str, cells: int) -> str:
    """A text made shorter before the last `mark`."""
    head, found, end = text.rpartition(mark)
    return cut(head, max(0, cells - width_of(found + end))) + found + end
