"""An anonymised report leaks no name and keeps joins."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from cockpit.core.snapshot import Snapshot, StragglerView
from cockpit.report.anonymise import WITHHELD, anonymised, names_in, pseudonyms, withheld
from cockpit.report.build import report
from cockpit.report.document import Document, Table
from cockpit.report.html import html
from cockpit.report.machine import as_json
from cockpit.report.markdown import markdown
from cockpit.report.material import Event, Material
from tests.report.given import events_of, flown, material

CLIENT = "canary-client-7 at 10.9.8.7"
SECRET_WORDS = (
    "canary said so on canary.example.com:9092",
    "see https://canary.example.com/x and mail canary.person@example.com",
    "canary from /home/canary/secrets.yaml",
)


@functools.cache
def planted() -> Material:
    """The flight with canaries where foreign text may stand."""
    given = material()
    straggler = StragglerView("reader", "canary-group", CLIENT, "payments", 5, "ledger", 1)

    def snapshots() -> Iterator[Snapshot]:
        for snapshot in flown().snapshots:
            yield replace(snapshot, stragglers=(straggler,))

    told = list(events_of(flown()))
    for number, words in enumerate(SECRET_WORDS, len(told) + 1):
        told.append(Event(number, told[-1].at_ms, "note", "info", words, {"by": "canary-person"}))
    told.append(
        Event(len(told) + 1, told[-1].at_ms, "side", "bad", "source refused: canary", {"by": ""})
    )
    why = {"why": "canary", "by": "canary-person", "verb": "advance"}
    told.append(Event(len(told) + 1, told[-1].at_ms, "refused", "warn", "refused: canary", why))
    return replace(given, events=tuple(told), snapshots=snapshots)


@functools.cache
def clean() -> tuple[Document, dict[str, str]]:
    words = pseudonyms(names_in(planted()))
    return anonymised(report(withheld(planted())), words), words


LANGUAGE = frozenset({"audit", "all"})
"""Names that are words of the report's own language, too."""
FORMS = (html, markdown, as_json)


@pytest.mark.parametrize("form", FORMS)
def test_no_name_is_left_in_any_form(form: object) -> None:
    document, words = clean()
    assert callable(form)
    text = str(form(document)).replace("\\", "")
    assert "canary" not in text
    plain = re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
    for name in words:
        if name in LANGUAGE:
            continue
        assert name not in plain, name
    assert WITHHELD in text


def test_the_same_name_is_the_same_word_everywhere() -> None:
    document, words = clean()
    tables = {b.name: b for s in document.sections for b in s.blocks if isinstance(b, Table)}
    services = {row[0].text: row[2].text for row in tables["services"].rows}
    for row in tables["waves"].rows:
        for service in row[2].text.split(", "):
            assert services[service] == row[0].text
    assert words["ledger"].startswith("service-")


def test_numbers_times_and_events_stay_as_they_were() -> None:
    document, _ = clean()
    plain = report(planted())
    for ours, theirs in zip(document.sections, plain.sections, strict=True):
        for mine, other in zip(ours.blocks, theirs.blocks, strict=True):
            if not isinstance(mine, Table):
                continue
            assert isinstance(other, Table)
            for row, before in zip(mine.rows, other.rows, strict=True):
                for cell, was in zip(row, before, strict=True):
                    assert cell.events == was.events
                    if isinstance(was.value, int | float):
                        assert cell.value == was.value


def test_pseudonyms_are_the_same_each_time_and_told_apart() -> None:
    names = {"topic": {"b", "a", ""}, "group": {"a", "c"}}
    assert pseudonyms(names) == {"a": "topic-1", "b": "topic-2", "c": "group-1"}
    assert pseudonyms(dict(names)) == pseudonyms(names)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("broker-3:9092 does not answer", "(address) does not answer"),
        ("kafka-3.prod.acme.com refused", "(address) refused"),
        ("a smaller one reachable by edge", "a smaller one reachable by wave-1"),
        ("Shop.Orders grows", "topic-1 grows"),
        ("consumer-shop-fraud-1 joins", "consumer-group-1-1 joins"),
        ("at 12:30:45 and 3.5 s", "at 12:30:45 and 3.5 s"),
    ],
)
def test_names_are_masked_as_names_and_hosts_wherever_they_stand(text: str, masked: str) -> None:
    words = pseudonyms({"wave": ["edge"], "topic": ["shop.orders", "e"], "group": ["shop-fraud"]})
    words["shop.orders"], words["e"] = "topic-1", "topic-2"
    document = Document(text, (), ())
    assert anonymised(document, words).title == masked


def test_what_alarms_and_refusals_say_freely_is_withheld() -> None:
    for kind in ("alarm", "refused"):
        event = Event(1, 5, kind, "bad", "bob.smith wanted to arm acme-secret", {"by": "bob.smith"})
        told = withheld(replace(material(), events=(event,))).events[0]
        assert told.text == f"{kind}: {WITHHELD}"
