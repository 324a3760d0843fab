"""From a fitted series to rows of the Estimates table: the effects and how they are named."""

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
    effect_weights,
    fit_newey_west,
    fit_ols,
    fit_quasi_poisson,
    fit_reml_ar1,
)
from equieval.methods.its_bootstrap import bootstrap_contrast
from equieval.methods.its_controlled import controlled_its
from equieval.methods.its_counts import fit_quasi_poisson_ar1
from equieval.methods.its_design import SegmentedModel
from equieval.protocol import Evaluation
from equieval.study.analysis import CI_LEVEL, RELATIVE, Subject
from equieval.study.draws import draws
from equieval.study.headline import AT_HORIZON, HEADLINES, headline_of
from equieval.study.series import SeriesDesign, label

LEVEL, SLOPE, PRE_SLOPE = "level change", "slope change", "slope before the start"
AVERAGE = "average effect since the start"
IN_PERIOD = "effect in period"
BOOTSTRAP = "REML AR(1), parametric bootstrap"
DRAWS = 999
"""Series drawn for it."""
COUNTS, COUNTS_ALIKE = "quasi-Poisson", "quasi-Poisson AR(1)"
_ENDLESS = "Its interval has no end on so few degrees of freedom."


def covering(design: SeriesDesign, values: pd.Series) -> SeriesDesign:
    """Return the design cut to the periods in which a series is recorded at all."""
    recorded = values.reindex(design.periods).dropna().index
    periods = pd.period_range(recorded.min(), recorded.max(), freq=design.periods.freq)
    horizon = min(design.horizon, recorded.max())
    return design.over(periods, horizon)


def headline_rows_of(
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
        return None, [refused_row(design, subject, role=role, note=refusal.what, **columns)]
    return fit, its_rows(fit, design, subject, role="secondary", primary=primary, **columns)


def refused_row(
    design: SeriesDesign, subject: Subject, *, role: str, note: str, **columns: Any
) -> dict[str, Any]:
    """Return the row that says why the headline model gives no estimate."""
    return subject.refused(
        estimator=headline_of(subject.design).estimator,
        estimand=AT_HORIZON,
        role=role,
        horizon=label(design.horizon),
        note=note,
        **columns,
    )


def drawn_series(fit: ItsFit | None, values: pd.Series, design: SeriesDesign) -> pd.DataFrame:
    """Return the series with its fit and counterfactual; without a fit, the points alone."""
    if fit is not None:
        return counterfactual(fit, design.matrix(), ci_level=CI_LEVEL)
    columns = ("fitted", "counterfactual", "ci_low", "ci_high", "df")
    usable = design.usable(values)
    frame = pd.DataFrame({"period": usable.index, "observed": usable.to_numpy()})
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
        AVERAGE: average_effect(fit, design.counted(), ci_level=CI_LEVEL),
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
    fit = fit_reml_ar1(design.usable(values), design.matrix())
    if not design.controlled:
        return fit
    return replace(fit, estimator=HEADLINES["controlled-its"].estimator)


def rows_beside(
    evaluation: Evaluation,
    values: pd.Series,
    design: SeriesDesign,
    subject: Subject,
    **columns: Any,
) -> list[dict[str, Any]]:
    """Fit the estimators that stand beside the headline; they are shown, they never decide.

    None where nothing varies: there a row of the headline says why nothing can be estimated.
    """
    y, X = design.usable(values), design.matrix()
    try:
        fits = (fit_ols(y, X), fit_newey_west(y, X, evaluation.robustness.newey_west_lag))
    except DesignError:
        return []
    columns["role"] = "robustness"
    return [row for fit in fits for row in its_rows(fit, design, subject, **columns)]


def rows_over_time(fit: ItsFit, design: SeriesDesign, subject: Subject) -> list[dict[str, Any]]:
    """Return the effect in every period that can have one: does it last?"""
    terms = [term for term in INTERVENTION_COLUMNS if term in fit.params.index]
    matrix = design.matrix()
    begun = matrix.index[(matrix[terms] != 0).any(axis=1)]
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
        for period in begun
    ]


def relative_rows(
    fit: ItsFit, design: SeriesDesign, subject: Subject, *, role: str, **columns: Any
) -> list[dict[str, Any]]:
    """Return the effects of a fit as ratios of the fitted to the counterfactual rate.

    A row says why where one of the two is not above 0, so that there is no ratio.
    """
    matrix, counted = design.matrix(), design.counted()
    relative = replace(subject, scale=RELATIVE)
    try:
        contrasts = {
            AT_HORIZON: effect_at(fit, matrix, design.horizon, scale="relative", ci_level=CI_LEVEL),
            AVERAGE: average_effect(fit, counted, scale="relative", ci_level=CI_LEVEL),
        }
    except DesignError as refusal:
        return [
            _refused_ratio(fit.estimator, design, subject, role=role, note=refusal.what, **columns)
        ]
    if fit.link == "log":
        contrasts |= {name: change.as_ratio() for name, change in _changes(fit).items()}
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


def quasi_poisson_rows(
    counts: pd.DataFrame, design: SeriesDesign, subject: Subject, **columns: Any
) -> list[dict[str, Any]]:
    """Fit the counts with the exposure as offset; effects are rate ratios.

    Once with periods taken as independent, once with neighbours alike. A row says why where one
    of them cannot be fitted.
    """
    by_period = counts.set_index(pd.PeriodIndex(counts["period"]))
    events = design.usable(by_period["numerator"])
    exposure = by_period["denominator"].reindex(events.index)
    columns["role"] = "secondary"
    try:
        fit = fit_quasi_poisson(events, exposure, design.matrix())
    except DesignError as refusal:
        return [_refused_ratio(COUNTS, design, subject, note=refusal.what, **columns)]
    rows = relative_rows(fit, design, subject, **columns)
    try:
        alike = fit_quasi_poisson_ar1(events, exposure, design.matrix())
    except DesignError as refusal:
        return [*rows, _refused_ratio(COUNTS_ALIKE, design, subject, note=refusal.what, **columns)]
    found = relative_rows(alike, design, subject, **columns)
    if not all(math.isfinite(row.get("ci_high", 0.0)) for row in found):
        return [*rows, _refused_ratio(COUNTS_ALIKE, design, subject, note=_ENDLESS, **columns)]
    return rows + found


def _refused_ratio(
    estimator: str, design: SeriesDesign, subject: Subject, **columns: Any
) -> dict[str, Any]:
    """Return the row that says why an estimator gives no ratio."""
    return replace(subject, scale=RELATIVE).refused(
        estimator=estimator,
        estimand=AT_HORIZON,
        horizon=label(design.horizon),
        variant="ratio",
        **columns,
    )


def bootstrap_row(
    fit: ItsFit, design: SeriesDesign, subject: Subject, **columns: Any
) -> dict[str, Any]:
    """Return the headline effect with an interval from series drawn from the fitted model.

    A row says why where the drawn series cannot be fitted themselves.
    """
    matrix = design.matrix()
    columns |= {
        "estimator": BOOTSTRAP,
        "estimand": AT_HORIZON,
        "role": "robustness",
        "horizon": label(design.horizon),
    }
    weights = pd.Series(effect_weights(matrix, design.horizon), index=matrix.columns)
    try:
        found = bootstrap_contrast(fit, weights, draws=draws(DRAWS), ci_level=CI_LEVEL)
    except DesignError as refusal:
        return subject.refused(note=refusal.what, **columns)
    inference = f"bootstrap-t, {found.draws} series drawn from the fitted model"
    return subject.row(found.effect, inference=inference, n_obs=fit.n_obs, **columns)


def events_of(counts: pd.DataFrame, design: SeriesDesign) -> int:
    """Return the number of events in the periods of a design."""
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


def stacked_rows(
    treated: pd.Series, control: pd.Series, design: SeriesDesign, subject: Subject
) -> list[dict[str, Any]]:
    """Return the effect at the horizon by the model of both series at once, beside the headline.

    Empty where the stacked series cannot carry it.
    """
    model = SegmentedModel(
        impact=design.impact,
        lag=design.lag,
        phase_in=design.phase_in,
        other_interruptions=dict(design.other),
        exclude=design.excluded,
    )
    try:
        found = controlled_its(
            treated.reindex(design.periods), control.reindex(design.periods), design.start,
            model=model,
        )  # fmt: skip
        contrast = effect_at(found.stacked, found.stacked_design, design.horizon, ci_level=CI_LEVEL)
    except DesignError:
        return []
    return [
        subject.row(
            contrast,
            estimator=found.stacked.estimator,
            estimand=AT_HORIZON,
            role="robustness",
            inference=found.stacked.inference,
            n_obs=found.stacked.n_obs,
            horizon=label(design.horizon),
        )
    ]
