"""What is kept of each migration's flight opens, and its page says what it holds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pytest

from tests.migrations.kept import DOCS, Kept, clock

INDEX = DOCS / "README.md"
MOST_BYTES = 1_000_000
MOST_RECORDED_BYTES = 420_000
"""A wave of a hundred services."""


@dataclass(frozen=True)
class Page:
    """What must be on the page of a migration, beside the moments of its third wave."""

    name: str
    third: str
    readings: int
    """On which the order for that wave was given."""
    waves: tuple[str, ...]
    """As they were flown, also those that came back."""
    kept: Kept = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kept", Kept(self.name))


PAGES = (
    Page("voltus", "settlement", 7,
         ("readers-low", "readers", "settlement", "dispatch", "markets", "forecasts", "sites",
          "edge")),
    Page("zero-downtime-waves", "pricing", 4,
         ("low-risk", "money", "money", "pricing", "fulfilment", "edge")),
    Page("avia-linking", "scores", 5,
         ("producers-a", "producers-b", "scores", "matches", "payments")),
    Page("msk-to-byoc", "scoring", 6,
         ("statements", "readers", "scoring", "branches")),
    Page("ec2-082-to-msk", "sessions", 4,
         ("low-risk", "readers", "readers", "sessions", "edge")),
)  # fmt: skip
each = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
RECORDINGS = [
    pytest.param(page.kept, path.stem, id=f"{page.name}-{path.stem}")
    for page in PAGES
    for path in sorted(page.kept.folder.glob("*.ckrec"))
]


@each
def test_it_is_small_enough_to_be_kept(page: Page) -> None:
    sizes = {path: path.stat().st_size for path in page.kept.folder.iterdir()}
    assert sum(sizes.values()) < MOST_BYTES
    recorded = [size for path, size in sizes.items() if path.suffix == ".ckrec"]
    assert max(recorded) < MOST_RECORDED_BYTES


@pytest.mark.parametrize(("kept", "name"), RECORDINGS)
def test_a_recording_opens_and_every_moment_of_it_can_be_shown(kept: Kept, name: str) -> None:
    reader = kept.recording(name)
    assert not reader.damages()
    shown = [reader.frame(number).snapshot() for number in range(reader.frames)]
    assert shown[0].at_ms < shown[-1].at_ms
    last = {wave.name: wave.word for wave in shown[-1].waves}
    assert last.get(name, "done") == "done"
    assert "done" in last.values()


@each
def test_no_path_of_the_machine_that_it_was_flown_on_is_in_it(page: Page) -> None:
    for path in page.kept.folder.glob("*.md"):
        assert not re.search(r"/(home|root|work|tmp)/", path.read_text())


@each
def test_the_page_says_who_advanced_wave_3_and_on_which_readings(page: Page) -> None:
    said = page.kept.answer("Who advanced wave 3, on which readings, and how old were they?")
    order = page.kept.first(page.third, "confirmed")
    assert f"`{order['by']}`" in said
    assert clock(order["at_ms"]) in said
    orders = [row for row in page.kept.report.splitlines() if "| advance |" in row]
    (row,) = [row for row in orders if clock(order["at_ms"]) in row]
    ages = re.findall(r"[\d.]+ s old", row)
    assert len(ages) == page.readings
    assert all(age in said for age in ages)


@each
def test_the_page_says_when_rollback_closed(page: Page) -> None:
    said = page.kept.answer("When did rollback close?")
    assert clock(page.kept.first(page.third, "point_of_no_return")["at_ms"]) in said
    proved = [e for e in page.kept.told(page.third) if e["kind"] == "no_return_proved"]
    assert all(clock(event["at_ms"]) in said for event in proved)


@each
def test_the_page_says_how_long_each_wave_blocked_its_clients(page: Page) -> None:
    rows = page.kept.felt()
    assert [wave for wave, _, _ in rows] == list(page.waves)
    for wave, blocked, own in rows:
        assert f"| {wave} | {blocked} | {own} |" in page.kept.document, wave


@each
def test_the_page_says_which_check_failed_first(page: Page) -> None:
    said = page.kept.answer("Which check failed first?")
    times = re.findall(r"\d\d:\d\d:\d\dZ", said)
    assert times
    judged = [row for row in page.kept.report.splitlines() if re.search("gate |trigger", row)]
    for time in times:
        assert any(time in row for row in judged), time


@each
def test_the_verdict_is_the_checker_s(page: Page) -> None:
    said = page.kept.verdict()
    assert re.match(r"lost 0, duplicated \d+, reordered 0, flown in \d+ s", said)
    assert said in page.kept.document
    (row,) = [row for row in INDEX.read_text().splitlines() if row.startswith(f"| [{page.name}]")]
    assert row.endswith(f"| {said} |")
