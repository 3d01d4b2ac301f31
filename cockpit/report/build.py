"""A whole report from one session's material."""

from __future__ import annotations

from collections.abc import Callable

from cockpit.core.tuning import Proposal
from cockpit.report.document import Document
from cockpit.report.material import Material
from cockpit.report.review import reviewed
from cockpit.report.sections import closing, course, data, judged, opening
from cockpit.report.wording import moment


def report(material: Material, proposals: Callable[[], tuple[Proposal, ...]] = tuple) -> Document:
    """Every section in order. `proposals`: tolerances that the same session suggests, asked for
    once all of it was gone through."""
    review = reviewed(material)
    sections = (
        opening.identity(review),
        opening.outcome(review),
        opening.effect_on_clients(review),
        opening.waves(review),
        course.timeline(review),
        course.decisions(review),
        judged.gates(review),
        judged.alarms(review),
        data.offsets(review),
        data.equality(review),
        data.parity(review),
        judged.rollback(review),
        closing.people(review),
        closing.tool_health(review),
        closing.lessons(review),
        closing.follow_ups(review),
        closing.next_wave(review, proposals()),
        closing.decommission(review),
        closing.appendix(review),
    )
    facts = (
        ("session", material.session),
        ("from", moment(material.from_ms)),
        ("to", moment(material.to_ms)),
        ("clusters", "simulated" if material.simulated else "real"),
    )
    return Document(f"Migration review: {material.plan.name}", sections, facts)
