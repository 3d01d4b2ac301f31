"""A report as one HTML file: opens offline, prints, and holds nothing that could run or be fetched.

Whatever comes from a cluster is text: it is escaped here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final, assert_never

from cockpit.report.document import (
    Block,
    Cell,
    Document,
    Heat,
    Paragraph,
    Plot,
    Strips,
    Table,
    Todo,
)
from cockpit.report.svg import svg
from cockpit.report.svg_rows import heat_svg, strips_svg
from cockpit.report.wording import line

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE: Final = """
:root { color-scheme: light; --ink: #16202a; --soft: #4a5763; --rule: #c6cdd4; --fill: #f3f5f7;
  --good: #135c33; --bad: #9c1c1c; --a: #0b5394; --b: #a6450c; --c: #44661a; --d: #6a2f8a; }
body { margin: 0 auto; padding: 1.5rem; max-width: 88rem; background: #fff; color: var(--ink);
  font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .6rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; padding-top: .6rem;
  border-top: 1px solid var(--rule); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 0 0 1rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
nav ol { columns: 2; margin: 0; padding-left: 1.6rem; } a { color: var(--a); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; margin: .4rem 0; }
th, td { text-align: left; vertical-align: top; padding: .2rem .5rem; border: 1px solid var(--rule);
  overflow-wrap: break-word; max-width: 34rem; }
th { background: var(--fill); overflow-wrap: normal; }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
#t-identity td.n { text-align: left; } sup a { text-decoration: none; }
.good { color: var(--good); font-weight: 600; }
.bad { color: var(--bad); font-weight: 600; } .none { color: var(--soft); }
.todo { border: 1px dashed var(--soft); padding: .35rem .6rem; margin: .4rem 0; }
tr:target, li:target { background: #fff3bf; }
figure { margin: .8rem 0; } figcaption { font-weight: 600; }
.plot { width: 100%; height: auto; margin: .4rem 0; font: 11px system-ui, sans-serif; }
.plot text { fill: var(--soft); } .plot .y, .plot text.limit { text-anchor: end; }
.plot path { fill: none; } .axis { stroke: var(--soft); } .grid { stroke: var(--rule); }
.line { stroke-width: 1.5; stroke: var(--a); } .l1 { stroke: var(--b); } .l2 { stroke: var(--c); }
.l3 { stroke: var(--d); } .l4 { stroke: var(--ink); }
path.limit { stroke: var(--bad); stroke-dasharray: 4 4; } .plot text.limit { fill: var(--bad); }
path.tick { stroke: var(--soft); stroke-width: .7; fill: var(--soft); }
rect.fence { fill: #f1d9b5; } rect.gap { fill: #d9dde1; }
.plot .row { text-anchor: end; } .plot .in { fill: var(--ink); } .plot .bad.in { fill: #fff; }
rect.s { stroke: var(--soft); } rect.s.good { fill: #c5e5cf; } rect.s.plain { fill: #cfe0f2; }
rect.s.warn { fill: #f6dfa6; stroke-dasharray: 5 2; } rect.s.bad { fill: var(--bad); }
rect.s.off { fill: #fff; stroke-dasharray: 1 3; } path.deadline { stroke: var(--bad);
  stroke-width: 2; }
rect.h0 { fill: #eef1f4; } rect.h1 { fill: #cfe0f2; } rect.h2 { fill: #9fc3ea; }
rect.h3 { fill: #5d97d6; } rect.h4 { fill: #2a66ae; } rect.h5 { fill: #0d3a73; }
rect.over { fill: var(--bad); }
@page { size: A4 landscape; margin: 12mm; }
@media print { body { padding: 0; font-size: 11px; } nav { display: none; }
  h2, tr, figure { break-inside: avoid; } h2 { break-after: avoid; }
  table { font-size: 9px; } .scroll { overflow: visible; }
  a { color: inherit; text-decoration: none; } }
"""


def html(document: Document) -> str:
    """The whole file."""
    return "".join(f"{part}\n" for part in _parts(document))


def _parts(document: Document) -> Iterator[str]:
    title = _text(document.title)
    yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>{title}</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>{title}</h1>"
    if document.facts:
        pairs = (f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in document.facts)
        yield f"<dl>{''.join(pairs)}</dl>"
    links = (
        f'<li><a href="#s{section.number}">{_text(section.title)}</a></li>'
        for section in document.sections
    )
    yield f"<nav><ol>{''.join(links)}</ol></nav>"
    for section in document.sections:
        heading = f"{section.number}. {_text(section.title)}"
        yield f'<section id="s{section.number}"><h2>{heading}</h2>'
        for block in section.blocks:
            yield _block(block)
        yield "</section>"
    yield "</body></html>"


def _text(text: str) -> str:
    return escape(line(text))


def _block(block: Block) -> str:
    match block:
        case Paragraph(text=text, events=events, tone=tone):
            kind = "" if tone == "plain" else f' class="{tone}"'
            return f"<p{kind}>{_text(text)}{_events(events)}</p>"
        case Todo(text=text):
            return f'<p class="todo">☐ To do: {_text(text)}</p>'
        case Table():
            return _table(block)
        case Plot():
            return _figure(block.title, svg(block))
        case Strips():
            return _figure(block.title, strips_svg(block))
        case Heat():
            return _figure(block.title, heat_svg(block))
        case _:
            assert_never(block)


def _figure(title: str, drawn: str) -> str:
    return f"<figure><figcaption>{_text(title)}</figcaption>{drawn}</figure>"


def _table(table: Table) -> str:
    if not table.rows:
        return f'<p class="none">{_text(table.name)}: {_text(table.empty)}</p>'
    heads = "".join(f'<th scope="col">{_text(name)}</th>' for name in table.columns)
    rows = "".join(_row(table, row) for row in table.rows)
    return (
        f'<div class="scroll"><table id="t-{_text(table.name)}"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(table: Table, row: tuple[Cell, ...]) -> str:
    """A row of the list of events is where references lead."""
    own = row[0].value if table.name == "events" and row else None
    anchor = f' id="e{own}"' if isinstance(own, int) else ""
    return f"<tr{anchor}>{''.join(map(_cell, row))}</tr>"


def _cell(cell: Cell) -> str:
    numeric = isinstance(cell.value, int | float) and not isinstance(cell.value, bool)
    kind = ' class="n"' if numeric else ""
    return f"<td{kind}>{_text(cell.text)}{_events(cell.events)}</td>"


def _events(events: tuple[int, ...]) -> str:
    if not events:
        return ""
    links = ", ".join(f'<a href="#e{number}">e{number}</a>' for number in events[:3])
    return f"<sup>{links}{'…' if len(events) > 3 else ''}</sup>"
