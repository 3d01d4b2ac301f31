"""What is looked at slowly in the records themselves: images, windows, the mirror's checkpoints.

Opens no connection by itself; the first reading does. Each side has connections of its own for
it: what is fetched here never delays offsets.
"""

from __future__ import annotations

from typing import Final

from cockpit.core.mirrorsurvey import CheckpointsSurvey
from cockpit.core.plan import Plan
from cockpit.kafka.beside import Beside
from cockpit.kafka.checkpoints import CheckpointsReader
from cockpit.kafka.client import Client
from cockpit.kafka.connect import ConnectRest
from cockpit.kafka.http import Http
from cockpit.kafka.images import ImageReader
from cockpit.kafka.names import NamesReader
from cockpit.kafka.security import Access
from cockpit.kafka.windows import WindowReader
from cockpit.ports import Clock, SurveyFeed

IMAGES_EVERY_MS: Final = 2_000
CHECKPOINTS_EVERY_MS: Final = 5_000
WINDOWS_EVERY_MS: Final = 10_000


def record_surveys(
    plan: Plan, clock: Clock, *, source: Access, target: Access, ids: set[int] | None = None
) -> Beside:
    """The surveys of a plan that read records. `ids` is kept up to date with the schema ids that
    sampled records carry."""
    http = Http()
    rest = ConnectRest(http, plan.replication.connect)
    here, there = Client(source), Client(target)
    images = ImageReader(plan, clock, source=here, target=there, rest=rest)
    windows = WindowReader(plan, clock, source=here, target=there, rest=rest, ids=ids)
    checkpoints = CheckpointsReader(clock, there)
    names = NamesReader(clock, rest, plan.replication.checkpoint_connector)

    async def read_checkpoints() -> CheckpointsSurvey:
        return await checkpoints.read(await names.read())

    feeds = [
        SurveyFeed("images", IMAGES_EVERY_MS, images.read),
        SurveyFeed("windows", WINDOWS_EVERY_MS, windows.read),
    ]
    if plan.replication.kind == "mirrormaker2":  # nothing else keeps any
        feeds.append(SurveyFeed("checkpoints", CHECKPOINTS_EVERY_MS, read_checkpoints))
    return Beside(tuple(feeds), (http.close, here.close, there.close))
