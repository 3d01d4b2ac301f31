"""`cockpit doctor`: it names what is missing, and nothing that is not."""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cockpit.cli import exits
from cockpit.cli.doctor import as_json, exit_code, report
from cockpit.cli.examine import Examination, Unread, examine, gaps, mirror_names
from cockpit.core.observe import ConfigSample, Sample, Unknown
from cockpit.core.plan import SIDES, Plan, Side
from cockpit.core.rights import Right, rights
from cockpit.core.shell import shell_line
from cockpit.core.survey import (
    GroupImage,
    Image,
    ImagesSurvey,
    RegistrySurvey,
    ScramCredential,
    Survey,
    Window,
    WindowsSurvey,
)
from cockpit.kafka.client import Client
from cockpit.kafka.factory import reveal_secret
from cockpit.kafka.protocol.acls import create_acls, delete_acls
from cockpit.kafka.rights import Verdict, Word, probe
from cockpit.kafka.security import access
from cockpit.plan import load_plan_file
from cockpit.ports import PortError
from tests.cli.test_commands import cockpit, valid_plan
from tests.core.build import group, groups, two_wave_plan
from tests.kafka.clock import RealClock, until
from tests.kafka.planting import User, planted
from tests.kafka.real import client_as

if TYPE_CHECKING:
    from cockpit.lab.looking import Status

ROOT = Path(__file__).resolve().parents[2]


# --- what is said ---------------------------------------------------------------------------------


def verdicts(word: Word) -> list[Verdict]:
    return [Verdict(right, word, "why") for right in rights(two_wave_plan())]


def test_a_missing_right_is_said_in_words_and_as_a_command() -> None:
    found = Examination(verdicts=verdicts("held"))
    right = found.verdicts[0].right
    found.verdicts[0] = Verdict(right, "missing")
    first, command, last = report(two_wave_plan(), found)
    assert right.words() in first
    assert right.side in first
    assert shlex.split(command)[:1] == ["kafka-acls"]
    assert last.startswith(f"{len(found.verdicts) - 1} rights held")
    assert exit_code(found) == exits.REFUSED
    (only,) = as_json(two_wave_plan(), found)["missing"]
    assert (only["side"], only["operation"]) == (right.side, right.operation)
    assert only["command"] == command.strip()


def test_each_thing_that_is_found_has_its_exit_code() -> None:
    assert exit_code(Examination(verdicts=verdicts("held"))) == exits.COMPLETED
    assert exit_code(Examination(verdicts=verdicts("unneeded"))) == exits.COMPLETED
    assert exit_code(Examination(verdicts=verdicts("unproven"))) == exits.UNKNOWN
    assert exit_code(Examination(problems=["no connector"])) == exits.FAILED
    assert exit_code(Examination(unread=[Unread("mirror", "slow", "x")])) == exits.FAILED
    old = Examination(unread=[Unread("source.users", "too_old", "x")])
    assert exit_code(old) == exits.COMPLETED
    assert any("stays unknown: source.users" in line for line in report(two_wave_plan(), old))
    refused = Examination(shut={"source": PortError("refused", "login")})
    assert exit_code(refused) == exits.REFUSED
    away = Examination(shut={"source": PortError("unreachable", "nobody")})
    assert exit_code(away) == exits.FAILED


FORBIDDEN = "topic authorisation failed (29)"
NO_IMAGE = Unknown(FORBIDDEN)


def image(reason: str) -> ImagesSurvey:
    one = Image(5, "NONE", NO_IMAGE, NO_IMAGE, reason)
    found = GroupImage("ledger", "orders", 0, one, None, NO_IMAGE, NO_IMAGE, 1)
    return ImagesSurvey(1, 1, {("ledger", ("orders", 0)): found})


@pytest.mark.parametrize(
    ("sample", "kind", "says"),
    [
        (RegistrySurvey("target", 1, 1, {}, Unknown("config: HTTP 403"), "READWRITE"), "refused",
         "config: config: HTTP 403"),
        (RegistrySurvey("target", 1, 1, {}, "FULL", Unknown("mode: HTTP 403")), "refused",
         "mode: mode: HTTP 403"),
        (WindowsSurvey(1, 1, {("orders", 0): Window(0, 0, 0, "", unknown=FORBIDDEN, at_ms=1)}),
         "refused", f"orders/0: {FORBIDDEN}"),
        (ConfigSample("source", 1, 1, {}, {}, {"orders": "configs: timed out"}), "protocol",
         "orders: configs: timed out"),
        (image(FORBIDDEN), "refused", f"ledger orders/0: {FORBIDDEN}"),
        (groups("source", 1, replace(group("ledger", -1, {}), members_unknown=FORBIDDEN)),
         "refused", f"ledger: {FORBIDDEN}"),
    ],
    ids=["registry config", "registry mode", "window", "configs", "image", "members"],
)  # fmt: skip
def test_a_part_that_was_refused_is_a_gap(sample: Sample | Survey, kind: str, says: str) -> None:
    assert list(gaps(two_wave_plan(), sample)) == [(kind, says)]
    found = Examination(unread=[Unread("x", kind, says)])  # type: ignore[arg-type]  # a FailureKind
    assert exit_code(found) == exits.FAILED
    assert not any("nothing is missing" in line for line in report(two_wave_plan(), found))


@pytest.mark.parametrize(
    "sample",
    [
        image("the mirror has not copied everything before it yet"),
        WindowsSurvey(1, 1, {("orders", 0): Window(0, 0, 0, "", unknown="log is empty", at_ms=1)}),
        ConfigSample("source", 1, 1, {}, {}, {"of-nobody": "configs: timed out"}),
        groups("source", 1, replace(group("ledger", -1, {}), members_unknown="brokers too old")),
    ],
    ids=["image to come", "empty log", "topic beside the plan", "old brokers"],
)
def test_what_is_not_there_yet_is_no_gap(sample: Sample | Survey) -> None:
    assert list(gaps(two_wave_plan(), sample)) == []


@pytest.mark.parametrize(
    "name",
    [
        "orders",
        "*",
        "it's",
        "a b",
        "$(reboot)",
        "`x`",
        "-rf",
        "a\nb",
        "\x1b[2J",
        "naïve",
        "\u202ex",
    ],
)
def test_a_command_hands_every_name_on_as_it_is_and_shows_nothing_a_terminal_obeys(
    name: str,
) -> None:
    line = shell_line(["printf", "%s", f"--topic={name}"])
    assert line.isprintable()
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True)
    assert done.stdout.decode() == f"--topic={name}"


def test_the_documented_rights_are_those_of_the_minimal_plan(tmp_path: Path) -> None:
    plan = ROOT / "sample-plans" / "minimal.yaml"
    done = cockpit("doctor", "--rights", str(plan), state=tmp_path)
    assert done.returncode == exits.COMPLETED
    assert done.stdout.strip() in (ROOT / "docs" / "rights.md").read_text()
    told = cockpit("doctor", "--rights", "--json", str(plan), state=tmp_path)
    assert len(json.loads(told.stdout)["rights"]) == done.stdout.count("kafka-acls")


def test_a_plan_with_mistakes_is_not_examined(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text("cockpit: 1\n")
    done = cockpit("doctor", str(plan), state=tmp_path)
    assert done.returncode == exits.USAGE
    assert "Traceback" not in done.stderr


def test_clusters_that_are_away_are_named_once_and_their_feeds_are_not_repeated(
    tmp_path: Path,
) -> None:
    done = cockpit("doctor", "--json", str(valid_plan(tmp_path)), state=tmp_path)
    assert done.returncode == exits.FAILED, done.stderr
    told = json.loads(done.stdout)
    assert {who: shut["kind"] for who, shut in told["shut"].items()} == {
        "source": "unreachable",
        "target": "unreachable",
    }
    assert not [u for u in told["unread"] if u["feed"].startswith(("source.", "target."))]
    assert {u["feed"] for u in told["unread"]} >= {"mirror", "syncs"}
    assert told["exit_code"] == exits.FAILED


# --- on real clusters -----------------------------------------------------------------------------

DOCTOR, CANARY, PASSWORD = "planted-doctor", "planted-canary", "planted-password"
USERS = tuple(User(ScramCredential(name, "SCRAM-SHA-512", 4096)) for name in (DOCTOR, CANARY))


def plan_for_planted_users(lab: Status, folder: Path) -> Path:
    """The lab's plan with principals that have no right yet."""
    secret = folder / "secret"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    text = Path(lab.as_json()["plan"]).read_text()
    for old, new in (("cockpit", DOCTOR), ("canary", CANARY)):
        text = text.replace(f"username: {old},", f"username: {new},")
        text = text.replace(str(lab.folder / "secrets" / old), str(secret))
    path = folder / "plan.yaml"
    path.write_text(text)
    return path


@pytest.mark.broker
async def test_exactly_the_documented_rights_are_enough_and_each_one_assert_missed(
    lab: Status, tmp_path: Path
) -> None:
    path = plan_for_planted_users(lab, tmp_path)
    plan = load_plan_file(path)
    wanted = rights(plan, await mirror_names(plan))
    acls = {side: [r.binding() for r in wanted if r.side == side] for side in SIDES}
    async with (
        client_as(lab, "source", "admin") as source,
        client_as(lab, "target", "admin") as target,
        planted(source, acls=acls["source"], users=USERS),
        planted(target, acls=acls["target"], users=USERS),
    ):
        await _assert_nothing_is_missing(plan)
        admins: dict[Side, Client] = {"source": source, "target": target}
        for side in SIDES:
            for canary in (False, True):
                mine = [r for r in wanted if r.side == side and r.canary == canary]
                login = plan.source.canary if canary else None
                spec = plan.source if side == "source" else plan.target
                client = Client(access(spec, reveal_secret, login=login))
                try:
                    for right in mine:
                        await _assert_missed(admins[side], client, right, mine)
                finally:
                    await client.close()


async def _assert_nothing_is_missing(plan: Plan) -> None:
    found = await examine(plan, RealClock(), reveal_secret)

    async def is_settled() -> bool:
        """Connect refuses answers while it shares out its tasks, as it does after its start."""
        nonlocal found
        found = await examine(plan, RealClock(), reveal_secret)
        return not any(one.kind == "protocol" for one in found.unread)

    await until(is_settled, timeout_s=60)
    assert {verdict.word for verdict in found.verdicts} == {"held", "unneeded"}
    unneeded = [v.right for v in found.verdicts if v.word == "unneeded"]
    assert [(r.side, r.words()) for r in unneeded] == [
        ("source", "describe every transactional id")
    ]
    assert not found.shut
    assert not found.problems
    assert [(u.feed, u.kind) for u in found.unread] == [("source.transactions", "too_old")]
    assert exit_code(found) == exits.COMPLETED


async def _assert_missed(admin: Client, client: Client, right: Right, mine: list[Right]) -> None:
    """Without this right doctor names it and no other; with it again, none."""

    async def missing() -> list[Right]:
        return [v.right for v in await probe(client, mine) if v.word == "missing"]

    (now,) = await probe(client, [right])
    if now.word == "unneeded":
        assert (right.side, right.resource) == ("source", "transactional_id")
        return

    async def named() -> bool:
        found = await missing()
        assert set(found) <= {right}
        return found == [right]

    async def none() -> bool:
        return not await missing()

    await admin.ask_any(delete_acls([right.binding()]))
    await until(named, timeout_s=20)
    await admin.ask_any(create_acls([right.binding()]))
    await until(none, timeout_s=20)


@pytest.mark.broker
def test_the_command_on_the_lab_as_its_own_principal(lab: Status, tmp_path: Path) -> None:
    plan = str(lab.as_json()["plan"])
    done = cockpit("doctor", plan, state=tmp_path)
    assert done.returncode == exits.COMPLETED, done.stdout + done.stderr
    assert "nothing is missing" in done.stdout
    assert "stays unknown: source.transactions: Kafka before 3.0" in done.stdout
    refused = plan_for_planted_users(lab, tmp_path)
    done = cockpit("doctor", str(refused), state=tmp_path)
    assert done.returncode == exits.REFUSED
    assert f"SASL authentication failed for user {DOCTOR}" in done.stdout
    assert PASSWORD not in done.stdout + done.stderr
