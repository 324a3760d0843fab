"""Impact models, seasons, other interruptions and control series."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equieval.errors import DesignError
from equieval.methods.its import (
    counterfactual,
    effect_at,
    fit_ols,
    fit_reml_ar1,
    level_and_slope,
)
from equieval.methods.its_design import SegmentedModel, difference_series, segmented

MONTHS = pd.period_range("2018-01", periods=72, freq="M")
START = pd.Period("2021-01", freq="M")
PANDEMIC = pd.Period("2020-03", freq="M")


def test_without_options_it_is_level_and_slope():
    pd.testing.assert_frame_equal(segmented(MONTHS, START), level_and_slope(MONTHS, START))


@pytest.mark.parametrize(("impact", "terms"), [("level", ["post"]), ("slope", ["since"])])
def test_an_impact_model_has_its_own_terms_only(impact, terms):
    assert list(segmented(MONTHS, START, impact=impact).columns) == ["intercept", "t", *terms]


def test_a_lag_puts_the_change_off():
    design = segmented(MONTHS, START, lag=3)
    assert design.loc[START + 2, "post"] == 0
    assert design.loc[START + 3, "post"] == 1
    assert design.loc[START + 4, "since"] == 1


def test_a_phase_in_is_left_out_while_time_runs_on():
    design = segmented(MONTHS, START, phase_in=6)
    assert START not in design.index
    assert START + 5 not in design.index
    assert design.loc[START + 6].tolist() == [1, 42, 1, 6]
    noise = np.random.default_rng(0).normal(size=72)
    fit = fit_reml_ar1(pd.Series(noise, MONTHS)[design.index], design)
    assert fit.n_obs == 66


def test_another_interruption_belongs_to_the_counterfactual():
    design = segmented(MONTHS, START, other={"pandemic": PANDEMIC})
    truth = pd.Series([10, 0, -1, 0, 3, 0], index=design.columns, dtype=float)
    noise = np.random.default_rng(1).normal(scale=0.01, size=72)
    fit = fit_ols(pd.Series(design.to_numpy() @ truth.to_numpy() + noise, MONTHS), design)
    frame = counterfactual(fit, design).set_index("period")
    assert frame.loc[MONTHS[-1], "counterfactual"] == pytest.approx(13, abs=0.1)
    assert effect_at(fit, design, START).estimate == pytest.approx(-1, abs=0.1)


def test_a_passing_interruption_moves_the_level_while_it_lasts_and_stays_in_the_counterfactual():
    model = SegmentedModel(other_interruptions={"pandemic": (PANDEMIC, PANDEMIC + 4)}, lag=2)
    design = model.matrix(MONTHS, START)
    assert design["during pandemic"].sum() == 5
    truth = pd.Series([10, 0, -1, 0, 3], index=design.columns, dtype=float)
    noise = np.random.default_rng(1).normal(scale=0.01, size=72)
    fit = fit_reml_ar1(pd.Series(design.to_numpy() @ truth.to_numpy() + noise, MONTHS), design)
    frame = counterfactual(fit, design).set_index("period")
    assert frame.loc[PANDEMIC + 1, "counterfactual"] == pytest.approx(13, abs=0.1)
    assert frame.loc[PANDEMIC + 5, "counterfactual"] == pytest.approx(10, abs=0.1)
    assert effect_at(fit, design, START + 2).estimate == pytest.approx(-1, abs=0.1)


def test_an_excluded_window_does_not_move_the_coefficients():
    window = tuple(pd.period_range(PANDEMIC, PANDEMIC + 8, freq="M"))
    design = SegmentedModel(exclude=window).matrix(MONTHS, START)
    assert len(design) == 63
    assert design.loc[START, "t"] == 36
    y = pd.Series(segmented(MONTHS, START).to_numpy() @ [5.0, 0.1, -1.0, 0.2], MONTHS)
    y += 1e-8 * np.cos(np.arange(len(y)))  # a perfect fit would be refused
    y[list(window)] = 99.0
    found = fit_ols(y[design.index], design).params
    np.testing.assert_allclose(found, [5, 0.1, -1, 0.2], rtol=1e-6)


@pytest.mark.parametrize("options", [{"fourier_pairs": 2}, {"seasonal_indicators": True}])
def test_a_season_is_taken_out_of_the_effect(options):
    rng = np.random.default_rng(2)
    season = 5 * np.sin(2 * np.pi * (np.asarray(MONTHS.month) - 1) / 12 + 0.7)
    y = pd.Series(20 - 2.0 * (MONTHS >= START) + season + 0.2 * rng.normal(size=72), MONTHS)
    plain = fit_reml_ar1(y, segmented(MONTHS, START)).coefficient("post")
    design = segmented(MONTHS, START, **options)
    seasonal = fit_reml_ar1(y, design).coefficient("post")
    assert seasonal.ci_low < -2 < seasonal.ci_high
    assert seasonal.std_error < 0.3 * plain.std_error


def test_eleven_indicators_and_five_and_a_half_pairs_span_the_same_season():
    months = segmented(MONTHS, START, seasonal_indicators=True)
    pairs = segmented(MONTHS, START, fourier_pairs=5)
    assert months.shape[1] == pairs.shape[1] + 1
    together = np.hstack([months.to_numpy(), pairs.to_numpy()])
    assert np.linalg.matrix_rank(together) == months.shape[1]


def test_a_control_series_takes_out_what_both_share():
    rng = np.random.default_rng(3)
    shared = np.cumsum(rng.normal(size=72))
    control = pd.Series(30 + shared + 0.2 * rng.normal(size=72), MONTHS)
    treated = pd.Series(35 + shared - 1.5 * (MONTHS >= START) + 0.2 * rng.normal(size=72), MONTHS)
    design = segmented(MONTHS, START)
    effect = fit_reml_ar1(difference_series(treated, control), design).coefficient("post")
    assert effect.ci_low < -1.5 < effect.ci_high
    assert effect.std_error < 0.3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lag": -1}, "cannot be negative"),
        ({"phase_in": 48}, "leave no period"),
        ({"fourier_pairs": 6}, "does not carry 6"),
        ({"fourier_pairs": 1, "seasonal_indicators": True}, "same season twice"),
        ({"other": {"early": MONTHS[0]}}, "leaves nothing to compare"),
        ({"other": {"early": (START, START - 1)}}, "before it begins"),
        ({"exclude": [MONTHS[0] - 1]}, "no period 2017-12 to exclude"),
        ({"exclude": list(MONTHS[36:])}, "leave none after"),
        ({"exclude": list(MONTHS[:36])}, "leave none before"),
    ],
)
def test_impossible_designs_are_refused_with_a_remedy(options, words):
    with pytest.raises(DesignError, match=words) as refusal:
        segmented(MONTHS, START, **options)
    assert refusal.value.remedy


def test_a_yearly_series_has_no_season():
    years = pd.period_range("2000", periods=20, freq="Y")
    with pytest.raises(DesignError, match="has no season"):
        segmented(years, pd.Period("2010", freq="Y"), fourier_pairs=1)


def test_series_over_different_periods_have_no_difference():
    series = pd.Series(1.0, MONTHS)
    with pytest.raises(DesignError, match="different periods"):
        difference_series(series, series.iloc[1:])
