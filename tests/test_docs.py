"""Documents cannot drift from what they describe."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from cockpit.cli import exits
from cockpit.cli.main import COMMANDS, HIDDEN

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_plan_in_the_readme_is_the_minimal_sample_plan() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert block.strip() == (ROOT / "sample-plans" / "minimal.yaml").read_text().strip()


def test_the_readme_lists_every_exit_code() -> None:
    text = " ".join(README.split())
    for code, meaning in exits.MEANINGS.items():
        assert f"{code} {meaning.split(',')[0].split(' or')[0].removeprefix('a ')}" in text.replace(
            f"{code} a ", f"{code} "
        ), (code, meaning)


def test_commands_in_documents_exist() -> None:
    known = {name for name, _ in COMMANDS} | set(HIDDEN)
    for document in DOCUMENTS:
        for word in re.findall(r"`cockpit ([a-z]+)", document.read_text()):
            assert word in known, f"{document.name}: cockpit {word}"


def test_make_targets_in_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
        assert not link.startswith("http")
        assert (document.parent / link).exists(), link


def test_the_picture_of_the_screen_is_well_formed_and_loads_nothing() -> None:
    path = ROOT / "docs" / "screen.svg"
    ET.fromstring(path.read_text())
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", path.read_text())


HOME_FOLDERS = "|".join(f"/{name}/" for name in ("work", "root"))


def test_nothing_names_this_machine_or_a_workplace() -> None:
    words = re.compile(
        rf"{HOME_FOLDERS}|pypi\.org|repo1\.maven|repo\.maven|deb\.debian", re.IGNORECASE
    )
    for folder in ("cockpit", "docs", "sample-plans", "themes"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert not words.search(path.read_text(errors="ignore")), path
