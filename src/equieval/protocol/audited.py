"""Which sources an equity audit sets side by side, who keeps them, and when they agree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from equieval.protocol.fields import Block, Label, Problem, Slug, Text, repeated

SourceKind = Literal["national", "provider", "council", "voluntary-sector"]

#: What the kinds of source are called on a page.
KIND_WORDS: dict[SourceKind, str] = {
    "national": "National",
    "provider": "Provider",
    "council": "Council",
    "voluntary-sector": "Voluntary sector",
}

Percentage = Annotated[float, Field(ge=0, le=100)]


class AuditedSource(Block):
    """One source of an audit: what kind it is, whom it counts, and who keeps it."""

    source: Slug = Field(description="The source, by its id in data.sources.")
    kind: SourceKind = Field(description="Who gathers it.")
    counts: Literal["everyone", "sample"] = Field(
        default="everyone",
        description="Whether it means to count everybody; a sample is compared by its rates only.",
    )
    whom: Text | None = Field(default=None, description="Whom it counts, in plain words.")
    organisations: dict[Label, Text] = Field(
        default_factory=dict,
        description="Unit as the source writes it: the organisation it stands for. Left out, the "
        "unit's name without what stands in brackets at its end.",
    )
    owner: Text | None = Field(
        default=None, description="Who would act on what is wrong with this source."
    )


class Tolerances(Block):
    """What still counts as agreement, fixed before the sources are compared."""

    counts_within: Percentage = Field(
        default=2.0, description="Percentage by which two counts of the same people may differ."
    )
    rates_within: Annotated[float, Field(ge=0)] = Field(
        default=2.0, description="Difference of two rates, in the unit of the indicator."
    )
    coded_at_least: Percentage = Field(
        default=95.0, description="Percentage of people whose group should be recorded."
    )


def source_problems(sources: tuple[AuditedSource, ...], reference_source: str) -> Iterator[Problem]:
    """Yield what is wrong among the sources of an audit; paths start at the design."""
    for id in repeated(source.source for source in sources):
        yield Problem(("sources",), f"the source '{id}' is listed twice", "list each source once")
    if len(sources) < 2:
        yield Problem(
            ("sources",),
            "an audit sets sources side by side, and only one is listed",
            "list a second source of the same indicator: national, provider, council or "
            "voluntary sector",
        )
    reference = next((s for s in sources if s.source == reference_source), None)
    if reference is None:
        yield Problem(
            ("reference_source",),
            f"'{reference_source}' is not among the audit's sources",
            "name one of: " + ", ".join(source.source for source in sources),
        )
    elif reference.counts == "sample":
        yield Problem(
            ("reference_source",),
            f"'{reference_source}' is a sample, so the others cannot be held against it",
            "name a source that counts everybody",
        )
