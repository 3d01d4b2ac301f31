"""Images of random offsets against a full alignment of both logs, over topics of every kind."""

from __future__ import annotations

import contextlib
from bisect import bisect_left
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from cockpit.core.observe import Unknown
from cockpit.core.rights import MirrorNames
from cockpit.core.survey import Image
from cockpit.kafka.checkpoints import CheckpointsReader
from cockpit.kafka.connect import ConnectRest
from cockpit.kafka.http import Http
from cockpit.kafka.images import ImageReader
from cockpit.kafka.windows import WindowReader
from tests.kafka.clock import RealClock, until
from tests.kafka.http_server import Answer, http_server
from tests.kafka.image_kinds import (
    KINDS,
    PARTITIONS,
    RUNS,
    SIZE,
    Kind,
    Whole,
    copy,
    create,
    drop,
    expire,
    fill,
    finish,
    read_all,
)
from tests.kafka.real import SIDES, client_as, plan_of

if TYPE_CHECKING:
    from cockpit.core.plan import Side
    from cockpit.lab.looking import Status

pytestmark = pytest.mark.broker

QUESTIONS = 500


@dataclass(frozen=True)
class Logs:
    """Both logs of a partition, read whole, and which record is a copy of which."""

    source: Whole
    target: Whole
    origin: list[int]
    """For each target record the source offset that it is a copy of."""

    def wrong(self, image: Image) -> str:
        """What is wrong with an image; empty: nothing."""
        if isinstance(image.low, Unknown) or isinstance(image.high, Unknown):
            return ""
        offsets = [r.offset for r in self.target.records]
        low, high = bisect_left(offsets, image.low), bisect_left(offsets, image.high)
        newest = {origin: at for at, origin in enumerate(self.origin)}
        truth = min(
            (at for o, at in newest.items() if o >= image.source_offset), default=len(offsets)
        )
        if low > truth:
            return f"{image} skips: the place is {truth} of {offsets[truth : truth + 3]}"
        if high < truth or (image.word == "EXACT" and low != truth):
            return f"{image}: the place is {truth} {offsets[truth : truth + 3]}"
        last_before = max((at for o, at in newest.items() if o < image.source_offset), default=-1)
        if image.word == "EXACT" and last_before >= truth:
            return f"{image}: older records follow"
        return ""


@contextlib.asynccontextmanager
async def topics_of_every_kind(lab: Status, mark: str) -> AsyncIterator[dict[str, str]]:
    """Filled and mirrored topics by the name of their kind."""
    names = {k.name: f"{'scratch' if k.by_hand else 'shop.zz'}-{mark}-{k.name}" for k in KINDS}
    early = {names[k.name]: dict(k.target_config) for k in KINDS if k.by_hand or k.target_config}
    try:
        await create(lab, "target", early)
        await create(lab, "source", {names[k.name]: dict(k.config) for k in KINDS})
        for kind in KINDS:
            await fill(lab, kind, names[kind.name])
        for kind in KINDS:
            if kind.by_hand:
                await copy(lab, kind, names[kind.name], RUNS[kind.name])
        await mirrored(lab, [names[k.name] for k in KINDS if not k.by_hand])
        await cleaned(lab, names)
        await expire(lab, "source", names["old-gone"], SIZE // 3)
        await expire(lab, "target", names["copies-gone"], SIZE // 3)
        yield names
    finally:
        for side in SIDES:
            await drop(lab, side, list(names.values()))


async def cleaned(lab: Status, names: dict[str, str]) -> None:
    """Until the cleaner has been at every log that it may clean."""
    for name in ("compacted", "cleaned-here", "cleaned-there"):
        await finish(lab, next(kind for kind in KINDS if kind.name == name), names[name])
    topics: dict[Side, list[str]] = {
        "source": [names["compacted"], names["cleaned-here"]],
        "target": [names["compacted"], names["cleaned-there"]],
    }

    async def shorter() -> bool:
        logs = [await read_all(lab, side, topics[side], committed=False) for side in SIDES]
        return all(
            len(log.records) < SIZE and log.records[-1].value == b"end"
            for both in logs
            for log in both.values()
        )

    await until(shorter, timeout_s=60)


async def mirrored(lab: Status, topics: list[str]) -> None:
    """Until MirrorMaker has copied the last record of each partition."""
    written = await read_all(lab, "source", topics, committed=False)
    async with client_as(lab, "target", "admin") as client:

        async def there() -> bool:
            return len((await client.topics(topics)).topics) == len(topics)

        async def arrived() -> bool:
            copies = await read_all(lab, "target", topics, committed=True)
            last = {tp: log.records[-1].value for tp, log in written.items()}
            return all(
                log.records and log.records[-1].value == last[tp] for tp, log in copies.items()
            )

        await until(there, timeout_s=60)
        await until(arrived, timeout_s=60)


async def align_all(lab: Status, names: dict[str, str]) -> dict[tuple[str, int], Logs]:
    """Both logs of every partition as an independent consumer reads them."""
    loose = [names[k.name] for k in KINDS if not k.committed]
    strict = [names[k.name] for k in KINDS if k.committed]
    source = await read_all(lab, "source", loose, committed=False)
    source |= await read_all(lab, "source", strict, committed=True)
    target = await read_all(lab, "target", names.values(), committed=True)
    return {
        (kind.name, p): align(kind, source[names[kind.name], p], target[names[kind.name], p])
        for kind in KINDS
        for p in range(PARTITIONS)
    }


def align(kind: Kind, source: Whole, target: Whole) -> Logs:
    """By values that occur once; where records are equal, by number."""
    if kind.name in ("equal", "bare"):
        assert len(source.records) == len(target.records)
        return Logs(source, target, [r.offset for r in source.records])
    number = {(r.key, r.value): r.offset for r in source.records}
    gone = [at - len(target.records) for at in range(len(target.records))]
    origin = [number.get((r.key, r.value), gone[at]) for at, r in enumerate(target.records)]
    return Logs(source, target, origin)


@contextlib.asynccontextmanager
async def image_reader(lab: Status, *, committed: bool) -> AsyncIterator[ImageReader]:
    """A reader of images whose mirror reads like this."""
    config = {"consumer.isolation.level": "read_committed"} if committed else {}
    async with (
        http_server(lambda _: Answer.of(config)) as server,
        client_as(lab, "source", "cockpit") as source,
        client_as(lab, "target", "cockpit") as target,
    ):
        http = Http()
        rest = ConnectRest(http, server.url)
        try:
            yield ImageReader(plan_of(lab), RealClock(), source=source, target=target, rest=rest)
        finally:
            await http.close()


@pytest.mark.soak
@pytest.mark.timeout(150)
async def test_random_offsets_agree_with_a_full_alignment_of_both_logs(lab: Status) -> None:
    random = Random(20)
    words: dict[str, Counter[str]] = {kind.name: Counter() for kind in KINDS}
    wrong: list[str] = []
    async with (
        topics_of_every_kind(lab, uuid4().hex[:8]) as names,
        image_reader(lab, committed=False) as loose,
        image_reader(lab, committed=True) as strict,
    ):
        logs = await align_all(lab, names)
        for i in range(QUESTIONS):
            kind = KINDS[i % len(KINDS)]
            partition = random.randrange(PARTITIONS)
            both = logs[kind.name, partition]
            offset = random.randint(0, both.source.end)
            reader = strict if kind.committed else loose
            image = await reader.image(names[kind.name], partition, offset)
            words[kind.name][image.word] += 1
            if error := both.wrong(image):
                wrong.append(f"{kind.name}/{partition}: {error}")
    assert not wrong, "\n".join(wrong)
    for kind in KINDS:
        share = words[kind.name]["EXACT"] / words[kind.name].total()
        assert share >= kind.exact, f"{kind.name}: {words[kind.name]}"


async def test_commits_of_the_plan_get_their_images_windows_and_checkpoints(lab: Status) -> None:
    plan = plan_of(lab)
    async with (
        client_as(lab, "source", "cockpit") as source,
        client_as(lab, "target", "cockpit") as target,
    ):
        http = Http()
        rest = ConnectRest(http, plan.replication.connect)
        images = ImageReader(plan, RealClock(), source=source, target=target, rest=rest)
        windows = WindowReader(plan, RealClock(), source=source, target=target, rest=rest)
        checkpoints = CheckpointsReader(RealClock(), target)

        async def imaged() -> bool:
            found = (await images.read()).images.values()
            return sum(image.image.word == "EXACT" for image in found) >= 20

        async def compared() -> bool:
            found = (await windows.read()).windows.values()
            assert all(not w.missing and not w.surplus for w in found), found
            return sum(w.compared > 0 and w.unknown is None for w in found) >= 20

        async def followed() -> bool:
            survey = await checkpoints.read(MirrorNames())
            return survey.read_to_end and len(survey.checkpoints) > 0

        try:
            await until(imaged, timeout_s=30)
            await until(compared, timeout_s=30)
            await until(followed, timeout_s=30)
            survey = await images.read()
        finally:
            await http.close()
    for found in survey.images.values():
        if found.image.word == "EXACT" and found.target_committed is not None:
            assert 0 in (found.reread_records, found.skipped_records)
