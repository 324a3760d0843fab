"""Rules between the blocks of an equity audit."""

from __future__ import annotations

from collections.abc import Iterator

from equieval.errors import did_you_mean
from equieval.protocol.blocks import GivenBlocks
from equieval.protocol.design import Audit
from equieval.protocol.fields import Problem


def sources_of_audits_are_there(evaluation: GivenBlocks) -> Iterator[Problem]:
    """Yield audited sources that are not among the data, and data that the audit leaves out."""
    design = evaluation.design
    if not isinstance(design, Audit):
        return
    outcome = evaluation.outcomes.primary.indicator
    given = {source.id: source for source in evaluation.data.sources}
    listed = {source.source for source in design.sources}
    for position, audited in enumerate(design.sources):
        path = ("design", "sources", position, "source")
        if audited.source not in given:
            yield Problem(
                path,
                f"data.sources has no source '{audited.source}'",
                did_you_mean(audited.source, given),
            )
        elif outcome not in given[audited.source].indicators:
            yield Problem(
                path,
                f"the source '{audited.source}' does not give '{outcome}', so it cannot be "
                "compared with the others",
                f"add '{outcome}' to its indicators, or take it off design.sources",
            )
    for position, source in enumerate(evaluation.data.sources):
        if outcome in source.indicators and source.id not in listed:
            yield Problem(
                ("data", "sources", position, "id"),
                f"the source '{source.id}' gives '{outcome}', but the audit does not list it",
                "add it to design.sources with its kind, or take the indicator off the source",
            )


def estimands_of_audits_can_be_stated(evaluation: GivenBlocks) -> Iterator[Problem]:
    """Yield what an audit, which compares groups and no times, cannot state."""
    if not isinstance(evaluation.design, Audit):
        return
    primary = evaluation.outcomes.primary
    if primary.measure == "rate":
        yield Problem(
            ("outcomes", "primary", "measure"),
            "an audit asks how unequal an outcome is, and a rate says nothing of that",
            "choose an inequality measure, such as gap with a reference_group",
        )
    if primary.weighting != "denominator":
        yield Problem(
            ("outcomes", "primary", "weighting"),
            f"an audit states no effect, so '{primary.weighting}' has nothing to weigh",
            "set weighting: denominator (each person counts the same), or leave it out",
        )
    last = evaluation.design.last_period
    if last is not None and last != primary.horizon:
        yield Problem(
            ("outcomes", "primary", "horizon"),
            f"the audit ends in {last}, but its horizon is {primary.horizon}",
            "state both as the last period of the audit, or leave design.last_period out",
        )


def audits_have_no_intervention(evaluation: GivenBlocks) -> Iterator[Problem]:
    """Yield an intervention, which no page of an audit reads."""
    if isinstance(evaluation.design, Audit):
        yield Problem(
            ("intervention",),
            "an audit has no intervention, and none of its pages would show one",
            "leave the block out, or choose the design that evaluates the intervention",
        )


def audits_have_nothing_to_vary(evaluation: GivenBlocks) -> Iterator[Problem]:
    """Yield keys of robustness that only an effect could be robust to."""
    if not isinstance(evaluation.design, Audit):
        return
    names = (
        "placebo_starts",
        "control_outcomes",
        "placebo_groups",
        "alternative_starts",
        "leave_one_out",
        "exclude_periods",
        "newey_west_lag",
        "sustained_at",
        "retention_margin",
        "honest",
    )
    for name in names:
        if getattr(evaluation.robustness, name, ()) not in ((), None, False):
            yield Problem(
                ("robustness", name), "an audit has no intervention to vary", "leave it out"
            )
