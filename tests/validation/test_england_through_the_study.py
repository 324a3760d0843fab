"""England's stillbirths through the functions that the notebooks call, to the digits printed.

Answers of the models: R 4.2 (nlme ``gls`` with ``corAR1`` and REML; ``lm``; ``glm`` with
``quasipoisson`` and ``offset(log(total births))``) on ``t = year - 2010; post = year >= 2016;
since = pmax(0, year - 2016)``. Answers of the yearly measures: computed by hand from the
published table, standard errors from binomial cell variances. Nothing but the evaluation's
parameters file goes in.
"""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from scipy import stats

from equieval.data import Observations, load_observations
from equieval.protocol import Evaluation, load_evaluation
from equieval.study.baseline import baseline
from equieval.study.its import effect, inequality_effect

ROOT = Path(__file__).parents[2]
PARAMETERS = ROOT / "params" / "stillbirth-care-bundle-england.yaml"
SIX_DIGITS = 6e-7
"""Half a unit of the sixth decimal; one answer lies on the edge between two."""

SLOPE_BEFORE, LEVEL, SLOPE = "slope-before-the-start", "level-change", "slope-change"
RATE = {
    "reml-ar1": {
        SLOPE_BEFORE: (-0.146332, 0.060543),
        LEVEL: (0.036650, 0.203782),
        SLOPE: (0.090732, 0.086325),
    },
    "ols": {
        SLOPE_BEFORE: (-0.153545, 0.034516),
        LEVEL: (-0.100021, 0.163572),
        SLOPE: (0.110946, 0.041082),
    },
}
SII = {
    "reml-ar1": {
        SLOPE_BEFORE: (0.070903, 0.155617),
        LEVEL: (-0.779392, 0.540959),
        SLOPE: (-0.033981, 0.220736),
    },
    "ols": {
        SLOPE_BEFORE: (-0.012317, 0.090297),
        LEVEL: (-0.073639, 0.427920),
        SLOPE: (-0.008147, 0.107475),
    },
}
QUASI_POISSON = {LEVEL: (-0.026677, 0.036728), SLOPE: (0.020939, 0.009150)}

MEASURES = {
    # year: rate, gap (se), ratio, SII (se), RII, relative concentration index (raw sign)
    "2010": (5.0774, 2.2740, 0.3732, 1.570, 2.8011, 0.2978, 1.7618, -0.091),
    "2019": (3.8280, 2.9054, 0.3447, 2.208, 3.1749, 0.2759, 2.4170, -0.137),
    "2022": (3.9318, 1.3581, 0.3904, 1.368, 1.9038, 0.2914, 1.6389, -0.080),
    "2023": (3.9414, 2.2068, 0.3676, 1.773, 2.6445, 0.2908, 2.0097, -0.111),
}


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return load_evaluation(PARAMETERS)


@pytest.fixture(scope="module")
def observations(evaluation: Evaluation) -> Observations:
    return load_observations(evaluation, ROOT)


@pytest.fixture(scope="module")
def on_the_rate(evaluation: Evaluation, observations: Observations) -> pd.DataFrame:
    return effect(evaluation, observations).estimates.set_index("id")


@pytest.fixture(scope="module")
def on_inequality(evaluation: Evaluation, observations: Observations) -> pd.DataFrame:
    return inequality_effect(evaluation, observations).estimates.set_index("id")


@pytest.fixture(scope="module")
def yearly(evaluation: Evaluation, observations: Observations) -> pd.DataFrame:
    return baseline(evaluation, observations).estimates.set_index("id")


@pytest.mark.parametrize("estimand", [SLOPE_BEFORE, LEVEL, SLOPE])
@pytest.mark.parametrize("estimator", ["reml-ar1", "ols"])
def test_the_effect_page_gives_rs_coefficients_of_the_rate(
    on_the_rate: pd.DataFrame, estimator: str, estimand: str
) -> None:
    row = on_the_rate.loc[f"effect.stillbirth.rate.{estimator}.{estimand}"]
    estimate, std_error = RATE[estimator][estimand]
    assert row["estimate"] == pytest.approx(estimate, abs=SIX_DIGITS)
    assert row["std_error"] == pytest.approx(std_error, abs=SIX_DIGITS)


@pytest.mark.parametrize("estimand", [SLOPE_BEFORE, LEVEL, SLOPE])
@pytest.mark.parametrize("estimator", ["reml-ar1", "ols"])
def test_the_inequality_page_gives_rs_coefficients_of_the_slope_index(
    on_inequality: pd.DataFrame, estimator: str, estimand: str
) -> None:
    row = on_inequality.loc[f"inequality-effect.stillbirth.sii.{estimator}.{estimand}"]
    estimate, std_error = SII[estimator][estimand]
    assert row["estimate"] == pytest.approx(estimate, abs=SIX_DIGITS)
    assert row["std_error"] == pytest.approx(std_error, abs=SIX_DIGITS)


@pytest.mark.parametrize("estimand", [LEVEL, SLOPE])
def test_quasi_poisson_rate_ratios_are_rs_coefficients(
    on_the_rate: pd.DataFrame, estimand: str
) -> None:
    row = on_the_rate.loc[f"effect.stillbirth.rate.quasi-poisson.{estimand}.ratio"]
    estimate, std_error = QUASI_POISSON[estimand]
    assert row["scale"] == "relative"
    assert math.log(row["estimate"]) == pytest.approx(estimate, abs=SIX_DIGITS)
    # 14 years, 4 coefficients: R's interval of a coefficient uses t with 10 degrees of freedom
    half_width = (math.log(row["ci_high"]) - math.log(row["ci_low"])) / 2
    assert half_width / stats.t.ppf(0.975, 10) == pytest.approx(std_error, abs=SIX_DIGITS)


def test_the_level_has_seven_to_eight_degrees_of_freedom_and_the_slope_less_than_one(
    on_the_rate: pd.DataFrame, on_inequality: pd.DataFrame
) -> None:
    # METHODS: simulated and by expected information, 7-8 for the level, .2-.4 for the slope
    for table, stem in (
        (on_the_rate, "effect.stillbirth.rate.reml-ar1"),
        (on_inequality, "inequality-effect.stillbirth.sii.reml-ar1"),
    ):
        assert 7 < table.loc[f"{stem}.{LEVEL}", "df"] < 8
        assert table.loc[f"{stem}.{SLOPE}", "df"] < 0.5


def test_the_counterfactual_is_the_earlier_trend_of_rs_coefficients(
    evaluation: Evaluation, observations: Observations
) -> None:
    # 5.103266 - .146332 t, at t = 9 (2019); the effect there is .036650 + 3 x .090732
    series = effect(evaluation, observations).frame("series").set_index("period")
    at_2019 = series.loc[pd.Period("2019", freq="Y")]
    expected = 5.103266 - 9 * 0.146332
    assert at_2019["counterfactual"] == pytest.approx(expected, abs=1e-5)
    change = at_2019["fitted"] - at_2019["counterfactual"]
    assert change == pytest.approx(0.036650 + 3 * 0.090732, abs=5e-6)


@pytest.mark.parametrize("year", MEASURES)
def test_the_baseline_page_gives_the_published_measures_of_each_year(
    yearly: pd.DataFrame, observations: Observations, year: str
) -> None:
    rate, gap, gap_se, ratio, sii, sii_se, rii, index = MEASURES[year]

    def found(measure: str, column: str = "estimate") -> float:
        return float(yearly.loc[f"baseline-inequality.stillbirth.{measure}.{year}", column])

    overall = observations.overall("stillbirth").set_index("period")["rate"]
    assert overall[pd.Period(year, freq="Y")] == pytest.approx(rate, abs=5.1e-5)
    assert found("gap") == pytest.approx(gap, abs=5.1e-5)
    assert found("gap", "std_error") == pytest.approx(gap_se, abs=5.1e-5)
    assert found("ratio") == pytest.approx(ratio, abs=5.1e-4)
    assert found("sii") == pytest.approx(sii, abs=5.1e-5)
    assert found("sii", "std_error") == pytest.approx(sii_se, abs=5.1e-5)
    assert found("rii") == pytest.approx(rii, abs=5.1e-5)
    # one sign convention: positive is worse for the most deprived, so the raw sign turns
    assert found("concentration-index-relative") == pytest.approx(-index, abs=5.1e-4)


def test_all_measures_say_with_one_sign_that_the_most_deprived_fare_worse(
    yearly: pd.DataFrame,
) -> None:
    for measure in ("gap", "sii", "concentration-index-absolute", "concentration-index-relative"):
        assert (yearly.loc[yearly["estimand"] == measure, "estimate"] > 0).all(), measure
    for measure in ("ratio", "rii"):
        assert (yearly.loc[yearly["estimand"] == measure, "estimate"] > 1).all(), measure


def test_the_missing_deaths_of_2023_are_missing_not_zero(
    evaluation: Evaluation, observations: Observations, on_the_rate: pd.DataFrame
) -> None:
    row = on_the_rate.loc["effect.neonatal-mortality.rate.ols.level-change"]
    assert row["n_obs"] == 13  # 2010 to 2022
    last = observations.overall("neonatal-mortality").set_index("period")["numerator"]
    assert math.isnan(last.get(pd.Period("2023", freq="Y"), math.nan))
