"""Interrupted time series: the effect on an outcome and on the inequality in it.

The headline model is a level-and-slope regression with first-order autoregressive errors,
fitted by restricted maximum likelihood, with Satterthwaite degrees of freedom for every
contrast. Ordinary least squares, Newey-West and (for rates) quasi-Poisson stand beside it;
they are shown, they never decide.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pandas as pd

from equieval.data import Observations
from equieval.errors import DesignError
from equieval.methods.contrasts import Contrast
from equieval.methods.its import (
    INTERVENTION_COLUMNS,
    ItsFit,
    average_effect,
    counterfactual,
    effect_at,
    fit_newey_west,
    fit_ols,
    fit_quasi_poisson,
    fit_reml_ar1,
)
from equieval.present.wording import capitalise
from equieval.protocol import Evaluation
from equieval.study.adequacy import adequacy_checks
from equieval.study.analysis import CI_LEVEL, RELATIVE, Analysis, Subject, tidy
from equieval.study.headline import AT_HORIZON, HEADLINES
from equieval.study.series import (
    LINEAR_MEASURES,
    SeriesDesign,
    inequality_series,
    label,
    outcome_series,
    series_design,
    stratum_series,
    with_counts,
    withheld_note,
)

HEADLINE_ESTIMATOR = HEADLINES["its"].estimator

LEVEL, SLOPE, PRE_SLOPE = "level change", "slope change", "slope before the start"
AVERAGE = "average effect since the start"
IN_PERIOD = "effect in period"


def effect(evaluation: Evaluation, observations: Observations) -> Analysis:
    """Estimate the effect on the rate of the primary and the secondary outcomes.

    Frames: ``series`` (primary) and ``series-<indicator>`` (secondary): period, observed,
    fitted, counterfactual, ci_low, ci_high, numerator, denominator, and ``mark`` where counts
    are protected.
    """
    design = series_design(evaluation, observations)
    primary = evaluation.outcomes.primary.indicator
    rows: list[dict[str, Any]] = []
    frames: dict[str, pd.DataFrame] = {}
    for outcome in (primary, *evaluation.outcomes.secondary):
        counts = observations.overall(outcome)
        values = outcome_series(observations, outcome)
        subject = subject_of(evaluation, observations, "effect", outcome, "rate")
        name = "series" if outcome == primary else f"series-{outcome}"
        kept_back = withheld_note(design, observations, counts)
        if kept_back:
            refused = _refused(design, subject, role="secondary", note=f"{capitalise(kept_back)}.")
            rows.append(refused)
            frames[name] = with_counts(_drawn(None, values, design), observations, outcome)
            continue
        own = covering(design, values)
        events = _events(counts, own)
        reml, reml_rows = _headline(values, own, subject, n_events=events)
        rows += reml_rows
        if reml is not None:
            rows += _relative_rows(reml, own, subject, role="secondary", n_events=events)
        for beside in _fits_beside(evaluation, values, own):
            rows += its_rows(beside, own, subject, role="robustness", n_events=events)
        rows += _quasi_poisson_rows(counts, own, subject, n_events=events)
        frames[name] = with_counts(_drawn(reml, values, own), observations, outcome)
    return Analysis(tidy(rows), frames)


def inequality_effect(evaluation: Evaluation, observations: Observations) -> Analysis:
    """Estimate the effect on inequality in the primary outcome, and on each group's rate.

    The primary estimand of the protocol carries the role ``primary``. Group effects are
    fitted to fifths where the dimension has ten levels, otherwise to its own levels.

    Frames: ``series`` (the primary measure): period, observed, fitted, counterfactual,
    ci_low, ci_high; ``groups``: the rows of the group effects at the horizon.
    """
    design = series_design(evaluation, observations)
    primary = evaluation.outcomes.primary
    rows: list[dict[str, Any]] = []
    frames: dict[str, pd.DataFrame] = {}
    wanted = [primary.measure, *(m for m in evaluation.equity.measures if m != primary.measure)]
    for measure in [m for m in wanted if m in LINEAR_MEASURES]:
        values = measure_values(observations, primary.indicator, measure)
        own = covering(design, values)
        subject = subject_of(
            evaluation, observations, "inequality-effect", primary.indicator, measure
        )
        is_primary = measure == primary.measure
        reml, reml_rows = _headline(values, own, subject, primary=is_primary)
        rows += reml_rows
        if is_primary:
            frames["series"] = _drawn(reml, values, own)
            if reml is not None:
                rows += _rows_over_time(reml, own, subject)
            for beside in _fits_beside(evaluation, values, own):
                rows += its_rows(beside, own, subject, role="robustness")
    group_rows, frames["levelling"] = _group_effects(evaluation, observations, design)
    estimates = tidy([*rows, *group_rows])
    in_groups = (estimates["stratum"] != "all") & estimates["estimand"].str.endswith(AT_HORIZON)
    frames["groups"] = estimates[in_groups].reset_index(drop=True)
    return Analysis(estimates, frames)


def _group_effects(
    evaluation: Evaluation, observations: Observations, design: SeriesDesign
) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """Fit every group's rate by itself; return its rows, and where the two ends of the scale stand.

    The frame has two rows, most and least deprived: ``stratum, counterfactual, fitted`` at the
    horizon, and ``estimate, ci_low, ci_high`` of the difference.
    """
    outcome = evaluation.outcomes.primary.indicator
    groups = shown_groups(observations)
    rows: list[dict[str, Any]] = []
    ends: dict[str, dict[str, Any]] = {}
    for stratum in groups.levels:
        values = stratum_series(groups, outcome, stratum)
        own = covering(design, values)
        subject = subject_of(evaluation, groups, "inequality-effect", outcome, "rate", stratum)
        counts = groups.strata(outcome)
        events = _events(counts[counts["stratum"] == stratum], own)
        fit, stratum_rows = _headline(values, own, subject, n_events=events)
        rows += stratum_rows
        at_horizon = stratum_rows[0]
        drawn = _drawn(fit, values, own)
        series = drawn[drawn["period"] == own.horizon].iloc[0]
        ends[stratum] = {
            "stratum": stratum,
            "counterfactual": series["counterfactual"],
            "fitted": series["fitted"],
            **{name: at_horizon.get(name, math.nan) for name in ("estimate", "ci_low", "ci_high")},
        }
    return rows, pd.DataFrame([ends[groups.levels[0]], ends[groups.levels[-1]]])


def shown_groups(observations: Observations) -> Observations:
    """Return the groups as reports show them: fifths where there are tenths."""
    return observations.grouped("quintiles") if len(observations.levels) == 10 else observations


def measure_values(observations: Observations, outcome: str, measure: str) -> pd.Series:
    """Return an inequality measure as a series by period."""
    frame = inequality_series(observations, outcome, measure)
    index = pd.PeriodIndex(frame["period"])
    return pd.Series(frame["estimate"].to_numpy(), index=index, name=measure)


def covering(design: SeriesDesign, values: pd.Series) -> SeriesDesign:
    """Return the design cut to the periods in which a series is recorded at all."""
    recorded = values.reindex(design.periods).dropna().index
    periods = pd.period_range(recorded.min(), recorded.max(), freq=design.periods.freq)
    horizon = min(design.horizon, recorded.max())
    return design.over(periods, horizon)


def _headline(
    values: pd.Series,
    design: SeriesDesign,
    subject: Subject,
    *,
    primary: bool = False,
    **columns: Any,
) -> tuple[ItsFit | None, list[dict[str, Any]]]:
    """Fit the headline estimator; where the series cannot carry it, keep a row that says so."""
    try:
        fit = fit_series(values, design)
    except DesignError as refusal:
        role = "primary" if primary else "secondary"
        return None, [_refused(design, subject, role=role, note=refusal.what, **columns)]
    return fit, its_rows(fit, design, subject, role="secondary", primary=primary, **columns)


def _refused(
    design: SeriesDesign, subject: Subject, *, role: str, note: str, **columns: Any
) -> dict[str, Any]:
    """Return the row that says why the headline model gives no estimate."""
    return subject.refused(
        estimator=HEADLINE_ESTIMATOR,
        estimand=AT_HORIZON,
        role=role,
        horizon=label(design.horizon),
        note=note,
        **columns,
    )


def _drawn(fit: ItsFit | None, values: pd.Series, design: SeriesDesign) -> pd.DataFrame:
    """Return the series with its fit and counterfactual; without a fit, the points alone."""
    if fit is not None:
        return counterfactual(fit, design.matrix(), ci_level=CI_LEVEL)
    columns = ("fitted", "counterfactual", "ci_low", "ci_high", "df")
    frame = pd.DataFrame({"period": design.periods, "observed": design.usable(values).to_numpy()})
    return frame.assign(**dict.fromkeys(columns, math.nan))


def its_rows(
    fit: ItsFit,
    design: SeriesDesign,
    subject: Subject,
    *,
    role: str,
    primary: bool = False,
    **columns: Any,
) -> list[dict[str, Any]]:
    """Return the contrasts of one fit as rows of the Estimates table.

    ``primary`` gives the effect at the horizon the role of the primary estimand.
    """
    matrix = design.matrix()
    contrasts = {
        AT_HORIZON: effect_at(fit, matrix, design.horizon, ci_level=CI_LEVEL),
        AVERAGE: average_effect(fit, matrix, ci_level=CI_LEVEL),
        **_changes(fit),
        PRE_SLOPE: fit.contrast({"t": 1.0}, ci_level=CI_LEVEL),
    }
    rows = []
    for estimand, contrast in contrasts.items():
        own_role = "primary" if primary and estimand == AT_HORIZON else role
        if estimand == PRE_SLOPE:
            own_role = "diagnostic"
        rows.append(
            subject.row(
                contrast,
                estimator=fit.estimator,
                estimand=estimand,
                role=own_role,
                inference=fit.inference,
                n_obs=fit.n_obs,
                horizon=label(design.horizon) if estimand == AT_HORIZON else None,
                **columns,
            )
        )
    return rows


def _changes(fit: ItsFit) -> dict[str, Contrast]:
    """Return the changes of level and slope that the impact model has."""
    terms = {LEVEL: "post", SLOPE: "since"}
    return {
        estimand: fit.contrast({term: 1.0}, ci_level=CI_LEVEL)
        for estimand, term in terms.items()
        if term in fit.params.index
    }


def fit_series(values: pd.Series, design: SeriesDesign) -> ItsFit:
    """Fit the headline estimator to a series under a design."""
    return fit_reml_ar1(design.usable(values), design.matrix())


def _fits_beside(
    evaluation: Evaluation, values: pd.Series, design: SeriesDesign
) -> tuple[ItsFit, ...]:
    """Fit the estimators that stand beside the headline; they are shown, they never decide."""
    y, X = design.usable(values), design.matrix()
    return (fit_ols(y, X), fit_newey_west(y, X, evaluation.robustness.newey_west_lag))


def _rows_over_time(fit: ItsFit, design: SeriesDesign, subject: Subject) -> list[dict[str, Any]]:
    """Return the effect in every period that can have one: does it last?"""
    terms = [term for term in INTERVENTION_COLUMNS if term in fit.params.index]
    begun = (design.matrix()[terms] != 0).any(axis=1).to_numpy()
    return [
        subject.row(
            effect_at(fit, design.matrix(), period, ci_level=CI_LEVEL),
            estimator=fit.estimator,
            estimand=IN_PERIOD,
            role="secondary",
            inference=fit.inference,
            n_obs=fit.n_obs,
            time=label(period),
            variant=label(period),
        )
        for period in design.periods[begun]
    ]


def _relative_rows(
    fit: ItsFit, design: SeriesDesign, subject: Subject, *, role: str, **columns: Any
) -> list[dict[str, Any]]:
    """Return the effects of a fit as ratios of the fitted to the counterfactual rate."""
    matrix = design.matrix()
    contrasts = {
        AT_HORIZON: effect_at(fit, matrix, design.horizon, scale="relative", ci_level=CI_LEVEL),
        AVERAGE: average_effect(fit, matrix, scale="relative", ci_level=CI_LEVEL),
    }
    if fit.link == "log":
        contrasts |= {name: change.as_ratio() for name, change in _changes(fit).items()}
    relative = replace(subject, scale=RELATIVE)
    return [
        relative.row(
            contrast,
            estimator=fit.estimator,
            estimand=estimand,
            role=role,
            inference=fit.inference,
            n_obs=fit.n_obs,
            horizon=label(design.horizon) if estimand == AT_HORIZON else None,
            variant="ratio",
            **columns,
        )
        for estimand, contrast in contrasts.items()
    ]


def _quasi_poisson_rows(
    counts: pd.DataFrame, design: SeriesDesign, subject: Subject, **columns: Any
) -> list[dict[str, Any]]:
    """Fit the counts with the exposure as offset; effects are rate ratios."""
    by_period = counts.set_index(pd.PeriodIndex(counts["period"]))
    events = design.usable(by_period["numerator"])
    exposure = by_period["denominator"].reindex(design.periods)
    fit = fit_quasi_poisson(events, exposure, design.matrix())
    return _relative_rows(fit, design, subject, role="secondary", **columns)


def _events(counts: pd.DataFrame, design: SeriesDesign) -> int:
    inside = counts[counts["period"].isin(list(design.periods))]
    return int(inside["numerator"].sum())


def subject_of(
    evaluation: Evaluation,
    observations: Observations,
    page: str,
    outcome: str,
    measure: str,
    stratum: str = "all",
) -> Subject:
    """Return the columns that all estimates of one series share."""
    return Subject(
        page=page,
        outcome=outcome,
        measure=measure,
        design=evaluation.design.type,
        dimension=observations.dimension,
        scale="absolute",
        stratum=stratum,
        weighting=evaluation.outcomes.primary.weighting,
    )


def design_checks(
    evaluation: Evaluation, observations: Observations, estimate: pd.Series | None = None
) -> pd.DataFrame:
    """Hold the primary outcome's series against the adequacy thresholds.

    Parameters
    ----------
    estimate : the estimate in question (its ``df`` count); left out, the primary one is fitted.

    Returns
    -------
    The frame of `equieval.study.adequacy.adequacy_checks`.
    """
    design = series_design(evaluation, observations)
    outcome = evaluation.outcomes.primary.indicator
    before, after = design.points(outcome_series(observations, outcome))
    cells = observations.strata(outcome)
    cells = cells[cells["period"].isin(list(design.periods))]
    return adequacy_checks(
        points_before=before,
        points_after=after,
        df=_primary_df(evaluation, observations) if estimate is None else float(estimate["df"]),
        smallest_cell=float(cells["numerator"].min()),
    )


def _primary_df(evaluation: Evaluation, observations: Observations) -> float:
    """Return the degrees of freedom of the primary estimate; missing where it is refused."""
    primary = evaluation.outcomes.primary
    values = measure_values(observations, primary.indicator, primary.measure)
    own = covering(series_design(evaluation, observations), values)
    try:
        found = effect_at(fit_series(values, own), own.matrix(), own.horizon, ci_level=CI_LEVEL)
    except DesignError:
        return math.nan
    return found.df
