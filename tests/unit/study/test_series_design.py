"""A single series is fitted by the impact model and the season that the parameters ask for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from equieval.errors import DesignError
from equieval.study.analysis import Subject
from equieval.study.headline import AT_HORIZON as EFFECT
from equieval.study.its_rows import (
    AVERAGE,
    LEVEL,
    SLOPE,
    covering,
    fit_series,
    its_rows,
    quasi_poisson_rows,
    relative_rows,
)
from equieval.study.series import SeriesDesign

MONTHS = pd.period_range("2015-01", "2020-12", freq="M")
START, HORIZON = pd.Period("2018-01", freq="M"), pd.Period("2019-12", freq="M")
DESIGN = SeriesDesign(MONTHS, START, HORIZON)
SUBJECT = Subject("effect", "stillbirth", "rate", "its", "imd-decile", "absolute")


def seasonal_series(level: float, season: float, seed: int = 20) -> pd.Series:
    """A made-up monthly series: trend, season of a year, level change, AR(1) noise of 0.1."""
    rng = np.random.default_rng(seed)
    noise = np.zeros(len(MONTHS))
    for place in range(1, len(noise)):
        noise[place] = 0.3 * noise[place - 1] + rng.normal(0, 0.1)
    time = np.arange(len(MONTHS))
    wave = season * np.sin(2 * np.pi * (MONTHS.month.to_numpy() - 1) / 12)
    return pd.Series(5 - 0.01 * time + wave + level * (MONTHS >= START) + noise, index=MONTHS)


@pytest.mark.parametrize(
    ("impact", "seasonality", "columns"),
    [
        ("level-and-slope", "none", ["intercept", "t", "post", "since"]),
        ("level", "none", ["intercept", "t", "post"]),
        ("slope", "none", ["intercept", "t", "since"]),
        ("level", "fourier-1", ["intercept", "t", "post", "sin 1", "cos 1"]),
    ],
)
def test_the_model_has_the_terms_that_are_asked_for(
    impact: str, seasonality: str, columns: list[str]
) -> None:
    design = replace(DESIGN, impact=impact, seasonality=seasonality)
    assert list(design.matrix().columns) == columns


def test_a_season_by_month_has_an_effect_for_every_month_but_one() -> None:
    design = replace(DESIGN, seasonality="period-effects")
    assert len(design.matrix().columns) == 4 + 11


def test_yearly_figures_have_no_season() -> None:
    years = pd.period_range("2000", "2020", freq="Y")
    design = SeriesDesign(years, years[10], years[15], seasonality="fourier-1")
    with pytest.raises(DesignError, match="season"):
        design.matrix()


def test_only_the_changes_that_the_model_has_are_reported() -> None:
    design = replace(DESIGN, impact="level", seasonality="fourier-1")
    fit = fit_series(seasonal_series(-0.5, 0.4), design)
    estimands = {row["estimand"] for row in its_rows(fit, design, SUBJECT, role="secondary")}
    assert f"rate: {LEVEL}" in estimands
    assert f"rate: {SLOPE}" not in estimands


def test_the_season_is_taken_out_of_the_effect() -> None:
    """The truth (-0.5) is inside the interval with the season modelled, which is far narrower."""
    values = seasonal_series(-0.5, 0.4)
    found = {}
    for seasonality in ("none", "fourier-1"):
        design = replace(DESIGN, impact="level", seasonality=seasonality)
        rows = its_rows(fit_series(values, design), design, SUBJECT, role="secondary")
        found[seasonality] = next(r for r in rows if r["estimand"] == f"rate: {EFFECT}")
    modelled, ignored = found["fourier-1"], found["none"]
    assert modelled["ci_low"] < -0.5 < modelled["ci_high"]
    width = modelled["ci_high"] - modelled["ci_low"]
    assert width < 0.5 * (ignored["ci_high"] - ignored["ci_low"])


def test_variants_of_a_design_keep_its_model() -> None:
    design = replace(DESIGN, impact="level", seasonality="fourier-2")
    others = (
        design.starting(MONTHS[30]),
        design.without(MONTHS[3]),
        covering(design, pd.Series(1.0, index=MONTHS[5:])),
    )
    for other in others:
        assert (other.impact, other.seasonality) == ("level", "fourier-2")


def test_the_average_is_over_the_periods_that_the_protocol_keeps() -> None:
    """36 months from the start; without the last 12, the slope's mean is over 0 to 23: 11.5."""
    design = replace(DESIGN, impact="slope").without(*MONTHS[-12:])
    fit = fit_series(seasonal_series(0.0, 0.0), design)
    rows = its_rows(fit, design, SUBJECT, role="secondary")
    average = next(row for row in rows if row["estimand"] == f"rate: {AVERAGE}")
    assert average["estimate"] == pytest.approx(11.5 * fit.params["since"])


def test_a_ratio_that_cannot_be_formed_is_a_row_that_says_why_not_a_failed_page() -> None:
    """Less 20, the series is below 0 throughout."""
    fit = fit_series(seasonal_series(-0.5, 0.0) - 20, DESIGN)
    (row,) = relative_rows(fit, DESIGN, SUBJECT, role="secondary")
    assert (row["scale"], row["estimand"]) == ("relative", f"rate: {EFFECT}")
    assert "ratio needs a positive fitted" in row["note"]
    assert "estimate" not in row


def test_counts_with_all_events_on_one_side_are_a_row_that_says_why() -> None:
    events = np.where(MONTHS < START, 4.0, 0.0)
    counts = pd.DataFrame({"period": MONTHS, "numerator": events, "denominator": 900.0})
    (row,) = quasi_poisson_rows(counts, DESIGN, SUBJECT)
    assert row["estimator"] == "quasi-Poisson"
    assert "estimate" not in row
    assert row["note"]
