"""Every planted defect: what it is, on which flight it shows, and which invariant must see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import pytest

from tests.flights.mutants import core_defects as core
from tests.flights.mutants import engine_defects as engine
from tests.flights.mutants import life_defects as life


@dataclass(frozen=True, slots=True)
class Mutant:
    """A defect of the product, planted on purpose."""

    plant: Callable[[pytest.MonkeyPatch], None]
    scene: str
    breaks: tuple[str, ...]
    """Ids of invariants; at least one of them must say so."""
    seed: int = 1
    """The first seed from 1 on that shows it."""

    @property
    def name(self) -> str:
        """As `find` takes it."""
        return self.plant.__name__.replace("_", "-")

    @property
    def defect(self) -> str:
        """What is wrong, in a sentence."""
        return (self.plant.__doc__ or "").strip()


_ALL: Final = (
    Mutant(engine.no_intent, "calm", ("I5",)),
    Mutant(engine.intent_after_effect, "calm", ("I5",)),
    Mutant(engine.intent_not_synced, "calm", ("I5",)),
    Mutant(engine.before_values_not_kept, "calm", ("I5",)),
    Mutant(engine.evidence_unchecked_at_effect, "late first effect", ("I2",)),
    Mutant(engine.retried_blindly, "start unanswered", ("I4",)),
    Mutant(engine.lost_is_done, "fence lost", ("I2", "I4")),
    Mutant(engine.lost_is_failed, "commit unanswered", ("I4",)),
    Mutant(engine.chain_broken, "calm", ("I16",)),
    Mutant(engine.record_stands_still, "calm", ("I16",)),
    Mutant(engine.secret_in_journal, "calm", ("I18",)),
    Mutant(engine.fence_of_some_brokers, "broker away", ("I2",)),
    Mutant(engine.fence_by_acknowledgement, "calm", ("I2",)),
    Mutant(engine.drained_by_count, "repeating mirror", ("I2",), seed=2),
    Mutant(engine.refusal_is_success, "broker away", ("I2",)),
    Mutant(engine.terminal_trusts_data, "silent mirror", ("I19",)),
    Mutant(core.stale_gates, "silent mirror", ("I2",)),
    Mutant(core.unknown_passes, "silent signal", ("I2",)),
    Mutant(core.blind_side, "blind target", ("I2",)),
    Mutant(core.stale_trigger, "one bad second", ("I2",)),
    Mutant(engine.refused_unfence_is_done, "unfence refused", ("I9",)),
    Mutant(core.no_deadline, "long drain", ("I9",)),
    Mutant(core.unfence_after_start, "slow start", ("I3",)),
    Mutant(core.release_unlooked, "calm", ("I2",)),
    Mutant(core.fence_unwatched, "writer escapes", ("I2",)),
    Mutant(core.start_before_offsets, "calm", ("I12",)),
    Mutant(core.no_fence, "producer comes back", ("I1",)),
    Mutant(core.no_drain, "hanging mirror", ("I2",)),
    Mutant(core.placed_while_active, "stop lost", ("I12",)),
    Mutant(core.soak_asks_nothing, "errors in the soak", ("I2",)),
    Mutant(core.not_read_back, "commits reset", ("I12",)),
    Mutant(core.unmapped_offsets, "calm", ("I12", "I7")),
    Mutant(core.off_by_one, "calm", ("I12", "I7")),
    Mutant(core.no_inverse_image, "readers return", ("I7",)),
    Mutant(core.former_commits_lost, "readers return", ("I4",)),
    Mutant(core.back_past_no_return, "late errors", ("I3",)),
    Mutant(core.abort_forgotten, "back", ("I14",)),
    Mutant(core.pause_ignored, "pause", ("I13",)),
    Mutant(core.token_of_nothing, "calm", ("I11",)),
    Mutant(core.anybody_confirms, "another confirms", ("I20",)),
    Mutant(core.no_guard, "bouncing key", ("I10",)),
    Mutant(core.freeze_ignored, "freeze", ("I15",)),
    Mutant(core.undone_forwards, "back", ("I15",)),
    Mutant(core.fence_falls_in_its_turn, "back", ("I15",)),
    Mutant(core.sync_before_unfence, "back", ("I15",)),
    Mutant(core.sync_never_restored, "back", ("I4",)),
    Mutant(core.group_sync_left_on, "calm", ("I12",)),
    Mutant(core.acl_sync_left_on, "calm", ("I15",)),
    Mutant(core.negative_lag_is_zero, "mirror ahead", ("I17",)),
    Mutant(core.always_fresh, "calm", ("I17",)),
    Mutant(core.numbers_reused, "calm", ("I6",)),
    Mutant(core.commits_never_end, "calm", ("I8",)),
    Mutant(life.open_intents_ignored, "dies after effect", ("I4",)),
    Mutant(life.open_intents_never_read, "dies after effect", ("I5",)),
    Mutant(life.goes_on_by_itself, "dies after effect", ("I10",)),
    Mutant(life.deadline_unlooked, "dies behind the fence", ("I2",)),
)
MUTANTS: Final[Mapping[str, Mutant]] = {mutant.name: mutant for mutant in _ALL}
