"""Rules between blocks: each is checked where all the blocks that it reads are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from equieval.errors import did_you_mean
from equieval.protocol.audit_rules import (
    audits_have_no_intervention,
    audits_have_nothing_to_vary,
    estimands_of_audits_can_be_stated,
    sources_of_audits_are_there,
)
from equieval.protocol.blocks import GivenBlocks
from equieval.protocol.control_rules import (
    control_outcomes_are_others,
    control_outcomes_are_provided,
    control_outcomes_are_stratified,
    placebo_levels_are_some_of_them,
    placebo_units_are_controls,
)
from equieval.protocol.design import DesignBase, StaggeredDifferenceInDifferences
from equieval.protocol.fields import KeyPath, Problem
from equieval.protocol.outcomes import PAIRED, RANKED
from equieval.protocol.periods import EXAMPLES, is_period, period_ordinal
from equieval.protocol.robustness_rules import (
    honest_bounds_need_a_comparison,
    impacts_begin_inside_the_analysis,
    interruptions_end_after_they_begin,
    plausibility_needs_missing_levels,
    sustained_horizons_are_periods,
)


@dataclass(frozen=True)
class Rule:
    """A check and the blocks that it reads."""

    reads: tuple[str, ...]
    check: Callable[[GivenBlocks], Iterator[Problem]]


def broken_rules(evaluation: GivenBlocks) -> Iterator[Problem]:
    """Yield what is wrong between the blocks that are there."""
    for rule in RULES:
        if evaluation.has(*rule.reads):
            yield from rule.check(evaluation)


def starts_of(design: DesignBase) -> tuple[str, ...]:
    """Return the first exposed periods: one start, one per joining unit, or none."""
    if isinstance(design, StaggeredDifferenceInDifferences):
        return tuple(dict.fromkeys(design.adoption.values()))
    start = getattr(design, "start", None)
    return () if start is None else (start,)


def _outcomes_are_provided(evaluation: GivenBlocks) -> Iterator[Problem]:
    data, outcomes = evaluation.data, evaluation.outcomes
    provided = {id for source in data.sources for id in source.indicators}
    paths: list[tuple[KeyPath, str]] = [
        (("outcomes", "primary", "indicator"), outcomes.primary.indicator)
    ]
    paths += [(("outcomes", "secondary", i), id) for i, id in enumerate(outcomes.secondary)]
    for path, id in paths:
        if id not in provided:
            yield Problem(
                path,
                f"no source provides '{id}'",
                f"add it under the indicators of a source ({did_you_mean(id, provided)})",
            )


def _outcomes_are_stratified(evaluation: GivenBlocks) -> Iterator[Problem]:
    dimension = evaluation.equity.dimension
    for position, source in enumerate(evaluation.data.sources):
        wanted = [id for id in evaluation.outcomes.indicators if id in source.indicators]
        if wanted and dimension not in source.dimensions:
            yield Problem(
                ("data", "sources", position, "dimensions"),
                f"the source gives {', '.join(wanted)} but no column for '{dimension}'",
                f"add '{dimension}: <column>'",
            )


def _levels_are_not_totals(evaluation: GivenBlocks) -> Iterator[Problem]:
    equity = evaluation.equity
    for position, source in enumerate(evaluation.data.sources):
        for label in source.total:
            if label in equity.levels or label in equity.missing_levels:
                yield Problem(
                    ("data", "sources", position, "total"),
                    f"'{label}' is both a total and a level of '{equity.dimension}'",
                    "a total counts everybody; take it off equity.levels",
                )


def _measure_fits_dimension(evaluation: GivenBlocks) -> Iterator[Problem]:
    primary, equity = evaluation.outcomes.primary, evaluation.equity
    path = ("outcomes", "primary", "measure")
    if primary.measure in RANKED and not equity.ordered:
        yield Problem(
            path,
            f"'{primary.measure}' ranks the groups, but '{equity.dimension}' is not ordered",
            "use gap or ratio with a reference_group",
        )
    elif primary.measure != "rate" and primary.measure not in equity.measures:
        yield Problem(
            path,
            f"the primary measure '{primary.measure}' is not among equity.measures",
            f"add it there ({', '.join(equity.measures)})",
        )
    reference = primary.reference_group
    reference_path = ("outcomes", "primary", "reference_group")
    if reference is None and primary.measure in PAIRED and not equity.ordered:
        yield Problem(
            reference_path,
            f"'{primary.measure}' over groups that are not ordered needs a reference group",
            f"name one of: {', '.join(equity.levels)}",
        )
    if reference is not None and reference not in equity.levels:
        yield Problem(
            reference_path,
            f"the reference group '{reference}' is no level of '{equity.dimension}'",
            did_you_mean(reference, equity.levels),
        )


def _labelled_periods(evaluation: GivenBlocks) -> Iterator[tuple[KeyPath, str]]:
    """Yield every period label of the blocks that are there, with its path."""
    for i, source in enumerate(evaluation.data.sources):
        for j, found in enumerate(source.breaks):
            yield ("data", "sources", i, "breaks", j, "period"), found.period
        for id, periods in source.missing_because.items():
            for label in periods:
                yield ("data", "sources", i, "missing_because", id, label), label
    for i, row in enumerate(evaluation.data.succession):
        yield ("data", "succession", i, "period"), row.period
    if evaluation.has("intervention"):
        for i, other in enumerate(evaluation.intervention.co_interventions):
            yield ("intervention", "co_interventions", i, "period"), other.period
    if evaluation.has("outcomes"):
        yield ("outcomes", "primary", "horizon"), evaluation.outcomes.primary.horizon
    if evaluation.has("design"):
        yield from _design_periods(evaluation.design)
    if evaluation.has("robustness"):
        robustness = evaluation.robustness
        yield from _each(("robustness", "placebo_starts"), robustness.placebo_starts)
        yield from _each(("robustness", "alternative_starts"), robustness.alternative_starts)
        for i, group in enumerate(robustness.exclude_periods):
            yield from _each(("robustness", "exclude_periods", i), group)


def _design_periods(design: DesignBase) -> Iterator[tuple[KeyPath, str]]:
    for name in ("first_period", "last_period", "start"):
        label = getattr(design, name, None)
        if label is not None:
            yield ("design", name), label
    if isinstance(design, StaggeredDifferenceInDifferences):
        for unit, label in design.adoption.items():
            yield ("design", "adoption", unit), label
    yield from _each(("design", "exclude_periods"), design.exclude_periods)
    for position, other in enumerate(getattr(design, "other_interruptions", ())):
        yield ("design", "other_interruptions", position, "period"), other.period
        if other.until is not None:
            yield ("design", "other_interruptions", position, "until"), other.until


def _each(path: KeyPath, labels: Sequence[str]) -> Iterator[tuple[KeyPath, str]]:
    for position, label in enumerate(labels):
        yield (*path, position), label


def _periods_fit_the_frequency(evaluation: GivenBlocks) -> Iterator[Problem]:
    frequency = evaluation.data.frequency
    for path, label in _labelled_periods(evaluation):
        if not is_period(label, frequency):
            yield Problem(
                path,
                f"'{label}' is no {frequency}, and the data are by {frequency}",
                f"write it like {EXAMPLES[frequency]}",
            )


#: Where a period has to lie inside the analysis: the rest (co-interventions, breaks) need not.
_INSIDE = (
    ("outcomes", "primary", "horizon"),
    ("design", "start"),
    ("design", "adoption"),
    ("design", "exclude_periods"),
    ("design", "other_interruptions"),
    ("robustness",),
)


def _periods_lie_inside_the_analysis(evaluation: GivenBlocks) -> Iterator[Problem]:
    frequency, design = evaluation.data.frequency, evaluation.design
    bounds = {
        name: period_ordinal(label, frequency)
        for name, label in (("first", design.first_period), ("last", design.last_period))
        if label is not None and is_period(label, frequency)
    }
    if "first" in bounds and "last" in bounds and bounds["first"] >= bounds["last"]:
        yield Problem(
            ("design", "last_period"),
            f"the analysis ends in {design.last_period}, before it begins ({design.first_period})",
            "swap or correct the two",
        )
        return
    for path, label in _labelled_periods(evaluation):
        inside = any(path[: len(prefix)] == prefix for prefix in _INSIDE)
        if not inside or not is_period(label, frequency):
            continue
        at = period_ordinal(label, frequency)
        if at < bounds.get("first", at) or at > bounds.get("last", at):
            yield Problem(
                path,
                f"{label} lies outside the analysis "
                f"({design.first_period or '…'} to {design.last_period or '…'})",
                "correct it, or widen design.first_period and last_period",
            )
    for label in starts_of(design):
        if is_period(label, frequency) and period_ordinal(label, frequency) == bounds.get("first"):
            yield Problem(
                ("design", "adoption" if hasattr(design, "adoption") else "start"),
                f"nothing is observed before the start ({label})",
                "begin the analysis earlier: design.first_period",
            )


def _horizon_follows_the_start(evaluation: GivenBlocks) -> Iterator[Problem]:
    frequency, horizon = evaluation.data.frequency, evaluation.outcomes.primary.horizon
    starts = [label for label in starts_of(evaluation.design) if is_period(label, frequency)]
    if not starts or not is_period(horizon, frequency):
        return
    first = min(starts, key=lambda label: period_ordinal(label, frequency))
    if period_ordinal(horizon, frequency) < period_ordinal(first, frequency):
        yield Problem(
            ("outcomes", "primary", "horizon"),
            f"the horizon ({horizon}) comes before the start ({first})",
            "state the effect at an exposed period",
        )


def _robustness_starts_are_others(evaluation: GivenBlocks) -> Iterator[Problem]:
    frequency, robustness = evaluation.data.frequency, evaluation.robustness
    starts = [label for label in starts_of(evaluation.design) if is_period(label, frequency)]
    if not starts:
        return
    ordinals = [period_ordinal(label, frequency) for label in starts]
    begun = starts[ordinals.index(min(ordinals))]
    for i, label in enumerate(robustness.placebo_starts):
        if is_period(label, frequency) and period_ordinal(label, frequency) >= min(ordinals):
            yield Problem(
                ("robustness", "placebo_starts", i),
                f"{label} is no placebo: exposure has begun ({begun})",
                "choose a period before the start",
            )
    for i, label in enumerate(robustness.alternative_starts):
        if is_period(label, frequency) and [period_ordinal(label, frequency)] == ordinals:
            yield Problem(
                ("robustness", "alternative_starts", i),
                f"{label} is the start itself",
                "choose another period, or leave it out",
            )


def _synthetic_means_fictional(evaluation: GivenBlocks) -> Iterator[Problem]:
    synthetic, fictional = evaluation.identity.synthetic, evaluation.population.fictional
    if synthetic and not fictional:
        yield Problem(
            ("population", "fictional"),
            "synthetic data are shown for fictional places only",
            "invent a place and set 'fictional: true'",
        )
    if fictional and not synthetic:
        yield Problem(
            ("identity", "synthetic"),
            "a fictional place has no real data",
            "set 'synthetic: true', or name the real place",
        )


def _open_data_are_open(evaluation: GivenBlocks) -> Iterator[Problem]:
    if evaluation.disclosure.profile != "open-data":
        return
    for position, source in enumerate(evaluation.data.sources):
        path = ("data", "sources", position)
        if not source.open:
            yield Problem(
                (*path, "open"),
                f"profile 'open-data' applies no rule, but the source '{source.id}' is not open",
                "set 'open: true' if anyone may have these figures, or choose another profile",
            )
        if source.level == "record":
            yield Problem(
                (*path, "level"),
                f"profile 'open-data' applies no rule, but the source '{source.id}' holds records",
                "choose the profile of the data controller",
            )


def _final_is_complete(evaluation: GivenBlocks) -> Iterator[Problem]:
    if evaluation.identity.status not in ("final", "corrected"):
        return
    remedy = "state it, or set identity.status to provisional"
    status = evaluation.identity.status
    for name in ("authors", "contact"):
        if not getattr(evaluation.identity, name):
            yield Problem(("identity", name), f"a {status} evaluation names its {name}", remedy)
    if evaluation.has("release") and not evaluation.release.approvers:
        yield Problem(("release", "approvers"), f"a {status} evaluation has approvers", remedy)
    if evaluation.has("intervention"):
        for name in evaluation.intervention.unstated_tidier_items():
            yield Problem(
                ("intervention", name),
                f"a {status} evaluation states every TIDieR item",
                "say it, or say that it is not known and why",
            )


RULES: tuple[Rule, ...] = (
    Rule(("data", "outcomes"), _outcomes_are_provided),
    Rule(("data", "outcomes", "equity"), _outcomes_are_stratified),
    Rule(("data", "equity"), _levels_are_not_totals),
    Rule(("outcomes", "equity"), _measure_fits_dimension),
    Rule(("data",), _periods_fit_the_frequency),
    Rule(("data", "design"), _periods_lie_inside_the_analysis),
    Rule(("data", "design", "outcomes"), _horizon_follows_the_start),
    Rule(("data", "design", "robustness"), _robustness_starts_are_others),
    Rule(("design", "intervention"), audits_have_no_intervention),
    Rule(("design", "robustness"), audits_have_nothing_to_vary),
    Rule(("data", "design", "outcomes"), sources_of_audits_are_there),
    Rule(("design", "outcomes"), estimands_of_audits_can_be_stated),
    Rule(("design", "robustness"), honest_bounds_need_a_comparison),
    Rule(("data", "design", "robustness"), sustained_horizons_are_periods),
    Rule(("equity", "robustness"), plausibility_needs_missing_levels),
    Rule(("outcomes", "robustness"), control_outcomes_are_others),
    Rule(("data", "robustness"), control_outcomes_are_provided),
    Rule(("data", "equity", "robustness"), control_outcomes_are_stratified),
    Rule(("equity", "robustness"), placebo_levels_are_some_of_them),
    Rule(("design", "robustness"), placebo_units_are_controls),
    Rule(("data", "design", "outcomes"), impacts_begin_inside_the_analysis),
    Rule(("data", "design"), interruptions_end_after_they_begin),
    Rule(("identity", "population"), _synthetic_means_fictional),
    Rule(("data", "disclosure"), _open_data_are_open),
    Rule(("identity",), _final_is_complete),
)
