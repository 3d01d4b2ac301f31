"""A report in a real browser: it opens offline, asks for nothing, and can be looked at."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from cockpit.report.build import report
from cockpit.report.html import html
from tests.report.given import material

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PNG = b"\x89PNG\r\n\x1a\n"


def browse(page: Path, folder: Path, *options: str) -> None:
    """Open a page in Chromium without a window."""
    browser = shutil.which("chromium")
    assert browser is not None, "Chromium is missing: make browser"
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [browser, *QUIET, profile, *options, page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def asked_for(page: Path, folder: Path, *options: str) -> set[str]:
    """Every URL that a page makes the browser ask for, besides itself; what the browser asks for
    by itself has no origin."""
    log = folder / "net.json"
    browse(page, folder, f"--log-net-log={log}", *options)
    events = [event.get("params", {}) for event in json.loads(log.read_text())["events"]]
    found = {e["url"] for e in events if e.get("initiator") not in (None, "not an origin")}
    return {url for url in found if url != page.as_uri()}


def test_a_report_opens_is_drawn_and_asks_for_nothing(tmp_path: Path) -> None:
    page = tmp_path / "review.html"
    page.write_text(html(report(material())))
    picture = tmp_path / "review.png"
    options = (f"--screenshot={picture}", "--window-size=1300,4000")
    assert asked_for(page, tmp_path, *options) == set()
    assert picture.read_bytes().startswith(PNG)
    assert picture.stat().st_size > 100_000  # a page with plots, not a blank one


def test_a_page_that_asks_for_something_would_be_found_out(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<!DOCTYPE html><img src="http://127.0.0.1:9/x.png">')
    assert asked_for(page, tmp_path, "--dump-dom") == {"http://127.0.0.1:9/x.png"}


def test_a_report_prints(tmp_path: Path) -> None:
    page, paper = tmp_path / "review.html", tmp_path / "review.pdf"
    page.write_text(html(report(material())))
    browse(page, tmp_path, f"--print-to-pdf={paper}", "--no-pdf-header-footer")
    assert paper.read_bytes().startswith(b"%PDF-")
    assert paper.stat().st_size > 50_000
