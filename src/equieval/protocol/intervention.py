"""The intervention as TIDieR asks for it, how it should work, and whom it concerns.

TIDieR: Hoffmann et al., BMJ 2014;348:g1687, items 1 to 12.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from equieval.protocol.fields import Block, Flag, PeriodLabel, Text, Texts

#: TIDieR item: number, heading in a report, field of the block.
TIDIER: tuple[tuple[int, str, str], ...] = (
    (1, "Brief name", "name"),
    (2, "Why", "why"),
    (3, "What: materials", "materials"),
    (4, "What: procedures", "procedures"),
    (5, "Who provided", "provider"),
    (6, "How", "mode"),
    (7, "Where", "location"),
    (8, "When and how much", "timing"),
    (9, "Tailoring", "tailoring"),
    (10, "Modifications", "modifications"),
    (11, "How well: planned", "fidelity_planned"),
    (12, "How well: actual", "fidelity"),
)


class TheoryOfChange(Block):
    """How the intervention is meant to change the outcome and the gap."""

    inputs: Texts = Field(default=(), description="What is put in.")
    activities: Texts = Field(min_length=1, description="What is done.")
    outputs: Texts = Field(default=(), description="What comes out directly.")
    outcomes: Texts = Field(min_length=1, description="What should change for people.")
    equity: Text = Field(description="Why the gap should narrow, and what could widen it.")
    assumptions: Texts = Field(default=(), description="What has to hold for this to work.")


class Implementation(Block):
    """One aspect of how the intervention was carried out, and whether anybody knows."""

    status: Literal["measured", "partly-measured", "not-recorded"] = Field(
        description="Whether the aspect was measured."
    )
    words: Text = Field(description="What is known of it, in plain words.")
    by_group: Text | None = Field(
        default=None, description="What is known of it by the groups that the evaluation compares."
    )


class Engagement(Block):
    """How people with lived experience took part."""

    status: Literal["took-part", "consulted", "none"] = Field(
        description="How far people with lived experience took part in the evaluation."
    )
    words: Text = Field(description="Who took part, how, and what changed because of it.")


class CoIntervention(Block):
    """Something else that happened and could have moved the outcome."""

    period: PeriodLabel = Field(description="When it began.")
    name: Text = Field(description="What it was.")
    note: Text | None = Field(default=None, description="Why it matters here.")


class Intervention(Block):
    """What was done: the twelve TIDieR items and what a reader needs to judge transfer."""

    name: Text = Field(description="TIDieR 1: brief name.")
    summary: Text | None = Field(
        default=None, description="One or two sentences for a reader who does not know it."
    )
    why: Text = Field(description="TIDieR 2: rationale, theory or goal.")
    materials: Text | None = Field(default=None, description="TIDieR 3: materials used.")
    procedures: Text = Field(description="TIDieR 4: what was done.")
    provider: Text | None = Field(default=None, description="TIDieR 5: who provided it.")
    mode: Text | None = Field(default=None, description="TIDieR 6: how it was delivered.")
    location: Text | None = Field(default=None, description="TIDieR 7: where.")
    timing: Text | None = Field(default=None, description="TIDieR 8: when and how much.")
    tailoring: Text | None = Field(default=None, description="TIDieR 9: tailoring.")
    modifications: Text | None = Field(
        default=None, description="TIDieR 10: changes during the evaluation."
    )
    fidelity_planned: Text | None = Field(
        default=None, description="TIDieR 11: how adherence was to be assessed."
    )
    fidelity: Implementation | None = Field(
        default=None, description="TIDieR 12: how far it was carried out as planned."
    )
    reach: Implementation | None = Field(
        default=None, description="Whom it reached, of those it was for."
    )
    dose: Implementation | None = Field(default=None, description="How much of it they received.")
    theory_of_change: TheoryOfChange | None = Field(
        default=None, description="How it is meant to change the outcome and the gap."
    )
    transferability: Text | None = Field(
        default=None, description="What another place would need for it to work there."
    )
    engagement: Engagement | None = Field(
        default=None, description="How people with lived experience took part."
    )
    co_interventions: tuple[CoIntervention, ...] = Field(
        default=(), description="What else happened that could have moved the outcome."
    )

    def unstated_tidier_items(self) -> tuple[str, ...]:
        """Return the fields of the TIDieR items that the block leaves out."""
        return tuple(field for _, _, field in TIDIER if getattr(self, field) is None)


class Population(Block):
    """Whom the evaluation is about."""

    place: Text = Field(description="Where, e.g. 'England'.")
    description: Text = Field(description="Who, in one sentence.")
    inclusion: Text | None = Field(default=None, description="Who counts.")
    exclusion: Text | None = Field(default=None, description="Who does not count, and why.")
    fictional: Flag = Field(
        default=False,
        description="True where the place does not exist; synthetic data need fictional places.",
    )
