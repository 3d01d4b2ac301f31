"""The wheel, installed into a fresh environment outside the checkout, is the whole product."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command outside the checkout; its output."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout."""
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT, cwd=out)
    (found,) = out.glob("*.whl")
    return found


def test_the_wheel_carries_themes_and_sample_plans(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for folder in ("themes", "sample-plans"):
        for path in (ROOT / folder).iterdir():
            if path.is_file():
                assert f"cockpit/_shared/{folder}/{path.name}" in names
    assert any(name.startswith("cockpit/lab/") and name.endswith(".xml") for name in names)
    assert not any(name.startswith("tests/") for name in names)


def test_installed_elsewhere_it_checks_a_plan_and_flies_the_demo(
    wheel: Path, tmp_path: Path
) -> None:
    run(sys.executable, "-m", "venv", "fresh", cwd=tmp_path)
    python = tmp_path / "fresh" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    command = tmp_path / "fresh" / "bin" / "cockpit"
    where = run(python, "-c", "import cockpit; print(cockpit.__file__)", cwd=tmp_path)
    assert str(ROOT) not in where
    shared = Path(where.strip()).parent / "_shared"
    assert "the plan is valid" in run(
        command, "check", shared / "sample-plans" / "minimal.yaml", cwd=tmp_path
    )
    lines = run(command, "demo", "--headless", "--json", cwd=tmp_path).splitlines()
    assert json.loads(lines[-1])["outcome"] == "completed"
    themes = [
        json.loads(line)
        for line in run(command, "themes", "--json", cwd=tmp_path).split("\n")
        if line
    ]
    assert {one["name"] for one in themes} >= {"dark", "light", "mono"}
    assert all(one["path"].startswith(str(shared)) for one in themes if not one["own"])
    assert not any(one["mistakes"] for one in themes if not one["own"])
