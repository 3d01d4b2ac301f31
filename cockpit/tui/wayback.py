"""Whether going back is possible and what it costs, for the status lines.

Pure. A number that grows takes no more room: what stands behind it stays where it is.
"""

from __future__ import annotations

from typing import Final

from cockpit.core.observe import Unknown
from cockpit.core.snapshot import StatusView
from cockpit.tui.format import count, utc
from cockpit.tui.text import Chunk, Item, Token, left, width_of

PRICE_CELLS: Final = 27
"""On a wide screen, of what going back costs."""


def rollback_chunks(status: StatusView) -> tuple[Chunk, ...]:
    """Whether going back is still possible, since when not, and what it costs."""
    word, since, token = _rollback(status)
    costs = "".join(f" {cost}" for cost in _costs(status, exact=False))
    return (("ROLLBACK ", "bar"), (f"{word}{since}{costs}", token))


def _rollback(status: StatusView) -> tuple[str, str, Token]:
    tokens: dict[str, Token] = {"possible": "good", "lossy": "warn", "closed": "bad"}
    since = ""
    if status.rollback == "closed" and status.rollback_since_ms is not None:
        since = f" {utc(status.rollback_since_ms)}"
    word = status.rollback if status.rollback == "possible" else status.rollback.upper()
    return word, since, tokens[status.rollback]


def rollback_items(status: StatusView, *, wide: bool) -> list[Item]:
    """The word, and what it costs as far as there is room; on a wide screen all of it always takes
    the same."""
    word, since, token = _rollback(status)
    if not wide:
        more = [since.strip(), *_costs(status, exact=False)]
        items = [Item(0, (("ROLLBACK ", "bar"), (word, token)))]
        return items + [Item(2 + i, ((one, token),)) for i, one in enumerate(filter(None, more))]
    head = word + since
    costs = _costs(status, exact=True)
    told: Chunk = (" ".join(costs), token) if costs else (status.rollback_detail, "dim")
    room = len("possible ") + PRICE_CELLS - width_of(head) - 1
    return [Item(0, (("ROLLBACK ", "bar"), (f"{head} ", token), (left(told[0], room), told[1])))]


def _costs(status: StatusView, *, exact: bool) -> list[str]:
    """What going back costs, lost records first: unknown is a question mark. Not `exact`: in as
    many cells whatever the number."""
    price = status.price
    if price is None or price.word == "closed":
        return []
    reread = price.reread if price.reread_lately is None else price.reread_lately
    if price.word == "nothing" and not reread:
        return []
    told = [_so_many(price.records, "lost", exact), _so_many(reread, "reread", exact)]
    return [one for one in told if one] or ["0 so far"]


def _so_many(records: int | Unknown, what: str, exact: bool) -> str:
    if isinstance(records, Unknown):
        return f"? {what}"
    return f"{count(records) if exact else _short(records):>4} {what}" if records else ""


def _short(records: int) -> str:
    """`340`, `1.4k`, `13k`, `2.0M`: rounded up."""
    if records < 1_000:
        return str(records)
    size, unit = (1_000, "k") if records <= 999_000 else (1_000_000, "M")
    tenths = -(-records * 10 // size)
    return f"{tenths / 10:.1f}{unit}" if tenths < 100 else f"{-(-records // size)}{unit}"
