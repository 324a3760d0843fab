"""Who evaluates what, for which programme, and under which rules it is published."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from equieval.protocol.fields import Block, Flag, Slug, Text, Texts, term

Status = Literal["draft", "provisional", "final", "corrected"]
ProfileId = Literal[
    "nhs-msds", "nhs-hes", "opensafely", "opensafely-midpoint-6", "ons-births", "open-data"
]


class Identity(Block):
    """What the evaluation is called, what it asks, and how settled it is."""

    id: Slug = Field(
        description="Short name in lower case with hyphens; the file is called <id>.yaml."
    )
    title: Text = Field(description="Title of the report; the design is added to it.")
    question: Text = Field(description="The question that the evaluation answers, one sentence.")
    status: Status = Field(
        default="provisional",
        description="How settled it is. A final evaluation needs approvers and every TIDieR item.",
    )
    synthetic: Flag = Field(
        default=False,
        description="True where the data were made up; every page and figure then says so.",
    )
    authors: Texts = Field(default=(), description="Who made the evaluation.")
    contact: Text | None = Field(default=None, description="Where readers can write to.")


class Programme(Block):
    """The programme it belongs to and where it stands in the taxonomy."""

    id: Slug = Field(description="Short name of the programme; groups evaluations on the site.")
    title: Text = Field(description="Name of the programme.")
    summary: Text | None = Field(default=None, description="What the programme is, one sentence.")
    gap_domains: tuple[term("gap_domains"), ...] = Field(  # type: ignore[valid-type]
        min_length=1, description="The gap domains of health equity that it works on."
    )
    population_groups: tuple[term("population_groups"), ...] = Field(  # type: ignore[valid-type]
        default=(), description="The kinds of population group that it is about."
    )
    target_populations: tuple[term("target_populations"), ...] = Field(  # type: ignore[valid-type]
        default=(), description="Core20, PLUS, or both."
    )
    workstreams: tuple[term("workstreams"), ...] = Field(  # type: ignore[valid-type]
        default=(), description="Inclusion-health workstreams."
    )
    clinical_priorities: tuple[term("clinical_priorities"), ...] = Field(  # type: ignore[valid-type]
        default=(), description="Clinical priorities for adults."
    )
    clinical_priorities_cyp: tuple[term("clinical_priorities_cyp"), ...] = Field(  # type: ignore[valid-type]
        default=(), description="Clinical priorities for children and young people."
    )
    pledges: tuple[term("pledges"), ...] = Field(  # type: ignore[valid-type]
        default=(), description="The pledges of 2021 that it serves."
    )
    guidance_priorities: tuple[term("guidance_priorities"), ...] = Field(  # type: ignore[valid-type]
        default=(), description="Priorities of the equity and equality guidance that it serves."
    )


class Disclosure(Block):
    """The disclosure rules that the data controller chose."""

    profile: ProfileId = Field(description="The rules for what may be published.")
    reason: Text = Field(description="Why this profile applies; printed in the report.")


class Approver(Block):
    """A person who approved the release."""

    name: Text = Field(description="Who approved.")
    role: Text = Field(description="In what role.")


class Release(Block):
    """What the next released version says of itself."""

    label: Text | None = Field(default=None, description="A name for the version, for readers.")
    approvers: tuple[Approver, ...] = Field(default=(), description="Who approved the release.")
    notes: Text | None = Field(default=None, description="What changed, in words for readers.")
