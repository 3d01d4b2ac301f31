"""Secrets stay where they are kept: not in plans, messages, prints or copies."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import pytest

from cockpit.core.plan import SecretRef
from cockpit.plan import PlanInvalid, load_document
from cockpit.plan.secrets import MAX_SECRET_BYTES, Secret, SecretUnavailable, resolve_secret
from cockpit.plan.surroundings import missing_references
from tests.plan.given import GOOD, MINIMAL, load, problems_of

CANARY = "hunter2Zebra"


def private(path: Path, content: bytes, mode: int = 0o600) -> SecretRef:
    path.write_bytes(content)
    path.chmod(mode)
    return SecretRef("file", str(path))


# --- the type -------------------------------------------------------------------------------------


def test_a_secret_is_given_away_by_reveal_only() -> None:
    secret = Secret(CANARY)
    assert secret.reveal() == CANARY
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret:>40}",
        f"{secret!r}",
        "".join([str(secret)]),
    ]
    assert shown == ["***"] * 6
    assert CANARY not in repr([secret, {"password": secret}])


def test_a_secret_is_neither_copied_nor_stored() -> None:
    secret = Secret(CANARY)
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps, json.dumps, vars):
        with pytest.raises(TypeError) as caught:
            attempt(secret)
        assert CANARY not in str(caught.value)


# --- where it comes from --------------------------------------------------------------------------


def test_from_the_environment() -> None:
    ref = SecretRef("env", "PASSWORD")
    assert resolve_secret(ref, environ={"PASSWORD": CANARY}).reveal() == CANARY
    with pytest.raises(SecretUnavailable, match="environment variable PASSWORD is not set"):
        resolve_secret(ref, environ={})
    with pytest.raises(SecretUnavailable, match="environment variable PASSWORD is empty"):
        resolve_secret(ref, environ={"PASSWORD": ""})


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        (b"x", "x"),
        (b"x\n", "x"),
        (b"x\r\n", "x"),
        (b"x\n\n", "x\n"),
        (b" x ", " x "),
        (b"x\r", "x\r"),
    ],
)
def test_one_line_end_of_a_file_is_dropped(tmp_path: Path, content: bytes, secret: str) -> None:
    assert resolve_secret(private(tmp_path / "s", content)).reveal() == secret


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o610, 0o777])
def test_a_file_that_is_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    ref = private(tmp_path / "s", CANARY.encode(), mode)
    with pytest.raises(SecretUnavailable, match=f"open to others .mode {mode:04o}.") as caught:
        resolve_secret(ref)
    assert CANARY not in str(caught.value)
    assert ref.name in str(caught.value)


def test_a_file_that_is_no_secret_is_refused(tmp_path: Path) -> None:
    for ref, message in (
        (SecretRef("file", str(tmp_path / "none")), "cannot be opened: No such file"),
        (SecretRef("file", str(tmp_path)), "is a folder"),
        (SecretRef("file", "/dev/zero"), "is not a regular file"),
        (SecretRef("file", "a\x00b"), "not a path"),
        (private(tmp_path / "empty", b"\n"), "is empty"),
        (private(tmp_path / "binary", b"\xff\xfe"), "is not UTF-8"),
        (private(tmp_path / "large", b"x" * (MAX_SECRET_BYTES + 1)), "is larger than"),
    ):
        with pytest.raises(SecretUnavailable, match=message):
            resolve_secret(ref)


# --- never in a plan or a message -----------------------------------------------------------------

DISGUISES = (
    "{0}", '"{0}"', "'{0}'", "${{env:X}}{0}", '"${{vault:{0}}}"', '"${{file:~/{0}}}"', "${{{0}}}",
    '"${{env:{0}-x}}"', "[{0}]", "{{a: {0}}}", "{{{0}: a}}", "&{0} x", "*{0}", "!{0} x", "!{0}!x y",
    "!<{0}> x", '"{0}', "'{0}", "%{0}", "@{0}", "`{0}`", "{0}: more", '"{0}\\e"', '"\\x{0}"',
    '"{0}\\UFFFFFFFF"', "|{0}", "{0} #", '"${{env:X}}" {0}', "? {0}", "[{0}", "{{{0}",
    "{0}, password: {0}",
)  # fmt: skip


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("place", ["SOURCE_PASSWORD", "CANARY_PASSWORD", "TARGET_PASSWORD"])
def test_an_inline_secret_is_a_problem_that_does_not_repeat_it(place: str, disguise: str) -> None:
    text = MINIMAL.replace(f'"${{env:{place}}}"', disguise.format(CANARY))
    assert CANARY in text
    problems = problems_of(text)
    assert problems
    assert all(CANARY not in str(problem) for problem in problems)


@pytest.mark.parametrize(
    "line",
    [
        f"password:{CANARY}", f"password = {CANARY}", f"pasword: {CANARY}", f"pass: {CANARY}",
        f"password:{CANARY}, password:{CANARY}", f"passwd: [{CANARY}]",
    ],
)  # fmt: skip
def test_a_misspelt_password_field_does_not_give_the_secret_away(line: str) -> None:
    text = MINIMAL.replace('password: "${env:SOURCE_PASSWORD}"', line)
    problems = problems_of(text)
    assert problems
    assert all(CANARY not in str(problem) for problem in problems)


@pytest.mark.parametrize(
    "url",
    [
        f"http://me:{CANARY}@connect.example.internal",
        f"http://{CANARY}@connect",
        f"ftp://x/{CANARY}",
    ],
)
def test_an_address_with_a_secret_in_it_is_refused_and_not_repeated(url: str) -> None:
    text = MINIMAL.replace("http://connect.example.internal:8083", url)
    (problem,) = problems_of(text)
    assert CANARY not in str(problem)
    broker = MINIMAL.replace("kafka-old-1.example.internal:9092", f"'me:{CANARY}@kafka:9092'")
    (problem,) = problems_of(broker)
    assert CANARY not in str(problem)


def test_a_loaded_plan_holds_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_PASSWORD", CANARY)
    assert CANARY not in repr(load(MINIMAL))


# --- what a check says about them -----------------------------------------------------------------


def test_secrets_and_files_that_are_missing_here_are_named_with_their_place(tmp_path: Path) -> None:
    loaded = load_document(GOOD, origin=str(tmp_path / "week.yaml"))
    environ = {"TARGET_COCKPIT_PASSWORD": CANARY}
    missing = missing_references(loaded, environ=environ)
    assert [p.line for p in missing] == [15, 16, 19, 31]
    (tmp_path / "secrets").mkdir()
    (tmp_path / "tls").mkdir()
    for name in ("source-cockpit", "source-canary"):
        private(tmp_path / "secrets" / name, b"x")
    for name in ("old-ca.pem", "new-ca.pem"):
        (tmp_path / "tls" / name).write_text("x")
    assert missing_references(loaded, environ=environ) == ()


def test_the_plan_s_error_is_no_secret_s_error() -> None:
    with pytest.raises(PlanInvalid):
        load("cockpit: 1\n")
    assert load(MINIMAL).source.canary is not None
