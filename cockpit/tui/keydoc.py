"""The key tables as Markdown, from the tables that the screen itself goes by.

Never writes prose: `docs/keys.md` holds that, around the marked place where these tables go.
`python -m cockpit.tui.keydoc docs/keys.md` puts them there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from cockpit.tui.keyfile import why_fixed
from cockpit.tui.keys import GROUP_TITLES, LIVE, KeyTable
from cockpit.tui.playkeys import REPLAY

BEGIN = "<!-- tables: begin (make them with: python -m cockpit.tui.keydoc docs/keys.md) -->"
END = "<!-- tables: end -->"


def tables() -> str:
    """The keys of a flight's screen, then those of a recording's that are other ones."""
    return "\n\n".join((*_groups(LIVE, KeyTable((), {})), *_groups(REPLAY, LIVE)))


def with_tables(document: str) -> str:
    """The document with the tables between its marks. Raises ValueError without the marks."""
    head, begin, rest = document.partition(BEGIN)
    _old, end, tail = rest.partition(END)
    if not (begin and end):
        raise ValueError("the document has no place for the tables")
    return f"{head}{BEGIN}\n\n{tables()}\n\n{END}{tail}"


def _groups(table: KeyTable, without: KeyTable) -> Iterator[str]:
    where = "In a replay: " if without.keys else ""
    for group, title in GROUP_TITLES.items():
        keys = [one for one in table.keys if one.group == group and one not in without.keys]
        if not keys:
            continue
        rows = [
            f"### {where}{title}",
            "",
            "| key | action | | moves |",
            "| --- | --- | --- | --- |",
        ]
        for key in keys:
            names = " ".join(f"`{name}`" for name in key.shown.split(" "))
            moves = "" if why_fixed(key) else "yes"
            rows.append(
                f"| {names.replace('|', chr(92) + '|')} | {key.id} | {key.help} | {moves} |"
            )
        yield "\n".join(rows)


def main() -> int:
    """Write the tables into the document that is named."""
    path = Path(sys.argv[1])
    path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
