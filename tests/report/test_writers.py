"""A report in its three forms: the same content, nothing that runs, the same bytes each time."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from cockpit.report.alternative import in_words
from cockpit.report.document import (
    Band,
    Cell,
    Document,
    Heat,
    Line,
    Paragraph,
    Plot,
    Point,
    Section,
    Stretch,
    Strip,
    Strips,
    Table,
    Tick,
    Todo,
)
from cockpit.report.html import html
from cockpit.report.machine import as_json
from cockpit.report.markdown import markdown
from cockpit.report.svg import svg, thinned
from cockpit.report.svg_rows import heat_svg, strips_svg

MINUTE = 60_000
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07",
    "</script><script>alert(1)</script>",
    '" onload="alert(1)',
    "<img src=http://x/>",
    "a\nb\r\n# c",
    "\u202egnp.exe",
    "x\ud800y",
    "\x9b31m",
    "=cmd|' /C calc'!A0",
    "]]>-->",
    "&amp;&#x41;",
)


def plot(*points: Point, limit: float = 100, name: str = "lag") -> Plot:
    return Plot(
        name="lag",
        title="replication lag",
        unit="records",
        from_ms=0,
        to_ms=10 * MINUTE,
        lines=(Line(name, points),),
        limits=(("max", limit),),
        ticks=(Tick(MINUTE, "advance by ana", 4),),
        bands=(
            Band(2 * MINUTE, 3 * MINUTE, "fence", "orders is fenced"),
            Band(5 * MINUTE, 6 * MINUTE, "gap", "engine gone"),
        ),
    )


def strips(name: str = "orders", **more: Any) -> Strips:
    rows = (
        Strip(
            name,
            (
                Stretch(MINUTE, 2 * MINUTE, "PASS", "good", 4),
                Stretch(2 * MINUTE, 5 * MINUTE, "FAIL", "bad"),
                Stretch(6 * MINUTE, 7 * MINUTE, "PASS", "good"),
            ),
        ),
        Strip("nobody", ()),
    )
    return Strips("gates", "how each gate stood", 0, 10 * MINUTE, rows, **more)


def heat(name: str = "orders/0", **more: Any) -> Heat:
    rows = ((name, (None, 0.0, 5.0, 120.0)), ("orders/1", (None, 9.0, 9.0, None)))
    return Heat("lag", "lag by partition", "records", 0, MINUTE, rows, (1.0, 100.0), 7, **more)


def document(text: str = "orders") -> Document:
    table = Table("waves", ("wave", "records"), ((Cell(text), Cell("1,234", 1234, (4, 5, 6, 7))),))
    events = Table("events", ("event", "text"), ((Cell("e4", 4), Cell(text)),))
    blocks = (
        Paragraph(text, (4,), "bad"),
        Todo(text),
        table,
        Table("alarms", ("alarm",), ()),
        plot((0, 1.0), (MINUTE, 250.0), (5 * MINUTE, None), (6 * MINUTE, 0.0), name=text),
        strips(text),
        heat(text),
    )
    return Document(
        text, (Section(1, text, blocks), Section(2, "events", (events,))), ((text, text),)
    )


class Outline(HTMLParser):
    """Checks that tags are closed in order, and collects what a browser would act on."""

    VOID = frozenset({"meta"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def outline(text: str) -> Outline:
    found = Outline()
    found.feed(text)
    found.close()
    assert not found.open
    return found


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_text_in_every_form(text: str) -> None:
    plain = outline(html(document("orders")))
    found = outline(html(document(text)))
    assert [tag for tag, _ in found.seen] == [tag for tag, _ in plain.seen]
    assert json.loads(as_json(document(text)))["schema_version"] == 1
    for form in (html(document(text)), markdown(document(text)), as_json(document(text))):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2066\ud800-\udfff]", form)


@pytest.mark.parametrize(
    "text", [*HOSTILE, "![x](http://x)", "<b>x</b>", "1. x", "- x", "a|b", "`x`"]
)
def test_markdown_of_hostile_names_has_no_markup_of_its_own(text: str) -> None:
    reader = MarkdownIt("commonmark").enable("table")
    plain = [token.type for token in reader.parse(markdown(document("orders")))]
    assert [token.type for token in reader.parse(markdown(document(text)))] == plain
    inner = [
        child.type
        for token in reader.parse(markdown(document(text)))
        for child in token.children or ()
    ]
    assert set(inner) <= {"text", "text_special"}


def test_html_refers_to_nothing_outside_of_itself() -> None:
    found = outline(html(document()))
    for tag, attributes in found.seen:
        assert tag not in {"script", "link", "img", "iframe", "object", "embed", "base"}
        assert not {"src", "srcset", "style", "onload", "onclick"} & attributes.keys()
        href = attributes.get("href")
        assert href is None or href.startswith("#")
    assert "url(" not in html(document())
    assert "@import" not in html(document())


def test_every_reference_to_an_event_that_is_listed_leads_to_it() -> None:
    found = outline(html(document()))
    ids = {attributes.get("id") for _, attributes in found.seen}
    assert {"e4", "s1", "s2"} <= ids
    assert "e4" in markdown(document())


def test_the_same_report_is_the_same_bytes() -> None:
    for form in (html, markdown, as_json):
        assert form(document()) == form(document())


def test_a_plot_is_well_formed_and_says_in_words_what_it_shows() -> None:
    shown = plot((0, 1.0), (MINUTE, 250.0), (5 * MINUTE, None), (6 * MINUTE, 0.0))
    root = ElementTree.fromstring(svg(shown))
    described = root.find(f"{SVG}desc")
    assert described is not None
    assert described.text == in_words(shown)
    assert in_words(shown) == (
        "replication lag, 00:00:00Z to 00:10:00Z. lag: 1 records at first, at most 250 records at "
        "00:01:00Z, 0 records at last; over max (100 records) 1 time. "
        "1 gap, the first at 00:05:00Z."
    )
    runs = [p for p in root.iter(f"{SVG}path") if p.get("class", "").startswith("line")]
    assert len(runs) == 3  # the legend's, and one on each side of the gap


def test_a_plot_of_nothing_says_so() -> None:
    nothing = Plot("lag", "replication lag", "records", 0, MINUTE, ())
    assert in_words(nothing).endswith("Nothing was seen.")
    ElementTree.fromstring(svg(nothing))


def test_strips_say_how_long_each_row_stood_how() -> None:
    assert in_words(strips()) == (
        "how each gate stood, 00:00:00Z to 00:10:00Z. "
        "orders: PASS 2 min 00 s, FAIL 3 min 00 s. nobody: nothing."
    )
    relative = Strips("blocked", "blocked", 0, 9_000, (Strip("orders", (), 4_000),),
                      relative=True, limit="deadline")  # fmt: skip
    assert in_words(relative) == "blocked. orders: deadline 4.0 s."
    root = ElementTree.fromstring(strips_svg(strips()))
    kinds = [part.get("class") for part in root.iter(f"{SVG}rect")]
    assert kinds == ["s good", "s bad", "s good", "s bad", "s good"]  # the last two: the legend
    titles = [part.text for part in root.iter(f"{SVG}title")]
    assert "orders: FAIL from 00:02:00Z, 3 min 00 s" in titles


def test_a_heat_map_says_which_rows_had_the_most_and_draws_what_is_known() -> None:
    assert in_words(heat()) == (
        "lag by partition, the most in every 1 min 00 s, 00:00:00Z to 00:04:00Z. "
        "The 2 rows with the most, of 7. orders/0: at most 120 records, from 00:03:00Z on. "
        "orders/1: at most 9 records, from 00:01:00Z on."
    )
    root = ElementTree.fromstring(heat_svg(heat()))
    rows = [[part.get("class") for part in row.iter(f"{SVG}rect")] for row in root.iter(f"{SVG}g")]
    assert rows == [["h0", "h1", "h2"], ["h1"]]
    over = ElementTree.fromstring(heat_svg(heat(alarming=True)))
    assert [part.get("class") for part in next(over.iter(f"{SVG}g")).iter(f"{SVG}rect")][
        -1
    ] == "over"
    nothing = Heat("lag", "lag", "records", 0, MINUTE, (), (1.0,), 0)
    assert in_words(nothing).endswith("Nothing was known.")
    ElementTree.fromstring(heat_svg(nothing))


def test_more_rows_than_are_drawn_are_counted() -> None:
    many = Strips("gates", "gates", 0, MINUTE, tuple(Strip(f"g{i}", ()) for i in range(400)))
    assert "150 of 400 rows" in strips_svg(many)
    assert in_words(many).count("nothing.") == 400


@given(
    st.lists(st.one_of(st.none(), st.floats(-1e9, 1e9)), min_size=1, max_size=400),
    st.integers(1, 40),
)
def test_thinning_keeps_order_peaks_and_gaps(values: list[float | None], columns: int) -> None:
    points = [(i * 1_000, value) for i, value in enumerate(values)]
    found = thinned(points, 0, len(values) * 1_000, columns)
    assert all(a[0] <= b[0] for a, b in pairwise(found))
    known = [v for v in values if v is not None]
    left = [v for _, v in found if v is not None]
    if known:
        assert (min(known), max(known)) == (min(left), max(left))
    assert set(found) <= set(points)
    broken = {
        (a, b)
        for (a, x), (b, y) in pairwise((t, v) for t, v in found)
        if x is not None and y is not None
    }
    for a, b in broken:
        assert all(v is not None for t, v in points if a <= t <= b)


def test_what_is_unbounded_is_no_number_of_json() -> None:
    table = Table("gates", ("worst value",), ((Cell("unbounded records", float("inf"), ()),),))
    document = Document("t", (Section(7, "Gates", (table,)),), ())
    (block,) = json.loads(as_json(document))["sections"][0]["blocks"]
    assert block["rows"][0][0] == {"text": "unbounded records", "value": None, "events": []}
