"""Loaded by the interpreter of a real engine under test: ends it around one of its effects.

`COCKPIT_TEST_DEATH` is a JSON object: `step` (as in an action's name, such as `fence` or
`undo-stop`), `point` and `death`. Without it nothing happens. Each happens once a session.
"""

from __future__ import annotations

import json
import os
import resource
import signal
from collections.abc import Mapping
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


if "COCKPIT_TEST_DEATH" in os.environ:
    install(json.loads(os.environ["COCKPIT_TEST_DEATH"]))
