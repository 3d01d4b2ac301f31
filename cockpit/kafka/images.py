"""Exact images of commits: where on the target a group would go on, by the records themselves.

Reads only, joins no group, and spends no more on one image and on one round than is set here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from cockpit.core.image import Verdict
from cockpit.core.observe import GroupSample, TopicPartition, Unknown
from cockpit.core.plan import SIDES, Plan
from cockpit.core.survey import GroupImage, Image, ImagesSurvey
from cockpit.kafka.any_groups import AnyGroupReader, consumed
from cockpit.kafka.client import Client
from cockpit.kafka.connect import ConnectRest
from cockpit.kafka.content import (
    Allowance,
    TooMuchError,
    in_turn,
)
from cockpit.kafka.finder import ROUND, ROUND_ALLOWANCE, THOROUGH, THOROUGH_ALLOWANCE, Finder
from cockpit.kafka.habits import Habits, habits_reader
from cockpit.kafka.since import TimeSeeks
from cockpit.ports import Clock, PortError

PAIRS_PER_READ: Final = 64
MS_PER_READ: Final = 400
LATE_MS: Final = 8_000
"""An image that is older is late: after twice that it says nothing about commits that move on."""
SETTLED_MS: Final = 60_000
"""How much later a pair is due whose commits have not moved on either side."""
HALF_SETTLED_MS: Final = 5_000
"""And one that was left as it is on the source, by a group that goes on on the target."""
LATE_MS_PER_READ: Final = 1_000
"""For so long a round goes on where the next one waits that late."""
COUNTED: Final = 5_000
"""Between a commit and an image so many offsets are read to count their records."""
STATES_MAX_AGE_MS: Final = 60_000

Pair = tuple[str, TopicPartition]


class ImageReader:
    """Images of the plan's groups, and of single offsets."""

    def __init__(
        self,
        plan: Plan,
        clock: Clock,
        *,
        source: Client,
        target: Client,
        rest: ConnectRest | None,
    ) -> None:
        self._plan = plan
        self._clock = clock
        habits = habits_reader(plan, clock, rest)
        self._finder = Finder(source, target, habits)
        self._source_groups, self._target_groups = (
            AnyGroupReader(
                side,
                client,
                clock,
                topics=plan.topics(),
                groups=plan.groups(),
                others=False,
                consumes=consumed(plan),
            )
            for side, client in zip(SIDES, (source, target), strict=True)
        )
        self._found: dict[Pair, GroupImage] = {}
        self._seeks = TimeSeeks(plan, clock, target)

    async def read(self) -> ImagesSurvey:
        """Images of those pairs that have waited longest, and the newest of all others.

        Raises PortError when the commits of a side cannot be read.
        """
        asked_at_ms = self._clock.now_ms()
        target = await self._target_groups.read(states_max_age_ms=STATES_MAX_AGE_MS)
        source = await self._source_groups.read(states_max_age_ms=STATES_MAX_AGE_MS)
        wanted = self._wanted(source)
        self._found = self._unreadable(source, target) | {
            pair: image for pair, image in self._found.items() if pair in wanted
        }
        await self._finder.lay_out(sorted({topic for _, (topic, _) in wanted}))
        since = {pair: self._waits_since(pair, wanted[pair], target) for pair in wanted}
        waiting = sorted(wanted, key=lambda pair: (since[pair], pair))

        looked: set[Pair] = set()

        async def look(pair: Pair) -> None:
            looked.add(pair)
            self._found[pair] = await self._image_of(pair, wanted[pair], target)

        coming = waiting[:PAIRS_PER_READ]
        await self._finder.measure({name for _, name in coming})
        deadline_ms = asked_at_ms + MS_PER_READ
        await in_turn(coming, look, self._clock, deadline_ms=deadline_ms)
        late_ms = asked_at_ms - LATE_MS
        if late := [pair for pair in coming if since[pair] < late_ms and pair not in looked]:
            deadline_ms = asked_at_ms + LATE_MS_PER_READ
            await in_turn(late, look, self._clock, deadline_ms=deadline_ms)
        sought = await self._seeks.read()
        return ImagesSurvey(asked_at_ms, self._clock.now_ms(), dict(self._found), sought)

    async def image(self, topic: str, partition: int, source_offset: int) -> Image:
        """Where a source offset is on the target; more thorough than a round. Never raises."""
        return await self._alone((topic, partition), source_offset, inverse=False)

    async def inverse(self, topic: str, partition: int, target_offset: int) -> Image:
        """The source offset whose image a target offset is; `low` and `high` are the source's.

        The image's `source_offset` is the target offset that was asked for. Never raises.
        """
        return await self._alone((topic, partition), target_offset, inverse=True)

    def _wanted(self, source: GroupSample) -> dict[Pair, int]:
        """Commits on the source of the plan's groups, for topics of the plan."""
        topics = frozenset(self._plan.topics())
        return {
            (group, name): offset
            for group in self._plan.groups()
            if (state := source.groups.get(group)) is not None and state.unknown is None
            for name, offset in state.committed().items()
            if name[0] in topics
        }

    def _unreadable(self, source: GroupSample, target: GroupSample) -> dict[Pair, GroupImage]:
        """Pairs known before of groups whose commits on the source cannot be read now."""
        found: dict[Pair, GroupImage] = {}
        for pair, image in self._found.items():
            state = source.groups.get(pair[0])
            if state is None or state.unknown is None:
                continue
            unknown = Unknown(state.unknown)
            there = target.groups.get(pair[0])
            found[pair] = replace(
                image,
                image=_unknown(image.image.source_offset, state.unknown),
                target_committed=there.committed().get(pair[1]) if there else None,
                reread_records=unknown,
                skipped_records=unknown,
                at_ms=self._clock.now_ms(),
            )
        return found

    def _waits_since(self, pair: Pair, offset: int, target: GroupSample) -> int:
        """When a pair was looked at, UTC ms; -1: never. Where a commit has not moved since, its
        image says the same for long, and those of others come first."""
        found = self._found.get(pair)
        if found is None:
            return -1
        if found.image.word != "EXACT" or found.image.source_offset != offset:
            return found.at_ms
        state = target.groups.get(pair[0])
        committed = None if state is None else state.committed().get(pair[1])
        same = committed == found.target_committed
        return found.at_ms + (SETTLED_MS if same else HALF_SETTLED_MS)

    async def _alone(self, name: TopicPartition, offset: int, *, inverse: bool) -> Image:
        try:
            await self._finder.lay_out([name[0]])
            verdict = await self._finder.find(
                name, offset, THOROUGH, THOROUGH_ALLOWANCE, inverse=inverse
            )
        except PortError as error:
            return _unknown(offset, error.reason)
        return _image(offset, verdict)

    async def _image_of(self, pair: Pair, offset: int, target: GroupSample) -> GroupImage:
        group, name = pair
        at_ms = self._clock.now_ms()
        try:
            image = _image(offset, await self._finder.find(name, offset, ROUND, ROUND_ALLOWANCE))
        except PortError as error:
            image = _unknown(offset, error.reason)
        state = target.groups.get(group)
        committed = None if state is None else state.committed().get(name)
        reread: int | Unknown
        skipped: int | Unknown
        if state is not None and state.unknown is not None:
            reread = skipped = Unknown(state.unknown)
        else:
            reread, skipped = await self._cost(name, image, committed)
        return GroupImage(group, *name, image, committed, reread, skipped, at_ms)

    async def _cost(
        self, name: TopicPartition, image: Image, committed: int | None
    ) -> tuple[int | Unknown, int | Unknown]:
        """Records that the group would read again, and that it would never read."""
        if isinstance(image.low, Unknown) or isinstance(image.high, Unknown):
            unknown = Unknown(image.reason)
            return unknown, unknown
        if committed is None:
            unknown = Unknown("no commit on the target")
            return unknown, unknown
        low, high = image.low, image.high
        vague = Unknown("the image is a range")
        if committed <= low:
            again = await self._count(name, committed, low) if low == high else vague
            return again, 0
        if committed >= high:
            return 0, await self._count(name, high, committed) if low == high else vague
        return vague, vague

    async def _count(self, name: TopicPartition, begin: int, end: int) -> int | Unknown:
        """Data records of the target from `begin` up to `end`."""
        if begin == end:
            return 0
        allowance = Allowance(ROUND_ALLOWANCE[0], COUNTED)
        try:
            log = self._finder.log("target", name, allowance, Habits(None, headers=False))
            start, last = await log.bounds()
            if end > last:
                return Unknown(f"the commit lies past the target's end {last}")
            return len(await log.read(max(begin, start), end))
        except TooMuchError:
            return Unknown(f"too many to be counted: {end - begin} offsets at most")
        except PortError as error:
            return Unknown(error.reason)


def _image(offset: int, verdict: Verdict) -> Image:
    if verdict.word == "NONE":
        return _unknown(offset, verdict.reason)
    return Image(offset, verdict.word, verdict.low, verdict.high, verdict.reason)


def _unknown(offset: int, why: str) -> Image:
    return Image(offset, "NONE", Unknown(why), Unknown(why), why)
