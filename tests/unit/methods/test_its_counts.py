"""Counts whose neighbours are alike; the parametric bootstrap."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from equieval.errors import DesignError
from equieval.methods.its import (
    effect_at,
    fit_ols,
    fit_quasi_poisson,
    fit_reml_ar1,
    level_and_slope,
)
from equieval.methods.its_bootstrap import bootstrap_contrast
from equieval.methods.its_counts import fit_quasi_poisson_ar1

MONTHS = pd.period_range("2018-01", periods=48, freq="M")
X = level_and_slope(MONTHS, MONTHS[24])


def counts(seed=1, births=5_000.0):
    rng = np.random.default_rng(seed)
    exposure = pd.Series(births * rng.uniform(0.8, 1.2, 48), MONTHS)
    noise = np.zeros(48)
    for step in range(1, 48):
        noise[step] = 0.5 * noise[step - 1] + 0.2 * rng.normal()
    mean = exposure * np.exp(math.log(0.006) - 0.2 * X["post"] + noise)
    return pd.Series(rng.poisson(mean).astype(float), MONTHS), exposure


def test_without_autocorrelation_it_is_the_quasi_poisson_fit():
    # residuals that alternate at random: the estimate of the autocorrelation is close to 0
    events, exposure = counts(5)
    rng = np.random.default_rng(2)
    events = pd.Series(rng.poisson(0.006 * exposure).astype(float), MONTHS)
    found, plain = (fit(events, exposure, X) for fit in (fit_quasi_poisson_ar1, fit_quasi_poisson))
    assert abs(found.phi) < 0.2
    distance = (found.params - plain.params).abs() / plain.std_error
    assert distance.max() < 0.3


def test_alike_neighbours_widen_the_interval():
    events, exposure = counts(births=50_000.0)
    found, plain = (
        fit(events, exposure, X).coefficient("post")
        for fit in (fit_quasi_poisson_ar1, fit_quasi_poisson)
    )
    assert found.ci_high - found.ci_low > 1.2 * (plain.ci_high - plain.ci_low)


def test_a_rate_per_thousand_is_a_thousand_times_the_rate():
    events, exposure = counts()
    one = effect_at(fit_quasi_poisson_ar1(events, exposure, X), X, MONTHS[30])
    other = effect_at(fit_quasi_poisson_ar1(events, exposure, X, per=1000), X, MONTHS[30])
    assert other.estimate == pytest.approx(1000 * one.estimate)
    assert other.df == pytest.approx(one.df)


def test_missing_months_keep_their_place():
    events, exposure = counts()
    gap = events.copy()
    gap.iloc[[10, 11, 30]] = np.nan
    found = fit_quasi_poisson_ar1(gap, exposure, X)
    assert found.n_obs == 45
    closed = fit_quasi_poisson_ar1(
        pd.Series(gap.dropna().to_numpy(), range(45)),
        pd.Series(exposure[gap.notna()].to_numpy(), range(45)),
        X[gap.notna()].set_axis(range(45)),
    )
    assert found.phi != pytest.approx(closed.phi, abs=1e-6)


def test_a_count_without_events_is_refused():
    with pytest.raises(DesignError, match="separation"):
        fit_quasi_poisson_ar1(pd.Series(0.0, MONTHS), counts()[1], X)


def series(phi=0.4, n=24, seed=3):
    rng = np.random.default_rng(seed)
    months = pd.period_range("2018-01", periods=n, freq="M")
    noise = rng.normal(size=n)
    for step in range(1, n):
        noise[step] += phi * noise[step - 1]
    return pd.Series(10 + noise, months), level_and_slope(months, months[n // 2])


def test_the_multiplier_is_the_quantile_of_series_drawn_and_fitted_one_by_one():
    # by the public fit, on draws from the full covariance of the fitted model
    y, design = series()
    fit = fit_reml_ar1(y, design)
    found = bootstrap_contrast(fit, {"post": 1.0}, draws=999, seed=1)
    place = np.arange(24)
    root = np.linalg.cholesky(fit.phi ** np.abs(place[:, None] - place))
    rng = np.random.default_rng(11)
    drawn = []
    for _ in range(400):
        again = pd.Series(design.to_numpy() @ fit.params + fit.sigma * root @ rng.normal(size=24))
        try:
            level = fit_reml_ar1(
                again.set_axis(y.index), design, small_sample="kenward-roger"
            ).coefficient("post")
        except DesignError:
            continue
        drawn.append(abs(level.estimate - fit.params["post"]) / level.std_error)
    assert np.mean(np.array(drawn) > found.multiplier) == pytest.approx(0.05, abs=0.033)


def test_with_many_points_the_bootstrap_is_the_normal_interval():
    y, design = series(0.0, 60)
    found = bootstrap_contrast(fit_reml_ar1(y, design), {"post": 1.0}, draws=299)
    assert found.multiplier == pytest.approx(2.0, abs=0.3)
    assert found.refused < 0.01


def test_the_bootstrap_is_in_the_units_of_the_outcome_and_repeats_itself():
    y, design = series()
    one, again, thousand = (
        bootstrap_contrast(fit_reml_ar1(values, design), {"post": 1.0}, draws=299)
        for values in (y, y, 1000 * y)
    )
    assert one.effect == again.effect
    assert thousand.effect.ci_low == pytest.approx(1000 * one.effect.ci_low, rel=1e-4)


@pytest.mark.parametrize(
    ("fitter", "change", "words"),
    [
        (fit_ols, {}, "no model to draw"),
        (fit_reml_ar1, {"draws": 50}, "too few"),
        (fit_reml_ar1, {"weights": {"level": 1.0}}, "no coefficient"),
    ],
)
def test_what_cannot_be_bootstrapped_is_refused_with_a_remedy(fitter, change, words):
    y, design = series()
    with pytest.raises(DesignError, match=words) as refusal:
        bootstrap_contrast(fitter(y, design), **{"weights": {"post": 1.0}, **change})
    assert refusal.value.remedy
