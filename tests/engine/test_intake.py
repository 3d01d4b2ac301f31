"""What comes into a flight has no known secret in it, and is otherwise what it was."""

from __future__ import annotations

import io
import time
from typing import TextIO, cast

import numpy as np

from cockpit.core.intents import AddNote
from cockpit.core.mirrorsurvey import ConnectSurvey
from cockpit.core.observe import (
    ConfigSample,
    ConnectorState,
    Failure,
    LogSample,
    PartitionKeys,
    SignalSample,
    TaskState,
    Unknown,
)
from cockpit.engine.intake import Scrubbed, taken_in
from cockpit.kafka.errors import code_error
from cockpit.kafka.text import one_line
from cockpit.secrecy import SECRETS

SECRET = "cnry-of-the-intake"


def test_every_text_of_a_sample_is_without_secrets() -> None:
    SECRETS.add(SECRET)
    task = TaskState(0, "FAILED", f"login with {SECRET}")
    survey = ConnectSurvey(
        1, 2, "3.7", (ConnectorState("mm2", "RUNNING", (task,)),), {SECRET: f"no {SECRET}"},
        {"mm2": {"topics": SECRET}},
    )  # fmt: skip
    found = taken_in(survey)
    assert SECRET not in repr(found)
    assert found.connectors[0].tasks[0].cause == "login with ***"
    assert found.unknown == {"***": "no ***"}
    assert found.version == "3.7"
    unread = SignalSample("errors", 1, 2, Unknown(f"no {SECRET} in the answer"))
    assert taken_in(unread).value == Unknown("no *** in the answer")
    assert taken_in(Failure("mirror", 1, 2, "refused", SECRET)).reason == "***"
    assert taken_in(AddNote(f"it is {SECRET}", "ana")) == AddNote("it is ***", "ana")


def test_what_has_no_secret_in_it_stays_the_same_object() -> None:
    sample = ConfigSample("source", 1, 2, {"orders": {"retention.ms": "1"}}, {"orders": 3})
    assert taken_in(sample) is sample
    SECRETS.add(SECRET)
    assert taken_in(sample) is sample


def test_ten_thousand_partitions_cost_next_to_nothing() -> None:
    SECRETS.add(SECRET)
    keys = PartitionKeys.of(tuple((f"topic-{i // 20}", i % 20) for i in range(10_000)))
    offsets = np.zeros(10_000, dtype=np.int64)
    sample = LogSample("source", 1, 2, keys, offsets, offsets)
    begun = time.process_time()
    for _ in range(100):
        assert taken_in(sample) is sample
    assert time.process_time() - begun < 0.5


def test_a_reason_is_masked_before_it_is_cut() -> None:
    SECRETS.add(SECRET * 20)
    assert one_line("x" * 150 + SECRET * 20) == "x" * 150 + "***"
    assert code_error(58, "login", f"bad {SECRET * 20}").reason.endswith("bad ***")


def test_a_log_has_neither_secrets_nor_what_drives_a_terminal() -> None:
    SECRETS.add(SECRET)
    file = io.StringIO()
    log = cast("TextIO", Scrubbed(file))
    log.write(f"Traceback\n  ValueError: {SECRET} \x1b]0;x\x07\u200b\n")
    log.flush()
    assert file.getvalue() == "Traceback\n  ValueError: *** \u241b]0;x\u2407\ufffd\n"
