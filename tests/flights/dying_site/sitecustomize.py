"""Loaded by the interpreter of a real engine under test: ends it around one of its effects.

`COCKPIT_TEST_DEATH` is a JSON object: `step` (as in an action's name, such as `fence` or
`undo-stop`), `point` and `death`. Without it nothing happens. Each happens once a session.

`COCKPIT_TEST_TRACE` is a file that gets a line for each change at the moment that it leaves for the
network, with the time and what it was.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

SIGNALS = {
    "kill": signal.SIGKILL,
    "term": signal.SIGTERM,
    "hangup": signal.SIGHUP,
    "stop": signal.SIGSTOP,
}


WAITING = {
    "step_started": ("before intent", "after intent"),
    "step_done": ("after effect", "after outcome"),
}
"""What stands for the four points in a step that changes nothing: it begins and ends."""


LEAVING = ("_exchange", "trace", "check_gate")
"""Functions that ask the gate right before something leaves."""


def trace(path: str) -> None:
    """Note every change that leaves."""
    from aiokafka.conn import AIOKafkaConnection
    from httpcore._async.http11 import AsyncHTTP11Connection

    send, headers = AIOKafkaConnection.send, AsyncHTTP11Connection._send_request_headers

    def note(what: str) -> None:
        with Path(path).open("a") as lines:
            lines.write(json.dumps({"at_ms": int(time.time() * 1000), "what": what}) + "\n")

    def sending(self: Any, request: Any, *more: Any, **also: Any) -> Any:
        asked = getattr(request, "_request", None)
        if asked is not None and asked.changes:
            note(asked.api.name)
        return send(self, request, *more, **also)

    async def asking(self: Any, request: Any) -> Any:
        if request.method != b"GET":
            note(f"{request.method.decode()} {bytes(request.url.target).decode()}")
        return await headers(self, request)

    AIOKafkaConnection.send = sending
    AsyncHTTP11Connection._send_request_headers = asking  # type: ignore[method-assign]  # as below


def install(wanted: Mapping[str, str]) -> None:
    """Wrap the journal and the effector of this process."""
    from cockpit.engine.journal import Journal
    from cockpit.kafka.effects.effector import RealEffector

    append, do = Journal.append, RealEffector.do
    told: dict[str, Any] = {"journal": None, "action": ""}

    def meets(point: str, journal: Journal) -> None:
        path = Path(f"/proc/self/fd/{journal._file}").readlink()
        mark = path.with_name("died-" + "-".join(wanted.values()).replace(" ", "-"))
        if point != wanted["point"] or mark.exists():
            return
        mark.write_text(f"{point} {told['action']}\n")
        if wanted["death"] == "full":
            # The kernel refuses every further byte of the journal.
            resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size,) * 2)
        else:
            os.kill(os.getpid(), SIGNALS[wanted["death"]])

    def appending(
        self: Journal, kind: str, at_ms: int, data: Mapping[str, Any], *, sync: bool = True
    ) -> dict[str, Any]:
        if wanted["step"] in ("drain", "soak") and wanted["step"] == data.get("step"):
            before, after = WAITING.get(kind, ("", ""))
            told.update(action=f"{kind} {wanted['step']}")
            meets(before, self)
            entry = append(self, kind, at_ms, data, sync=sync)
            meets(after, self)
            return entry
        action = str(data.get("action_id", ""))
        ours = kind in ("intent", "outcome") and f".{wanted['step']}." in action
        if ours:
            told.update(journal=self, action=action)
        if ours and kind == "intent":
            meets("before intent", self)
        entry = append(self, kind, at_ms, data, sync=sync)
        if ours:
            meets(f"after {kind}", self)
        return entry

    async def doing(self: RealEffector, action: Any) -> Mapping[str, Any]:
        data = await do(self, action)
        if told["journal"] is not None:
            meets("after effect", told["journal"])
        return data

    Journal.append = appending  # type: ignore[method-assign]  # the one place that may
    RealEffector.do = doing  # type: ignore[method-assign]  # as above
    around_topic(told, meets)


def around_topic(told: dict[str, Any], meets: Callable[[str, Any], None]) -> None:
    """The points between an intent's commit in the topic and the moment that an effect leaves."""
    from cockpit.engine.sharing import Sharing

    confirmed, check = Sharing.confirmed, Sharing.check

    async def confirming(self: Sharing) -> None:
        ours, action = told["journal"] is not None, told["action"]
        await confirmed(self)
        if ours and told["action"] == action:
            meets("after commit", told["journal"])

    def checking(self: Sharing) -> None:
        if told["journal"] is not None and sys._getframe(1).f_code.co_name in LEAVING:
            meets("before leaving", told["journal"])
        check(self)

    Sharing.confirmed = confirming  # type: ignore[method-assign]  # as above
    Sharing.check = checking  # type: ignore[method-assign]  # as above


if "COCKPIT_TEST_TRACE" in os.environ and "engine" in sys.orig_argv:
    trace(os.environ["COCKPIT_TEST_TRACE"])
if "COCKPIT_TEST_DEATH" in os.environ:
    install(json.loads(os.environ["COCKPIT_TEST_DEATH"]))
