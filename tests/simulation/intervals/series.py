"""Interrupted time series of the grid: one replication of a rate, a count, an index.

Series are those of ``its_births``: monthly events among births, around a rate (and a slope index
of inequality) with AR(1) noise. Effects are read from the generator, never written down again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd

from equieval.data.synthetic import Synthetic, its_births
from equieval.errors import DesignError
from equieval.methods.contrasts import Contrast
from equieval.methods.inequality import measure_series
from equieval.methods.its import (
    ItsFit,
    cumulative_effect,
    effect_at,
    fit_newey_west,
    fit_ols,
    fit_quasi_poisson,
    fit_reml_ar1,
)
from equieval.methods.its_bootstrap import bootstrap_contrast
from equieval.methods.its_counts import fit_quasi_poisson_ar1
from equieval.methods.its_design import segmented
from equieval.methods.reml import planned_df
from equieval.study.adequacy import CANNOT_SAY, ITS_THRESHOLDS, PLANNED_PHI
from intervals.answers import Answer, judged

PER = 1000
_LEVEL = {threshold.id: threshold.level for threshold in ITS_THRESHOLDS}
_STRATA = 5
_LEVELS = [str(number + 1) for number in range(_STRATA)]
#: Half the difference between the highest and the lowest month, per 1,000, where there is a season.
_SEASON = 6.0


@dataclass(frozen=True)
class SeriesCell:
    """An interrupted series: ``before`` of ``periods`` months come before the start.

    ``outcome``: the rate of a common event (90 per 1,000 among 50,000 births a month), the count
    of a rare one (4 per 1,000 among ``births``), or the slope index of inequality of either.
    ``contrasts`` adds ordinary least squares and Newey–West, ``bootstrap`` the bootstrap in every
    so many replications.
    """

    id: str
    label: str
    outcome: Literal["rate", "count", "index", "rare index"]
    periods: int
    before: int
    phi: float
    season: Literal["", "fourier", "indicators"] = ""
    births: int = 50_000
    contrasts: bool = False
    bootstrap: int = 0

    def draw(self, replication: int, seed: int) -> list[Answer]:
        """Return the answers of one replication."""
        drawn = _source(self, seed)
        by_month = drawn.table.assign(
            period=pd.PeriodIndex(drawn.table["period"], freq="M"),
            numerator=drawn.table["stillbirths"].astype(float),
            denominator=(drawn.table["stillbirths"] + drawn.table["live_births"]).astype(float),
        )
        whole = by_month[by_month["imd_decile"] == "all"].set_index("period")
        periods = pd.PeriodIndex(whole.index)
        X = segmented(
            periods,
            periods[self.before],
            fourier_pairs=int(self.season == "fourier"),
            seasonal_indicators=self.season == "indicators",
        )
        if self.outcome == "rate":
            rate = PER * whole["numerator"] / whole["denominator"]
            # A season that the design describes leaves every estimate of the effect as it is.
            if self.season:
                rate = rate + _SEASON * np.cos(2 * np.pi * np.asarray(periods.month) / 12)
            expected = float(whole["numerator"].iloc[: self.before].mean())
            return _rate(self, drawn, rate, X, expected, replication, seed)
        if self.outcome == "count":
            return _count(self, drawn, whole["numerator"], whole["denominator"], X)
        strata = by_month[by_month["imd_decile"] != "all"].rename(columns={"imd_decile": "stratum"})
        table = measure_series(strata, _LEVELS, "sii", per=PER)
        series = pd.Series(table["estimate"].to_numpy(float), pd.PeriodIndex(table["period"]))
        early = strata[strata["period"] < periods[self.before]]
        expected = float(early.groupby("stratum")["numerator"].mean().min())
        return [
            answer
            for method in ("reml-satterthwaite", "reml-kenward-roger")
            for answer in _reml(self, drawn, "sii", method, series, X, expected)
        ]


def _source(cell: SeriesCell, seed: int) -> Synthetic:
    common = cell.outcome in ("rate", "index")
    return its_births(
        seed,
        periods=cell.periods,
        births_per_period=cell.births,
        intervention_after=cell.before,
        phi=cell.phi,
        strata=_STRATA,
        baseline_rate=90.0 if common else 4.0,
        gradient=30.0 if common else 2.5,
        # Level and slope where a straight line is fitted, a level where a logarithm is.
        level=-10.0 if common else -1.0,
        slope=-0.3 if cell.outcome == "rate" else 0.0,
        gap_level=-10.0 if common else -1.0,
        noise=6.0 if common else 0.4,
        gap_noise=6.0 if common else 0.4,
    )


def _at_periods(drawn: Synthetic, measure: str) -> pd.DataFrame:
    rows = drawn.estimands
    return rows[(rows["estimand"] == "at-period") & (rows["measure"] == measure)]


#: The estimands of a linear model by the interventions' terms: one row, or the sum of all.
ESTIMANDS = {
    "level change": lambda terms: terms.iloc[0] * 0.0 + [1.0, 0.0],
    "slope change": lambda terms: terms.iloc[0] * 0.0 + [0.0, 1.0],
    "effect at the end": lambda terms: terms.iloc[-1],
    "cumulative effect": lambda terms: terms.sum(),
}


def degrees_of_freedom(X: pd.DataFrame, estimand: str) -> float:
    """Return what a report judges an estimate by: its planned degrees of freedom."""
    terms = ESTIMANDS[estimand](X[["post", "since"]])
    weights = pd.Series(0.0, index=X.columns).add(terms, fill_value=0.0)[X.columns]
    times = pd.PeriodIndex(X.index).asi8.astype(float)
    return planned_df(X.to_numpy(float), times, weights.to_numpy(float), phi=PLANNED_PHI)


def _judge(cell: SeriesCell, df: float, expected: float, _: Contrast) -> bool:
    return _can_say(cell, df, expected)


def _can_say(cell: SeriesCell, df: float, expected: float) -> bool:
    """Whether the published thresholds let this estimate stand."""
    values = {
        "points-before": cell.before,
        "points-after": cell.periods - cell.before,
        "degrees-of-freedom": df,
        "events-per-cell": expected,
    }
    return all(_LEVEL[name](value) != CANNOT_SAY for name, value in values.items())


def _reml(
    cell: SeriesCell,
    drawn: Synthetic,
    measure: str,
    method: str,
    y: pd.Series,
    X: pd.DataFrame,
    expected: float,
) -> list[Answer]:
    at = _at_periods(drawn, measure)
    prefix = "gap_" if measure == "sii" else ""
    fit: ItsFit | DesignError
    try:
        small_sample = "kenward-roger" if method == "reml-kenward-roger" else "satterthwaite"
        fit = fit_reml_ar1(y, X, small_sample=small_sample)
    except DesignError as error:
        fit = error

    def fitted() -> ItsFit:
        if isinstance(fit, DesignError):
            raise fit
        return fit

    finders = {
        "level change": (
            drawn.truth[f"{prefix}level"],
            lambda: fitted().coefficient("post"),
        ),
        "slope change": (
            drawn.truth[f"{prefix}slope"],
            lambda: fitted().coefficient("since"),
        ),
        "effect at the end": (
            float(at["effect"].iloc[-1]),
            lambda: effect_at(fitted(), X, X.index[-1]),
        ),
        "cumulative effect": (
            float(at["effect"].sum()),
            lambda: cumulative_effect(fitted(), X),
        ),
    }
    return [
        judged(
            measure,
            estimand,
            method,
            truth,
            find,
            can_say=partial(_judge, cell, degrees_of_freedom(X, estimand), expected),
        )
        for estimand, (truth, find) in finders.items()
    ]


def _rate(
    cell: SeriesCell,
    drawn: Synthetic,
    rate: pd.Series,
    X: pd.DataFrame,
    expected: float,
    replication: int,
    seed: int,
) -> list[Answer]:
    answers = [
        answer
        for method in ("reml-satterthwaite", "reml-kenward-roger")
        for answer in _reml(cell, drawn, "rate", method, rate, X, expected)
    ]
    level = drawn.truth["level"]
    if cell.contrasts:
        for method, fitter in (("ols", fit_ols), ("newey-west", fit_newey_west)):
            answers.append(
                judged(
                    "rate",
                    "level change",
                    method,
                    level,
                    lambda fitter=fitter: fitter(rate, X).coefficient("post"),
                )
            )
    if cell.bootstrap and replication % cell.bootstrap == 0:
        answers.append(
            judged(
                "rate",
                "level change",
                "reml-bootstrap",
                level,
                lambda: (
                    bootstrap_contrast(
                        fit_reml_ar1(rate, X), {"post": 1.0}, draws=199, seed=seed
                    ).effect
                ),
            )
        )
    return answers


def _count(
    cell: SeriesCell, drawn: Synthetic, events: pd.Series, births: pd.Series, X: pd.DataFrame
) -> list[Answer]:
    rows = _at_periods(drawn, "rate")
    expected = float(events.iloc[: cell.before].mean())
    end = rows.iloc[-1]
    cumulative = float((rows["effect"].to_numpy() * births.iloc[cell.before :]).sum() / PER)
    answers = []
    for method, fitter in (
        ("quasi-poisson-ar1", fit_quasi_poisson_ar1),
        ("quasi-poisson", fit_quasi_poisson),
    ):
        fit: ItsFit | DesignError
        try:
            fit = fitter(events, births, X, per=PER)
        except DesignError as error:
            fit = error

        def fitted(fit: ItsFit | DesignError = fit) -> ItsFit:
            if isinstance(fit, DesignError):
                raise fit
            return fit

        finders = {
            "level change, ratio": (
                float(end["observed"] / end["counterfactual"]),
                1.0,
                lambda fitted=fitted: fitted().coefficient("post").as_ratio(),
            ),
            "effect at the end": (
                float(end["effect"]),
                0.0,
                lambda fitted=fitted: effect_at(fitted(), X, X.index[-1]),
            ),
            "cumulative effect": (
                cumulative,
                0.0,
                lambda fitted=fitted: cumulative_effect(fitted(), X, exposure=births / PER),
            ),
        }
        planned = {name: degrees_of_freedom(X, name.removesuffix(", ratio")) for name in finders}
        if method == "quasi-poisson":
            finders = {"level change, ratio": finders["level change, ratio"]}
        answers += [
            judged(
                "count",
                estimand,
                method,
                truth,
                find,
                no_effect=no_effect,
                can_say=partial(_judge, cell, planned[estimand], expected),
            )
            for estimand, (truth, no_effect, find) in finders.items()
        ]
    return answers
