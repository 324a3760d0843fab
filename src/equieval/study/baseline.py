"""Baseline inequality: how unequal the outcome is in every period, by several measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from equieval.data import Observations
from equieval.disclosure.protect import MARK
from equieval.methods.inequality import measures
from equieval.methods.proportions import wilson
from equieval.protocol import Evaluation, indicator
from equieval.protocol.design import ControlledInterruptedTimeSeries, InterruptedTimeSeries
from equieval.protocol.outcomes import SCALES
from equieval.study.analysis import CI_LEVEL, Analysis, tidy
from equieval.study.compared_series import compared_series
from equieval.study.groups import compared_levels
from equieval.study.its import shown_groups
from equieval.study.missing_bounds import missing_bounds, missing_rows
from equieval.study.panel import panel_design, pooled
from equieval.study.panel_options import Comparative
from equieval.study.words import measure_name, measure_unit

RATIOS = frozenset({"ratio", "rii"})
"""Measures that are 1 where there is no inequality; all others are 0."""


def baseline(evaluation: Evaluation, observations: Observations) -> Analysis:
    """Compute the protocol's inequality measures of the primary outcome in every period.

    Frames: ``bounds`` (see `equieval.study.missing_bounds`); ``groups`` (stratum, period,
    numerator, denominator, rate, ci_low, ci_high, indicator) with Wilson intervals, as reports
    show them;
    ``levels``, the same for the groups that the measures are computed from (tenths, where
    reports show fifths); ``measures`` (period,
    measure, scale, estimate, ci_low, ci_high, and ``mark`` where the counts of a group are
    withheld and there is no measure).
    """
    outcome = evaluation.outcomes.primary.indicator
    details = indicator(outcome)
    observations = as_one(evaluation, observations)
    strata = observations.strata(outcome)
    levels = compared_levels(evaluation, observations)
    wanted = tuple(evaluation.equity.measures)
    found: list[pd.DataFrame] = []
    rows: list[dict[str, Any]] = []
    for period in observations.periods(outcome):
        cells = strata[strata["period"] == period]
        if cells["rate"].isna().any():
            found.append(_withheld_measures(cells, period, wanted))
            continue
        table = measures(
            cells[["stratum", "numerator", "denominator"]],
            levels,
            per=details.per,
            polarity=details.polarity,
            which=wanted,
            ci_level=CI_LEVEL,
        )
        then = observations.label(period)
        found.append(
            table.assign(
                period=pd.PeriodIndex([period] * len(table)),
                id=[measure_id(outcome, str(name), then) for name in table["measure"]],
            )
        )
        rows += [
            _row(
                evaluation,
                observations,
                observations.label(period),
                measure,
                int(cells["numerator"].sum()),
            )
            for _, measure in table.iterrows()
        ]
    bounds = missing_bounds(evaluation, observations)
    return Analysis(
        tidy([*rows, *missing_rows(evaluation, bounds)]),
        {
            "groups": group_rates(shown_groups(observations), outcome),
            "levels": group_rates(observations, outcome),
            "measures": pd.concat(found, ignore_index=True),
            "bounds": bounds,
        },
    )


def _withheld_measures(
    cells: pd.DataFrame, period: pd.Period, wanted: tuple[str, ...]
) -> pd.DataFrame:
    """Return a row without an estimate for each measure where a group's rate is withheld."""
    marks = cells.loc[cells["rate"].isna(), MARK] if MARK in cells else pd.Series(dtype="str")
    kept_back = marks[marks != ""]
    shown = wanted if len(kept_back) else ()
    blank = dict.fromkeys(("estimate", "std_error", "ci_low", "ci_high"), float("nan"))
    return pd.DataFrame(
        {
            "measure": pd.Series(list(shown), dtype="str"),
            "period": pd.PeriodIndex([period] * len(shown), freq=period.freqstr),
            MARK: kept_back.iloc[0] if len(kept_back) else "",
        }
    ).assign(**blank)


def as_one(evaluation: Evaluation, observations: Observations) -> Observations:
    """Return the observations of all units that are compared, summed as one place."""
    if isinstance(evaluation.design, InterruptedTimeSeries | ControlledInterruptedTimeSeries):
        return compared_series(evaluation, observations).observations
    if isinstance(evaluation.design, Comparative):
        units = panel_design(evaluation, observations).units
        return pooled(observations, units, "all units")
    return observations


@dataclass(frozen=True)
class ShownMeasure:
    """A measure whose series is drawn: ``null`` is its value without inequality."""

    id: str
    name: str
    unit: str
    null: float


def shown_measures(evaluation: Evaluation) -> tuple[ShownMeasure, ...]:
    """Return an absolute and a relative measure to draw, as far as the protocol has them.

    The slope and the relative index use every group, so they come first; otherwise the first
    that the protocol names.
    """
    outcome, named = evaluation.outcomes.primary.indicator, evaluation.equity.measures
    shown = []
    for scale, best in (("absolute", "sii"), ("relative", "rii")):
        of_scale = [measure for measure in named if scale in SCALES[measure]]
        for measure in [best] if best in of_scale else of_scale[:1]:
            null = 1.0 if measure in RATIOS else 0.0
            name, unit = measure_name(measure, evaluation), measure_unit(measure, outcome)
            shown.append(ShownMeasure(measure, name, unit, null))
    return tuple(shown)


def measure_id(outcome: str, measure: str, period: str) -> str:
    """Return the key of an inequality measure in one period."""
    return f"baseline-inequality.{outcome}.{measure}.{period}"


def group_rates(observations: Observations, outcome: str) -> pd.DataFrame:
    """Return each group's rate per period with its Wilson interval, per the indicator's unit."""
    per = indicator(outcome).per
    frame = observations.strata(outcome)
    interval = wilson(frame["numerator"], frame["denominator"], ci_level=CI_LEVEL)
    return frame.assign(
        numerator=observations.strata(outcome, counts=True)["numerator"],
        ci_low=interval["ci_low"] * per,
        ci_high=interval["ci_high"] * per,
        indicator=outcome,
    )


def _row(
    evaluation: Evaluation, observations: Observations, period: str, measure: pd.Series, events: int
) -> dict[str, Any]:
    outcome = evaluation.outcomes.primary.indicator
    return {
        "id": measure_id(outcome, str(measure["measure"]), period),
        "page": "baseline-inequality",
        "role": "secondary",
        "outcome": outcome,
        "design": evaluation.design.type,
        "estimator": measure["method"],
        "estimand": measure["measure"],
        "scale": measure["scale"],
        "dimension": observations.dimension,
        "stratum": "all",
        "time": period,
        "estimate": measure["estimate"],
        "std_error": measure["std_error"],
        "ci_low": measure["ci_low"],
        "ci_high": measure["ci_high"],
        "ci_level": CI_LEVEL,
        "inference": "sampling of births, binomial",
        "n_units": 1,
        "n_events": events,
    }
