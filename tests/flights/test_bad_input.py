"""What is wrong with a plan or its clusters is said in a line, before anything is touched."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cockpit.cli import exits
from cockpit.lab.looking import Status

pytestmark = pytest.mark.broker


def run(text: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    plan = tmp_path / "plan.yaml"
    plan.write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "cockpit", "run", str(plan), "--headless", "--gate-wait", "1s"],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)},
        check=False,
    )


def refused(text: str, tmp_path: Path) -> str:
    """What was said; the flight must not have begun."""
    done = run(text, tmp_path)
    assert done.returncode == exits.FAILED, done.stderr
    assert "Traceback" not in done.stderr
    assert "nothing was started" in done.stderr
    assert not list(tmp_path.glob("*.sock"))
    return done.stderr


@pytest.fixture
def plan(lab: Status) -> str:
    return (lab.folder / "plan.yaml").read_text()


def test_a_wrong_password_is_named_with_user_and_place(plan: str, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("not the password")
    wrong.chmod(0o600)
    head, _, tail = plan.partition("\ntarget:")
    target = re.sub(r"\$\{file:[^}]*\}", f"${{file:{wrong}}}", tail.partition("\nreplication:")[0])
    rest = tail.partition("\nreplication:")[2]
    said = refused(f"{head}\ntarget:{target}\nreplication:{rest}", tmp_path)
    assert "target: refused" in said
    assert "cockpit" in said
    assert "not the password" not in said


def test_an_unknown_topic_is_named_with_its_users_and_is_not_created(
    plan: str, tmp_path: Path
) -> None:
    text = plan.replace("shop.prices", "shop.no-such-topic")
    said = refused(text, tmp_path)
    for side in ("source", "target"):
        assert f"{side}: topic shop.no-such-topic does not exist" in said
    assert "used by" in said
    assert said == refused(text, tmp_path)


def test_connect_that_does_not_answer_is_named(plan: str, tmp_path: Path) -> None:
    text = re.sub(r'connect: "http://127.0.0.1:\d+"', 'connect: "http://127.0.0.1:1"', plan)
    assert "mirror: unreachable" in refused(text, tmp_path)


def test_a_connector_that_does_not_exist_is_named(plan: str, tmp_path: Path) -> None:
    text = plan.replace("checkpoint: mm2-checkpoint", "checkpoint: nobody")
    assert "nobody" in refused(text, tmp_path)


def test_a_secret_file_that_is_missing_is_named(plan: str, tmp_path: Path) -> None:
    text = plan.replace("secrets/canary", "secrets/nobody")
    said = refused(text, tmp_path)
    assert "secrets/nobody" in said


def test_unreachable_brokers_are_named_for_their_side_alone(plan: str, tmp_path: Path) -> None:
    head, _, tail = plan.partition("\ntarget:")
    text = head + "\ntarget:" + re.sub(r'\["127.0.0.1:\d+"\]', '["127.0.0.1:1"]', tail, count=1)
    said = refused(text, tmp_path)
    assert "target: unreachable" in said
    assert "source:" not in said
