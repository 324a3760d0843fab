"""Interrupted time series on England's stillbirths: R's answers, to the digits printed.

R 4.2.2 with nlme 3.1-162, emmeans 1.8.4-1, sandwich 3.0-2; ``d`` holds ``year``, ``rate`` (per
1 000 total births) and ``t = year - 2010; post = year >= 2016;
since = pmax(0, year - 2016)``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equieval.methods import reml
from equieval.methods.inequality import measure_series
from equieval.methods.its import (
    fit_newey_west,
    fit_ols,
    fit_quasi_poisson,
    fit_reml_ar1,
    level_and_slope,
)

DECILES = [str(decile) for decile in range(1, 11)]
START = pd.Period("2016", freq="Y")
PRINTED = 5.1e-7


@pytest.fixture(scope="module")
def design(england: pd.DataFrame) -> pd.DataFrame:
    return level_and_slope(pd.PeriodIndex(england.index), START)


def test_reml_ar1_of_the_rate_is_that_of_nlme(england, design):
    # gls(rate ~ t + post + since, d, correlation = corAR1(form = ~t), method = "REML")
    fit = fit_reml_ar1(england["rate"], design)
    expected = [5.103266252, -0.146331900, 0.036650445, 0.090732300]
    errors = [0.234086333, 0.060543301, 0.203781541, 0.086324742]
    np.testing.assert_allclose(fit.params, expected, rtol=0, atol=PRINTED)
    np.testing.assert_allclose(fit.std_error, errors, rtol=0, atol=PRINTED)
    assert fit.phi == pytest.approx(0.7150434, abs=PRINTED)
    assert fit.sigma == pytest.approx(0.2401398, abs=PRINTED)
    assert fit.log_likelihood == pytest.approx(0.66063076, abs=1e-8)


def test_missing_years_keep_their_spacing_as_in_nlme(england, design):
    # the same call on d[-c(4, 9), ]: 2013 and 2018 are not observed
    rate = england["rate"].copy()
    rate.iloc[[3, 8]] = np.nan
    fit = fit_reml_ar1(rate, design)
    np.testing.assert_allclose(
        fit.params, [5.1488130163, -0.1533314564, -0.0092257198, 0.1018691102], atol=PRINTED
    )
    np.testing.assert_allclose(
        fit.std_error, [0.183091931, 0.053867207, 0.217879501, 0.073104710], atol=PRINTED
    )
    assert fit.phi == pytest.approx(0.49298681, abs=PRINTED)
    assert fit.log_likelihood == pytest.approx(-1.2842508, abs=PRINTED)
    assert fit.n_obs == 12


def test_satterthwaite_df_with_observed_information_are_those_of_emmeans(england, design):
    # ref_grid(m, mode = "satterthwaite")@dffun(v, dfargs), v = (0,0,1,0) and (0,0,0,1); emmeans
    # differentiates numerically, hence the tolerance
    df = fit_reml_ar1(england["rate"], design, information="observed").df
    assert df["post"] == pytest.approx(6.806169, rel=2e-3)
    assert df["since"] == pytest.approx(0.234296, rel=3e-3)
    assert df["t"] == pytest.approx(0.2918215, rel=3e-3)


def test_fourteen_years_carry_a_level_but_no_slope(england, design):
    df = fit_reml_ar1(england["rate"], design).df
    assert 7 <= df["post"] <= 8
    assert 0.2 <= df["since"] <= 0.4


def test_phi_is_where_the_profile_likelihood_is_highest(england, design):
    fit = fit_reml_ar1(england["rate"], design)
    grid = np.linspace(-0.99, 0.99, 1981)
    profile = reml.profile_log_likelihood(
        england["rate"].to_numpy(), design.to_numpy(), np.arange(14.0), grid
    )
    assert profile.max() <= fit.log_likelihood
    assert abs(grid[np.argmax(profile)] - fit.phi) <= 0.001


def test_ols_of_the_rate(england, design):
    # lm(rate ~ t + post + since, d)
    fit = fit_ols(england["rate"], design)
    np.testing.assert_allclose(
        fit.params, [5.18015722, -0.15354553, -0.10002132, 0.11094613], atol=PRINTED
    )
    np.testing.assert_allclose(
        fit.std_error, [0.104502422, 0.034516014, 0.163572164, 0.041082274], atol=PRINTED
    )
    assert fit.df.tolist() == [10.0] * 4


def test_quasi_poisson_of_the_count(england, design):
    # glm(stillbirths ~ t + post + since + offset(log(total)), family = quasipoisson)
    fit = fit_quasi_poisson(england["numerator"], england["denominator"], design)
    np.testing.assert_allclose(
        fit.params, [-5.2612715946, -0.0320392979, -0.0266772910, 0.0209391159], atol=PRINTED
    )
    np.testing.assert_allclose(
        fit.std_error, [0.02150048, 0.00734819, 0.03672806, 0.00914967], atol=PRINTED
    )
    # with control = glm.control(epsilon = 1e-14); R's default stops at 3.068372
    assert fit.dispersion == pytest.approx(3.068371485, abs=1e-9)


def test_most_against_least_deprived_quintile_by_quasi_poisson(england_strata):
    # glm(x ~ most * (t + post + since) + offset(log(n)), quasipoisson), deciles 1-2 and 9-10:
    # an arithmetic check, since it takes years and series as independent
    quintile = england_strata["stratum"].map(
        {"1": "most", "2": "most", "9": "least", "10": "least"}
    )
    cells = england_strata.assign(quintile=quintile).dropna(subset="quintile")
    counts = cells.groupby(["quintile", "period"])[["numerator", "denominator"]].sum()
    periods = pd.PeriodIndex(counts.index.get_level_values("period"))
    base = level_and_slope(periods.unique(), START).reindex(periods).reset_index(drop=True)
    most = (counts.index.get_level_values("quintile") == "most").astype(float)
    crossed = base.mul(most, axis=0).add_prefix("most:")
    X = pd.concat([base, crossed], axis=1)
    counts = counts.reset_index(drop=True)
    fit = fit_quasi_poisson(counts["numerator"], counts["denominator"], X)
    terms = ["most:intercept", "most:t", "most:post", "most:since"]
    np.testing.assert_allclose(
        fit.params[terms], [0.45395486, 0.00892312, 0.01586808, -0.01484418], atol=PRINTED
    )
    np.testing.assert_allclose(
        fit.std_error[terms], [0.0579771670, 0.0198135147, 0.0993571252, 0.0246498249], atol=PRINTED
    )
    # R's default stops one step early, at 1.896124; carried to the end it has these standard
    # errors (glm.control(epsilon = 1e-14)), and so has statsmodels
    assert fit.dispersion == pytest.approx(1.896124, rel=1e-5)


def test_reml_and_ols_of_the_yearly_slope_index(england_strata, design):
    # gls and lm as above on the SII of each year
    series = measure_series(england_strata, DECILES, "sii", per=1000)
    sii = series.set_index(pd.PeriodIndex(series["period"]))["estimate"]
    fit = fit_reml_ar1(sii, design)
    np.testing.assert_allclose(
        fit.params, [2.7728599675, 0.0709028286, -0.7793921071, -0.0339811681], atol=PRINTED
    )
    np.testing.assert_allclose(
        fit.std_error, [0.584929938, 0.155616719, 0.540958850, 0.220736265], atol=PRINTED
    )
    assert fit.phi == pytest.approx(0.681390456, abs=PRINTED)
    ols = fit_ols(sii, design)
    np.testing.assert_allclose(
        ols.params, [2.8595365118, -0.0123170766, -0.0736385439, -0.0081465014], atol=PRINTED
    )
    np.testing.assert_allclose(
        ols.std_error, [0.273387815, 0.090297023, 0.427919617, 0.107474955], atol=PRINTED
    )


def test_newey_west_is_that_of_the_sandwich_package(england, design):
    # sqrt(diag(sandwich::NeweyWest(lm(...), lag = 2, prewhite = FALSE, adjust = TRUE)))
    fit = fit_newey_west(england["rate"], design)
    assert fit.lags == 2
    np.testing.assert_allclose(
        fit.std_error, [0.0588467459, 0.0161860175, 0.1131992404, 0.0289382143], atol=1e-9
    )
    assert "lag 2" in fit.inference


def test_dropping_2016_turns_the_level_change_round(england, design):
    # the reason why the verdict on these data is "cannot say" (METHODS)
    without = fit_reml_ar1(england["rate"].drop(START), design)
    assert fit_reml_ar1(england["rate"], design).params["post"] > 0 > without.params["post"]
