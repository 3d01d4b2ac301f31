"""What is wrong with a plan or its clusters is said in a line, before anything is touched.

All plans are tried at the same time: each waits for somebody who does not answer.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from cockpit.cli import exits
from cockpit.lab.looking import Status

pytestmark = pytest.mark.broker

AT_ONCE: Final = 4
Tried = Mapping[str, "Future[str]"]


def run(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    plan = folder / "plan.yaml"
    plan.write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "cockpit", "run", str(plan), "--headless", "--gate-wait", "1s"],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "XDG_STATE_HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)},
        check=False,
    )


def refused(text: str, folder: Path) -> str:
    """What was said; the flight must not have begun."""
    done = run(text, folder)
    assert done.returncode == exits.FAILED, done.stderr
    assert "Traceback" not in done.stderr
    assert "nothing was started" in done.stderr
    assert not list(folder.glob("*.sock"))
    return done.stderr


def of_target(plan: str, change: Callable[[str], str]) -> str:
    """The plan with the target's section changed."""
    head, _, tail = plan.partition("\ntarget:")
    target, _, rest = tail.partition("\nreplication:")
    return f"{head}\ntarget:{change(target)}\nreplication:{rest}"


def bad_plans(plan: str, wrong: Path) -> dict[str, str]:
    """Each with one thing wrong. `wrong`: a file with a password that is not the right one."""
    unknown = plan.replace("shop.prices", "shop.no-such-topic")
    password, broker = r"\$\{file:[^}]*\}", r'\["127.0.0.1:\d+"\]'
    connect = r'connect: "http://127.0.0.1:\d+"'
    return {
        "password": of_target(plan, lambda t: re.sub(password, f"${{file:{wrong}}}", t)),
        "topic": unknown,
        "topic again": unknown,
        "connect": re.sub(connect, 'connect: "http://127.0.0.1:1"', plan),
        "connector": plan.replace("checkpoint: mm2-checkpoint", "checkpoint: nobody"),
        "secret": plan.replace("secrets/canary", "secrets/nobody"),
        "brokers": of_target(plan, lambda t: re.sub(broker, '["127.0.0.1:1"]', t, count=1)),
    }


@pytest.fixture(scope="module")
def tried(lab: Status, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tried]:
    folder = tmp_path_factory.mktemp("bad")
    wrong = folder / "wrong"
    wrong.write_text("not the password")
    wrong.chmod(0o600)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found: dict[str, Future[str]] = {}
        for name, text in bad_plans((lab.folder / "plan.yaml").read_text(), wrong).items():
            own = folder / name.replace(" ", "-")
            own.mkdir(mode=0o700)
            found[name] = pool.submit(refused, text, own)
        yield found


def test_a_wrong_password_is_named_with_user_and_place(tried: Tried) -> None:
    said = tried["password"].result()
    assert "target: refused" in said
    assert "cockpit" in said
    assert "not the password" not in said


def test_an_unknown_topic_is_named_with_its_users_and_is_not_created(tried: Tried) -> None:
    said = tried["topic"].result()
    for side in ("source", "target"):
        assert f"{side}: topic shop.no-such-topic does not exist" in said
    assert "used by" in said
    assert said == tried["topic again"].result()


def test_connect_that_does_not_answer_is_named(tried: Tried) -> None:
    assert "mirror: unreachable" in tried["connect"].result()


def test_a_connector_that_does_not_exist_is_named(tried: Tried) -> None:
    assert "nobody" in tried["connector"].result()


def test_a_secret_file_that_is_missing_is_named(tried: Tried) -> None:
    assert "secrets/nobody" in tried["secret"].result()


def test_unreachable_brokers_are_named_for_their_side_alone(tried: Tried) -> None:
    said = tried["brokers"].result()
    assert "target: unreachable" in said
    assert "source:" not in said
