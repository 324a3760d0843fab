"""Interrupted time series: the effect on an outcome and on the inequality in it.

The headline model is a level-and-slope regression with first-order autoregressive errors,
fitted by restricted maximum likelihood, with Satterthwaite degrees of freedom for every
contrast. Its parametric bootstrap, ordinary least squares, Newey-West and (for rates)
quasi-Poisson without and with autocorrelation stand beside it; they are shown, they never decide.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from equieval.data import Observations
from equieval.present.wording import capitalise
from equieval.protocol import Evaluation
from equieval.study.analysis import Analysis, tidy
from equieval.study.baseline_direction import refuse_reversed_gap
from equieval.study.compared_series import ComparedSeries, compared_series, lifted
from equieval.study.expected import with_expected
from equieval.study.headline import AT_HORIZON
from equieval.study.its_rows import (
    bootstrap_row,
    covering,
    drawn_series,
    events_of,
    headline_rows_of,
    quasi_poisson_rows,
    refused_row,
    relative_rows,
    rows_beside,
    rows_over_time,
    stacked_rows,
    subject_of,
)
from equieval.study.lasting import lasting_series_rows
from equieval.study.rates_by_period import outcome_series, with_counts
from equieval.study.series import LINEAR_MEASURES, SeriesDesign, series_design, withheld_note
from equieval.study.series_units import no_units, unit_rows

_OF_ENDS = ("id", "estimate", "ci_low", "ci_high")


def effect(evaluation: Evaluation, observations: Observations) -> Analysis:
    """Estimate the effect on the rate of the primary and the secondary outcomes.

    Frames: ``series`` (primary) and ``series-<indicator>`` (secondary): period, observed,
    fitted, counterfactual, ci_low, ci_high, the keys of what is estimated
    (`equieval.study.expected`), numerator, denominator, and ``mark`` where counts are protected.
    With comparison units the effects are those on the difference to them; the frames show the
    treated. ``units`` and ``units-together`` as in `equieval.study.series_units.unit_rows`.
    """
    compared = compared_series(evaluation, observations)
    observed = compared.observations
    design = series_design(evaluation, observed)
    primary = evaluation.outcomes.primary.indicator
    rows: list[dict[str, Any]] = []
    frames = no_units()
    for outcome in (primary, *evaluation.outcomes.secondary):
        counts = observed.overall(outcome)
        values = compared.outcome(outcome)
        subject = subject_of(evaluation, observed, "effect", outcome, "rate")
        name = "series" if outcome == primary else f"series-{outcome}"
        kept_back = withheld_note(design, observed, counts)
        if kept_back:
            note = f"{capitalise(kept_back)}."
            rows.append(refused_row(design, subject, role="secondary", note=note))
            drawn = drawn_series(None, values, design).assign(indicator=outcome)
            frames[name] = with_counts(drawn, observed, outcome)
            continue
        own = covering(design, values)
        events = events_of(counts, own)
        reml, reml_rows = headline_rows_of(values, own, subject, n_events=events)
        rows += reml_rows
        if reml is not None and outcome == primary:
            rows.append(bootstrap_row(reml, own, subject, n_events=events))
        if outcome == primary:
            found, of_units = unit_rows(evaluation, observations, own, subject, reml_rows[0])
            rows, frames = [*rows, *found], {**frames, **of_units}
        rows += rows_beside(evaluation, values, own, subject, n_events=events)
        if compared.comparison is None:
            if reml is not None:
                rows += relative_rows(reml, own, subject, role="secondary", n_events=events)
            rows += quasi_poisson_rows(counts, own, subject, n_events=events)
        else:
            control = outcome_series(compared.comparison, outcome)
            rows += stacked_rows(outcome_series(observed, outcome), control, own, subject)
        drawn = lifted(drawn_series(reml, values, own), compared.outcome_of_comparison(outcome))
        drawn, expected = with_expected(drawn, reml, own, subject, reml_rows[0], n_events=events)
        rows += expected
        frames[name] = with_counts(drawn, observed, outcome)
    return Analysis(tidy(rows), frames)


def inequality_effect(evaluation: Evaluation, observations: Observations) -> Analysis:
    """Estimate the effect on inequality in the primary outcome, and on each group's rate.

    The primary estimand of the protocol carries the role ``primary``. Group effects are
    fitted to fifths where the dimension has ten levels, otherwise to its own levels.

    Frames: ``series`` (the primary measure): period, observed, fitted, counterfactual,
    ci_low, ci_high; ``groups``: the rows of the group effects at the horizon; ``sustained``:
    what is left of the early effect (see `equieval.study.lasting`); ``units`` and
    ``units-together``, of the primary measure (see `equieval.study.series_units`).
    """
    compared = compared_series(evaluation, observations)
    observed = compared.observations
    design = series_design(evaluation, observed)
    primary = evaluation.outcomes.primary
    refuse_reversed_gap(evaluation, observed)
    rows: list[dict[str, Any]] = []
    frames: dict[str, pd.DataFrame] = {}
    wanted = [primary.measure, *(m for m in evaluation.equity.measures if m != primary.measure)]
    for measure in [m for m in wanted if m in LINEAR_MEASURES]:
        values = compared.measure(primary.indicator, measure)
        own = covering(design, values)
        subject = subject_of(evaluation, observed, "inequality-effect", primary.indicator, measure)
        is_primary = measure == primary.measure
        reml, reml_rows = headline_rows_of(values, own, subject, primary=is_primary)
        rows += reml_rows
        if is_primary:
            comparison = compared.measure_of_comparison(primary.indicator, measure)
            drawn = lifted(drawn_series(reml, values, own), comparison)
            frames["series"], expected = with_expected(drawn, reml, own, subject, reml_rows[0])
            rows += expected
            found, of_units = unit_rows(evaluation, observations, own, subject, reml_rows[0])
            rows, frames = [*rows, *found], {**frames, **of_units}
            if reml is not None:
                rows += rows_over_time(reml, own, subject)
                rows.append(bootstrap_row(reml, own, subject))
            rows += rows_beside(evaluation, values, own, subject)
            lasting, frames["sustained"] = lasting_series_rows(
                reml, own, evaluation.robustness, observed.frequency, subject
            )
            rows += lasting
    group_rows, frames["levelling"] = _group_effects(evaluation, compared, design)
    estimates = tidy([*rows, *group_rows])
    in_groups = (estimates["stratum"] != "all") & estimates["estimand"].str.endswith(AT_HORIZON)
    frames["groups"] = estimates[in_groups].reset_index(drop=True)
    return Analysis(estimates, frames)


def _group_effects(
    evaluation: Evaluation, compared: ComparedSeries, design: SeriesDesign
) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """Fit every group's rate by itself; return its rows, and where the two ends of the scale stand.

    The frame has two rows, most and least deprived: ``stratum, counterfactual, fitted`` at the
    horizon, and ``id, estimate, ci_low, ci_high`` of the difference.
    """
    outcome = evaluation.outcomes.primary.indicator
    shown = compared.joined(shown_groups)
    groups = shown.observations
    rows: list[dict[str, Any]] = []
    ends: dict[str, dict[str, Any]] = {}
    for stratum in groups.levels:
        values = shown.stratum(outcome, stratum)
        own = covering(design, values)
        subject = subject_of(evaluation, groups, "inequality-effect", outcome, "rate", stratum)
        counts = groups.strata(outcome)
        events = events_of(counts[counts["stratum"] == stratum], own)
        fit, stratum_rows = headline_rows_of(values, own, subject, n_events=events)
        rows += stratum_rows
        at_horizon = stratum_rows[0]
        comparison = shown.stratum_of_comparison(outcome, stratum)
        drawn = lifted(drawn_series(fit, values, own), comparison)
        series = drawn[drawn["period"] == own.horizon].iloc[0]
        ends[stratum] = {
            "stratum": stratum,
            "counterfactual": series["counterfactual"],
            "fitted": series["fitted"],
            **{name: at_horizon.get(name, math.nan) for name in _OF_ENDS},
        }
    return rows, pd.DataFrame([ends[groups.levels[0]], ends[groups.levels[-1]]])


def shown_groups(observations: Observations) -> Observations:
    """Return the groups as reports show them: fifths where there are tenths."""
    return observations.grouped("quintiles") if len(observations.levels) == 10 else observations
