"""Sensitivity frames: one thing changed at a time, nothing dropped in silence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equieval.errors import DesignError
from equieval.methods.its import fit_ols, fit_quasi_poisson, fit_reml_ar1, level_and_slope
from equieval.methods.its_diagnostics import autocorrelation, residual_tests
from equieval.methods.sensitivity import (
    alternative_starts,
    leave_one_out,
    leave_out,
    placebo_starts,
)

QUARTERS = pd.period_range("2015Q1", periods=30, freq="Q")
START = pd.Period("2019Q1", freq="Q")


@pytest.fixture(scope="module")
def series():
    noise = np.random.default_rng(5).normal(scale=0.3, size=30)
    return pd.Series(level_and_slope(QUARTERS, START).to_numpy() @ [5, 0, -2, 0] + noise, QUARTERS)


def test_leaving_one_out_refits_every_observed_period_once(series):
    gapped = series.copy()
    gapped.iloc[7] = np.nan
    frame = leave_one_out(gapped, START, fitter=fit_ols)
    assert frame["variant"].tolist() == [str(p) for p in QUARTERS.delete(7)]
    design = level_and_slope(QUARTERS, START)
    by_hand = fit_ols(gapped.drop(QUARTERS[3]), design).params["post"]
    assert frame.loc[3, "estimate"] == pytest.approx(by_hand)
    assert (frame["n_obs"] == 28).all()


def test_groups_of_periods_are_left_out_together(series):
    frame = leave_out(series, START, [QUARTERS[20:24]])
    assert frame.loc[0, "n_obs"] == 26
    assert frame.loc[0, "variant"] == "2020Q1, 2020Q2, 2020Q3, 2020Q4"


def test_the_true_start_shows_the_change_and_a_placebo_does_not(series):
    truth = alternative_starts(series, [START]).iloc[0]
    assert truth["ci_high"] < -1
    placebo = placebo_starts(series, START, [pd.Period("2017Q1", freq="Q")]).iloc[0]
    assert placebo["ci_low"] < 0 < placebo["ci_high"]
    assert placebo["n_obs"] == 16


def test_a_variant_that_cannot_be_fitted_stays_with_its_reason(series):
    frame = alternative_starts(series, [pd.Period("2030Q1", freq="Q"), START])
    assert np.isnan(frame.loc[0, "estimate"])
    assert "leaves nothing to compare" in frame.loc[0, "note"]
    assert frame.loc[1, "note"] == ""


def test_a_placebo_after_the_start_is_refused(series):
    with pytest.raises(DesignError, match="not before the start"):
        placebo_starts(series, START, [START])


def test_autocorrelation_is_that_of_r():
    # R: acf and pacf of residuals(lm(...)) on England's yearly stillbirth rates, lags 1 to 4
    rates = [5.077392, 5.231757, 4.812227, 4.647854, 4.585071, 4.423459, 4.346507]
    rates += [4.124883, 4.011647, 3.828010, 3.797925, 4.095929, 3.931832, 3.941385]
    years = pd.period_range("2010", periods=14, freq="Y")
    design = level_and_slope(years, pd.Period("2016", freq="Y"))
    frame = autocorrelation(fit_ols(pd.Series(rates, index=years), design))
    np.testing.assert_allclose(frame["acf"], [0.010, -0.154, -0.353, -0.325], atol=6e-4)
    np.testing.assert_allclose(frame["pacf"], [0.010, -0.154, -0.358, -0.423], atol=6e-4)
    # R: Box.test(residuals, lag = 3, type = "Ljung-Box")
    box = residual_tests(fit_ols(pd.Series(rates, index=years), design), lags=3).iloc[0]
    assert box["statistic"] == pytest.approx(2.981, abs=1e-3)
    assert box["p_value"] == pytest.approx(0.3946, abs=1e-4)


def test_autocorrelation_that_ols_leaves_is_a_concern_and_reml_takes_it_up():
    rng = np.random.default_rng(8)
    months = pd.period_range("2010-01", periods=96, freq="M")
    noise = rng.normal(size=96)
    for step in range(1, 96):
        noise[step] += 0.7 * noise[step - 1]
    design = level_and_slope(months, months[48])
    y = pd.Series(noise, index=months)
    left = residual_tests(fit_ols(y, design)).set_index("test")
    taken = residual_tests(fit_reml_ar1(y, design)).set_index("test")
    assert left.loc["Ljung–Box", "concern"]
    assert left.loc["Durbin–Watson", "concern"]
    assert not taken["concern"].any()


def test_overdispersed_counts_are_a_concern():
    rng = np.random.default_rng(2)
    months = pd.period_range("2018-01", periods=48, freq="M")
    events = pd.Series(rng.negative_binomial(5, 5 / 25, size=48), index=months, dtype=float)
    births = pd.Series(1000.0, index=months)
    fit = fit_quasi_poisson(events, births, level_and_slope(months, months[24]))
    tests = residual_tests(fit).set_index("test")
    assert tests.loc["overdispersion", "concern"]
    assert tests.loc["overdispersion", "df"] == 44
