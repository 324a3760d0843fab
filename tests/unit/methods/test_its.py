"""What an interrupted time series promises, whatever the data."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equieval.errors import DesignError
from equieval.methods.its import (
    automatic_lag,
    average_effect,
    counterfactual,
    cumulative_effect,
    effect_at,
    fit_newey_west,
    fit_ols,
    fit_quasi_poisson,
    fit_reml_ar1,
    level_and_slope,
)
from equieval.methods.its_design import SegmentedModel
from equieval.methods.its_effects import planned_effect_df

MONTHS = pd.period_range("2020-01", periods=36, freq="M")
START = pd.Period("2021-07", freq="M")


@pytest.fixture(scope="module")
def design():
    return level_and_slope(MONTHS, START)


@pytest.fixture(scope="module")
def series(design):
    noise = np.random.default_rng(11).normal(size=36)
    for step in range(1, 36):
        noise[step] += 0.4 * noise[step - 1]
    return pd.Series(design.to_numpy() @ [10, 0.05, -2, 0.1] + 0.3 * noise, index=MONTHS)


@pytest.fixture(scope="module")
def sloped(series):
    """The series without its change of level, so that a model of the slope alone fits it."""
    return series + 2.0 * (MONTHS >= START)


@pytest.fixture(scope="module")
def counts():
    births = pd.Series(np.linspace(900, 1100, 36).round(), index=MONTHS)
    events = pd.Series(np.random.default_rng(3).poisson(0.02 * births), index=MONTHS, dtype=float)
    return events, births


def test_the_design_counts_time_from_the_first_period_and_since_from_the_start(design):
    assert design.loc[MONTHS[0]].tolist() == [1, 0, 0, 0]
    assert design.loc[START].tolist() == [1, 18, 1, 0]
    assert design.loc[MONTHS[-1]].tolist() == [1, 35, 1, 17]


def test_a_missing_period_leaves_its_gap_in_the_design(design):
    gapped = level_and_slope(MONTHS.delete([4, 5]), START)
    pd.testing.assert_frame_equal(gapped, design.drop(MONTHS[[4, 5]]))


@pytest.mark.parametrize("start", ["2020-01", "2019-06", "2024-01"])
def test_a_start_outside_the_series_is_refused_with_its_bounds(start):
    with pytest.raises(DesignError, match="2020-01 to 2022-12"):
        level_and_slope(MONTHS, pd.Period(start, freq="M"))


def test_a_start_of_another_frequency_is_refused():
    with pytest.raises(DesignError, match="by Y"):
        level_and_slope(MONTHS, pd.Period("2021", freq="Y"))


def test_repeated_periods_are_refused():
    with pytest.raises(DesignError, match="2020-03"):
        level_and_slope(MONTHS.insert(3, MONTHS[2]), START)


@settings(max_examples=25, deadline=None)
@given(
    factor=st.sampled_from([1e-6, 1e-3, 1.0, 1e5]),
    offset=st.floats(-50, 50),
    order=st.permutations(range(36)),
)
def test_units_and_row_order_change_nothing_but_the_units(series, design, factor, offset, order):
    fit = fit_reml_ar1(series, design)
    other = fit_reml_ar1(factor * (series + offset).iloc[order], design.iloc[order[::-1]])
    assert other.phi == pytest.approx(fit.phi, abs=1e-9)
    np.testing.assert_allclose(other.df, fit.df, rtol=1e-6)
    np.testing.assert_allclose(other.std_error, factor * fit.std_error, rtol=1e-6)
    np.testing.assert_allclose(other.params.iloc[1:], factor * fit.params.iloc[1:], rtol=1e-6)


def test_rescaled_columns_rescale_their_coefficients_only(series, design):
    fit = fit_reml_ar1(series, design)
    other = fit_reml_ar1(series, design.assign(t=1000 * design["t"]))
    assert other.params["t"] == pytest.approx(fit.params["t"] / 1000, rel=1e-8)
    assert other.params["post"] == pytest.approx(fit.params["post"], rel=1e-8)
    np.testing.assert_allclose(other.df, fit.df, rtol=1e-6)


def test_a_contrast_has_degrees_of_freedom_of_its_own(series, design):
    fit = fit_reml_ar1(series, design)
    single = fit.contrast({"post": 1.0})
    assert single.df == pytest.approx(fit.df["post"])
    assert single.df != pytest.approx(fit.contrast({"post": 1.0, "since": 12.0}).df, rel=0.01)
    assert single.ci_low < single.estimate < single.ci_high
    assert 0 <= single.p_value <= 1


def test_satterthwaite_df_do_not_depend_on_the_length_of_the_contrast(series, design):
    fit = fit_reml_ar1(series, design)
    assert fit.contrast({"post": 5.0}).df == pytest.approx(fit.contrast({"post": 1.0}).df)


def test_a_misspelt_coefficient_gets_a_suggestion(series, design):
    with pytest.raises(DesignError, match="did you mean 'since'"):
        fit_ols(series, design).contrast({"sinse": 1.0})


def test_the_effect_is_fitted_less_counterfactual(series, design):
    fit = fit_reml_ar1(series, design)
    frame = counterfactual(fit, design).set_index("period")
    last = effect_at(fit, design, MONTHS[-1])
    gap = frame.loc[MONTHS[-1], "fitted"] - frame.loc[MONTHS[-1], "counterfactual"]
    assert last.estimate == pytest.approx(gap)
    assert last.estimate == pytest.approx(fit.params["post"] + 17 * fit.params["since"])
    average = average_effect(fit, design)
    assert cumulative_effect(fit, design).estimate == pytest.approx(18 * average.estimate)
    assert (frame.loc[MONTHS[:18], "fitted"] == frame.loc[MONTHS[:18], "counterfactual"]).all()


@pytest.mark.parametrize(
    ("model", "weights", "periods"),
    [
        # By hand: 18 months from the start, of which ``since`` counts 0 to 17.
        ({"impact": "level"}, {"post": 1}, 18),
        ({"impact": "level-and-slope"}, {"post": 1, "since": 8.5}, 18),
        ({"impact": "slope"}, {"since": 8.5}, 18),
        # A lag of 2 leaves 16 months, counted 0 to 15.
        ({"impact": "level", "lag": 2}, {"post": 1}, 16),
        ({"impact": "slope", "lag": 2}, {"since": 7.5}, 16),
        # A phase-in of 3 leaves out 0 to 2, and 3 to 17 count.
        ({"impact": "slope", "phase_in": 3}, {"since": 10}, 15),
        ({"impact": "level-and-slope", "lag": 2, "phase_in": 3}, {"post": 1, "since": 9}, 13),
        # Without the first month: 1 to 17.
        ({"impact": "slope", "exclude": (MONTHS[18],)}, {"since": 9}, 17),
    ],
)
def test_the_average_is_over_every_exposed_period_of_any_impact(sloped, model, weights, periods):
    X = SegmentedModel(**model).matrix(MONTHS, START)
    fit = fit_reml_ar1(sloped.reindex(X.index), X)
    by_hand = fit.contrast(weights)
    average, total = average_effect(fit, X), cumulative_effect(fit, X)
    for name in ("estimate", "std_error"):
        assert getattr(average, name) == pytest.approx(getattr(by_hand, name))
        assert getattr(total, name) == pytest.approx(periods * getattr(by_hand, name))
    assert average.df == pytest.approx(by_hand.df)
    frame = counterfactual(fit, X).tail(periods)[["fitted", "counterfactual"]].mean()
    ratio = average_effect(fit, X, scale="relative").estimate
    assert ratio == pytest.approx(frame["fitted"] / frame["counterfactual"])


def test_events_prevented_by_a_change_of_slope_are_weighed_by_the_exposure(sloped):
    X = SegmentedModel(impact="slope").matrix(MONTHS, START)
    fit = fit_reml_ar1(sloped, X)
    births = pd.Series(np.arange(36.0), MONTHS)
    # Σ births · since over the exposed months: Σ (18 + k) k for k = 0 to 17, that is 4539.
    total = cumulative_effect(fit, X, exposure=births)
    assert total.estimate == pytest.approx(4539 * fit.params["since"])
    # … and the births of these months, the first among them, are Σ (18 + k) = 477.
    assert average_effect(fit, X, weights=births).estimate == pytest.approx(total.estimate / 477)


def test_the_planned_degrees_of_freedom_are_those_of_a_fit_with_that_autocorrelation(sloped):
    # Whatever the outcome, a fit that finds φ has the degrees of freedom planned at that φ.
    X = SegmentedModel(impact="slope", lag=2).matrix(MONTHS, START)
    gone = sloped.mask(sloped.index == MONTHS[20])
    fit = fit_reml_ar1(gone, X)
    planned = planned_effect_df(
        X, MONTHS[-1], phi=fit.phi, observed=pd.PeriodIndex(gone.dropna().index)
    )
    assert planned == pytest.approx(effect_at(fit, X, MONTHS[-1]).df, rel=1e-6)


def test_the_relative_effect_is_the_ratio_of_the_two(series, design):
    fit = fit_reml_ar1(series, design)
    frame = counterfactual(fit, design).set_index("period").loc[MONTHS[-1]]
    ratio = effect_at(fit, design, MONTHS[-1], scale="relative")
    assert ratio.estimate == pytest.approx(frame["fitted"] / frame["counterfactual"])
    assert ratio.ci_low < ratio.estimate < ratio.ci_high


@pytest.mark.parametrize(
    ("model", "period"),
    [({}, 3), ({"lag": 2}, 19), ({"impact": "slope"}, 18), ({"phase_in": 2}, 18)],
    ids=["before the start", "during the lag", "no slope yet", "left out"],
)
def test_an_effect_where_the_model_has_none_is_refused(series, model, period):
    X = SegmentedModel(**model).matrix(MONTHS, START)
    fit = fit_ols(series.reindex(X.index), X)
    with pytest.raises(DesignError, match=r"no effect in|has no period"):
        effect_at(fit, X, MONTHS[period])


def test_counts_give_rates_per_the_unit_asked_for(counts, design):
    fit = fit_quasi_poisson(*counts, design, per=1000)
    frame = counterfactual(fit, design)
    assert frame["fitted"].between(10, 35).all()
    np.testing.assert_allclose(frame["observed"], 1000 * counts[0] / counts[1])
    # d(e^x) = e^x dx: the delta method against a derivative by differences
    absolute = effect_at(fit, design, MONTHS[-1])
    row = design.loc[MONTHS[-1]].to_numpy()
    base = row * [1, 1, 0, 0]

    def effect(beta):
        return 1000 * (math.exp(row @ beta) - math.exp(base @ beta))

    beta = fit.params.to_numpy()
    slope = [(effect(beta + h) - effect(beta - h)) / 2e-6 for h in 1e-6 * np.eye(4)]
    assert absolute.estimate == pytest.approx(effect(beta))
    assert absolute.std_error == pytest.approx(math.sqrt(slope @ fit.cov.to_numpy() @ slope))
    ratio = effect_at(fit, design, MONTHS[-1], scale="relative")
    assert ratio.estimate == pytest.approx(math.exp(beta[2] + 17 * beta[3]))


def test_missing_counts_are_left_out_and_not_read_as_zero(counts, design):
    events, births = counts
    gapped = events.copy()
    gapped.iloc[[2, 20]] = np.nan
    kept = MONTHS.delete([2, 20])
    one = fit_quasi_poisson(gapped, births, design)
    other = fit_quasi_poisson(events[kept], births[kept], design.loc[kept])
    np.testing.assert_allclose(one.params, other.params)
    assert one.n_obs == 34


def test_events_on_one_side_only_are_refused_as_separation(design):
    births = pd.Series(1000.0, index=MONTHS)
    events = pd.Series(np.where(MONTHS < START, 8.0, 0.0), index=MONTHS)
    with pytest.raises(DesignError, match="separation"):
        fit_quasi_poisson(events, births, design)


def test_newey_west_without_lags_and_gaps_is_the_heteroskedastic_sandwich(series, design):
    # White's estimator with n / (n - p), written out
    fit = fit_newey_west(series, design, lags=0)
    X = design.to_numpy()
    bread = np.linalg.inv(X.T @ X)
    meat = X.T @ (X * (fit.residuals.to_numpy() ** 2)[:, None])
    np.testing.assert_allclose(fit.cov, bread @ meat @ bread * 36 / 32)


def test_newey_west_never_closes_a_gap_up(series, design):
    gapped = series.copy()
    gapped.iloc[10:13] = np.nan
    fit = fit_newey_west(gapped, design, lags=1)
    X, e = design.loc[fit.design.index].to_numpy(), fit.residuals.to_numpy()
    places = fit.design["t"].to_numpy()
    adjacent = np.diff(places) == 1
    score = X * e[:, None]
    product = score[1:][adjacent].T @ score[:-1][adjacent]
    bread = np.linalg.inv(X.T @ X)
    meat = score.T @ score + 0.5 * (product + product.T)
    np.testing.assert_allclose(fit.cov, bread @ meat @ bread * 33 / 29)


def test_the_automatic_lag_is_the_rule_of_newey_and_west():
    assert [automatic_lag(n) for n in (14, 24, 72, 100)] == [2, 2, 3, 4]


def test_a_collinear_design_names_the_terms(series, design):
    with pytest.raises(DesignError, match="double"):
        fit_reml_ar1(series, design.assign(double=2 * design["t"]))


def test_a_series_observed_on_one_side_only_names_the_terms(series, design):
    with pytest.raises(DesignError, match="post, since"):
        fit_ols(series.where(MONTHS < START), design)


def test_too_few_points_say_how_many_are_needed():
    years = pd.period_range("2010", periods=6, freq="Y")
    X = level_and_slope(years, pd.Period("2013", freq="Y"))
    y = pd.Series([3.0, 1, 4, 1, 5, 9], index=years)
    with pytest.raises(DesignError, match="6 observed points") as refusal:
        fit_reml_ar1(y, X)
    assert "7" in refusal.value.remedy
    with pytest.raises(DesignError, match="4 observed periods"):
        fit_ols(y.iloc[[0, 2, 3, 5]], X)


def test_a_perfect_fit_is_refused(design):
    line = pd.Series(design.to_numpy() @ [10, 0.5, -2, 0.1], index=MONTHS)
    with pytest.raises(DesignError, match="passes through every point"):
        fit_reml_ar1(line, design)


def test_an_autocorrelation_at_its_limit_is_refused_and_not_reported(design):
    # a saw-tooth: perfect negative autocorrelation
    saw = pd.Series(np.where(np.arange(36) % 2, 1.0, -1.0), index=MONTHS)
    with pytest.raises(DesignError, match="limit"):
        fit_reml_ar1(saw, design)


def test_an_index_without_spacing_is_refused(series, design):
    labels = [f"m{number}" for number in range(36)]
    with pytest.raises(DesignError, match="spacing"):
        fit_reml_ar1(series.set_axis(labels), design.set_axis(labels))


def test_values_that_are_not_finite_are_refused(series, design):
    with pytest.raises(DesignError, match="must be finite"):
        fit_ols(series.replace(series.iloc[0], np.inf), design)


@settings(max_examples=20, deadline=None)
@given(
    phi=st.floats(-0.8, 0.9).filter(lambda value: abs(value) > 0.01),
    gaps=st.lists(st.integers(1, 4), min_size=12, max_size=20),
    seed=st.integers(0, 10_000),
)
def test_whitened_likelihood_is_that_of_the_dense_covariance(phi, gaps, seed):
    from equieval.methods import reml

    times = np.cumsum([0, *gaps]).astype(float)
    n = len(times)
    X = np.column_stack([np.ones(n), times])
    y = np.random.default_rng(seed).normal(size=n)
    R = phi ** np.abs(times[:, None] - times)
    inverse = np.linalg.inv(R)
    information = X.T @ inverse @ X
    residual = y - X @ np.linalg.solve(information, X.T @ inverse @ y)
    sigma2 = residual @ inverse @ residual / (n - 2)
    dense = -0.5 * (
        (n - 2) * (1 + math.log(2 * math.pi * sigma2))
        + np.linalg.slogdet(R)[1]
        + np.linalg.slogdet(information)[1]
    )
    found = reml.profile_log_likelihood(y, X, times, np.array([phi]))
    assert found[0] == pytest.approx(dense, rel=1e-8)


def test_kenward_roger_widens_the_interval_and_leaves_the_estimate(series, design):
    plain = fit_reml_ar1(series, design).coefficient("post")
    adjusted = fit_reml_ar1(series, design, small_sample="kenward-roger").coefficient("post")
    assert adjusted.estimate == plain.estimate
    assert adjusted.df == plain.df
    assert adjusted.std_error > plain.std_error


def test_kenward_roger_is_the_truth_about_the_estimators_spread():
    # the variance of the level change over 600 simulated series, against the mean of what each
    # series says of it; without the adjustment they say too little
    rng = np.random.default_rng(4)
    n = 24
    periods = pd.period_range("2020-01", periods=n, freq="M")
    X = level_and_slope(periods, periods[12])
    estimates, plain, adjusted = [], [], []
    for _ in range(600):
        noise = rng.normal(size=n)
        for step in range(1, n):
            noise[step] += 0.3 * noise[step - 1]
        y = pd.Series(noise, index=periods)
        try:
            fit = fit_reml_ar1(y, X, small_sample="kenward-roger")
        except DesignError:
            continue
        estimates.append(fit.params["post"])
        adjusted.append(fit.std_error["post"])
        plain.append(math.sqrt(fit.reml.cov[2, 2]))
    spread = np.std(estimates)
    assert np.median(plain) < 0.97 * spread
    assert abs(np.median(adjusted) / spread - 1) < 0.1


def test_many_contrasts_at_once_are_each_its_own(series, design, counts):
    rng = np.random.default_rng(5)
    weights = rng.normal(size=(6, 4))
    for fit in (
        fit_reml_ar1(series, design),
        fit_ols(series, design),
        fit_quasi_poisson(*counts, design),
    ):
        together = fit.contrasts(weights, 0.9)
        for row, (_, found) in zip(weights, together.iterrows(), strict=True):
            alone = fit.contrast(pd.Series(row, design.columns), 0.9)
            expected = [alone.estimate, alone.std_error, alone.df, alone.ci_low, alone.ci_high]
            np.testing.assert_allclose(found, expected, rtol=1e-12)
