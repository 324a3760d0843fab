"""Rules between the robustness block, the impact and the others: what is asked must be possible."""

from __future__ import annotations

from collections.abc import Iterator

from equieval.protocol.blocks import GivenBlocks
from equieval.protocol.design import ControlledInterruptedTimeSeries, InterruptedTimeSeries
from equieval.protocol.fields import KeyPath, Problem
from equieval.protocol.periods import MONTHS, is_period, period_ordinal


def honest_bounds_need_a_comparison(evaluation: GivenBlocks) -> Iterator[Problem]:
    """Yield bounds on parallel trends where no trends are compared."""
    design = evaluation.design
    series = InterruptedTimeSeries | ControlledInterruptedTimeSeries
    if evaluation.robustness.honest is not None and isinstance(design, series):
        yield Problem(
            ("robustness", "honest"),
            f"'{design.type}' compares no trends of units, so none can be violated",
            "leave it out",
        )


def sustained_horizons_are_periods(evaluation: GivenBlocks) -> Iterator[Problem]:
    """Yield horizons that end inside a period, or after the analysis."""
    frequency, design = evaluation.data.frequency, evaluation.design
    length = MONTHS[frequency]
    start, last = getattr(design, "start", None), design.last_period
    for position, months in enumerate(evaluation.robustness.sustained_at):
        path = ("robustness", "sustained_at", position)
        if months % length:
            yield Problem(
                path,
                f"{months} months after the start no {frequency} ends",
                f"give multiples of {length}",
            )
        elif start is None or last is None:
            continue
        elif is_period(start, frequency) and is_period(last, frequency):
            reached = period_ordinal(start, frequency) + months // length - 1
            if reached > period_ordinal(last, frequency):
                yield Problem(
                    path,
                    f"{months} months after the start ({start}) the analysis has ended ({last})",
                    "leave it out, or supply later data",
                )


def plausibility_needs_missing_levels(evaluation: GivenBlocks) -> Iterator[Problem]:
    """Yield bounds for people of unknown group where nobody is of unknown group."""
    if evaluation.robustness.missing_plausibility and not evaluation.equity.missing_levels:
        yield Problem(
            ("robustness", "missing_plausibility"),
            "no level says that the group is not known",
            "name such values under equity.missing_levels, or leave it out",
        )


def impacts_begin_inside_the_analysis(evaluation: GivenBlocks) -> Iterator[Problem]:
    """Yield a lag and a phase-in that leave nothing to estimate at the horizon."""
    frequency, design = evaluation.data.frequency, evaluation.design
    waiting = getattr(design, "lag", 0) + getattr(design, "phase_in", 0)
    start = getattr(design, "start", None)
    if not waiting or start is None or not is_period(start, frequency):
        return
    resumes = period_ordinal(start, frequency) + waiting
    horizon = evaluation.outcomes.primary.horizon
    labels: list[tuple[KeyPath, str]] = [(("outcomes", "primary", "horizon"), horizon)]
    if design.last_period is not None:
        labels.append((("design", "last_period"), design.last_period))
    for path, label in labels:
        if is_period(label, frequency) and period_ordinal(label, frequency) < resumes:
            yield Problem(
                path,
                f"{label} comes before lag and phase-in are over ({waiting} periods from {start})",
                "name a later period, or shorten design.lag and design.phase_in",
            )


def interruptions_end_after_they_begin(evaluation: GivenBlocks) -> Iterator[Problem]:
    """Yield other interruptions whose last period comes before their first."""
    frequency = evaluation.data.frequency
    for position, other in enumerate(getattr(evaluation.design, "other_interruptions", ())):
        first, last = other.period, other.until
        if last is None or not (is_period(first, frequency) and is_period(last, frequency)):
            continue
        if period_ordinal(last, frequency) < period_ordinal(first, frequency):
            yield Problem(
                ("design", "other_interruptions", position, "until"),
                f"'{other.name}' ends ({last}) before it begins ({first})",
                "give its first and its last period, or leave 'until' out if it stays",
            )
