"""Who evaluates what, for which programme, and under which rules it is published."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from equieval.protocol.fields import Block, Doi, Flag, Slug, Text, Texts, known_term, term_choices

Status = Literal["draft", "provisional", "final", "corrected"]
ProfileId = Literal[
    "nhs-msds", "nhs-hes", "opensafely", "opensafely-midpoint-6", "ons-births", "open-data"
]
#: Rules of the gate that judge likely harm; those that keep the gate honest have no exception.
ExceptableRule = Literal["leaks", "models", "published-files", "between-versions"]

GapDomain = Annotated[str, AfterValidator(known_term("gap_domains")), term_choices("gap_domains")]
PopulationGroup = Annotated[
    str, AfterValidator(known_term("population_groups")), term_choices("population_groups")
]
TargetPopulation = Annotated[
    str, AfterValidator(known_term("target_populations")), term_choices("target_populations")
]
Workstream = Annotated[str, AfterValidator(known_term("workstreams")), term_choices("workstreams")]
ClinicalPriority = Annotated[
    str, AfterValidator(known_term("clinical_priorities")), term_choices("clinical_priorities")
]
ClinicalPriorityCyp = Annotated[
    str,
    AfterValidator(known_term("clinical_priorities_cyp")),
    term_choices("clinical_priorities_cyp"),
]
Pledge = Annotated[str, AfterValidator(known_term("pledges")), term_choices("pledges")]
GuidancePriority = Annotated[
    str, AfterValidator(known_term("guidance_priorities")), term_choices("guidance_priorities")
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
    doi: Doi | None = Field(
        default=None, description="DOI of all versions together, where an archive gave one."
    )


class Programme(Block):
    """The programme it belongs to and where it stands in the taxonomy."""

    id: Slug = Field(description="Short name of the programme; groups evaluations on the site.")
    title: Text = Field(description="Name of the programme.")
    summary: Text | None = Field(default=None, description="What the programme is, one sentence.")
    gap_domains: tuple[GapDomain, ...] = Field(
        min_length=1, description="The gap domains of health equity that it works on."
    )
    population_groups: tuple[PopulationGroup, ...] = Field(
        default=(), description="The kinds of population group that it is about."
    )
    target_populations: tuple[TargetPopulation, ...] = Field(
        default=(), description="Core20, PLUS, or both."
    )
    workstreams: tuple[Workstream, ...] = Field(
        default=(), description="Inclusion-health workstreams."
    )
    clinical_priorities: tuple[ClinicalPriority, ...] = Field(
        default=(), description="Clinical priorities for adults."
    )
    clinical_priorities_cyp: tuple[ClinicalPriorityCyp, ...] = Field(
        default=(), description="Clinical priorities for children and young people."
    )
    pledges: tuple[Pledge, ...] = Field(
        default=(), description="The pledges of 2021 that it serves."
    )
    guidance_priorities: tuple[GuidancePriority, ...] = Field(
        default=(), description="Priorities of the equity and equality guidance that it serves."
    )


class DisclosureException(Block):
    """One finding of the disclosure gate that a named person lets pass; shown in the report."""

    rule: ExceptableRule = Field(description="The gate's rule, as its message names it.")
    what: Text = Field(description="The file that the message names, with the cell if it does.")
    reason: Text = Field(description="Why it may be published; printed in the report.")
    approver: Text = Field(description="Who lets it pass: a name among release.approvers.")


class Disclosure(Block):
    """The disclosure rules that the data controller chose."""

    profile: ProfileId = Field(description="The rules for what may be published.")
    reason: Text = Field(description="Why this profile applies; printed in the report.")
    exceptions: tuple[DisclosureException, ...] = Field(
        default=(), description="Findings of the disclosure gate that a named person lets pass."
    )


class Approver(Block):
    """A person who approved the release."""

    name: Text = Field(description="Who approved.")
    role: Text = Field(description="In what role.")


class Release(Block):
    """What the next released version says of itself."""

    label: Text | None = Field(default=None, description="A name for the version, for readers.")
    approvers: tuple[Approver, ...] = Field(default=(), description="Who approved the release.")
    notes: Text | None = Field(default=None, description="What changed, in words for readers.")
    doi: Doi | None = Field(
        default=None, description="DOI of this version alone, reserved before it is released."
    )
