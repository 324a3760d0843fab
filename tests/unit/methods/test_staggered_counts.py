"""Counts under staggered adoption, and the triple difference, against what they must equal."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

from equieval.errors import DesignError
from equieval.methods.did import triple_difference
from equieval.methods.staggered_counts import poisson_etwfe


def panel(seed=1, units=30, effect=-0.3, rate=0.01):
    rng = np.random.default_rng(seed)
    frame = pd.MultiIndex.from_product([range(units), range(1, 8)], names=["unit", "period"])
    frame = frame.to_frame(index=False)
    frame["first_exposed"] = np.array([0, 0, 4, 6])[frame["unit"] % 4]
    exposed = (frame["first_exposed"] > 0) & (frame["period"] >= frame["first_exposed"])
    frame["births"] = rng.uniform(500, 5000, units)[frame["unit"]] * rng.uniform(
        0.9, 1.1, len(frame)
    )
    level = np.log(rate) + 0.2 * (frame["unit"] % 4) - 0.05 * frame["period"]
    shock = 0.1 * rng.normal(size=units)[frame["unit"]]
    frame["deaths"] = rng.poisson(frame["births"] * np.exp(level + shock + effect * exposed))
    return frame


def fit(data, **change):
    return poisson_etwfe(data, events="deaths", exposure="births", **change)


def test_the_counterfactual_is_that_of_a_regression_on_the_unexposed_alone():
    # statsmodels, cohort and period effects, fitted without one exposed row
    data = panel()
    exposed = (data["first_exposed"] > 0) & (data["period"] >= data["first_exposed"])
    dummies = pd.get_dummies(data[["first_exposed", "period"]].astype(str), drop_first=True)
    X = sm.add_constant(dummies.astype(float))
    model = sm.GLM(
        data["deaths"][~exposed],
        X[~exposed],
        family=sm.families.Poisson(),
        offset=np.log(data["births"][~exposed]),
    ).fit()
    expected = model.predict(X[exposed], offset=np.log(data["births"][exposed]))
    found = fit(data, per=1000)
    observed = data["deaths"][exposed].sum()
    assert found.ratio.estimate == pytest.approx(observed / expected.sum())
    births = data["births"][exposed].sum() / 1000
    assert found.difference.estimate == pytest.approx((observed - expected.sum()) / births)


def with_covariate(seed=5, units=60):
    """Trends differ with deprivation, and later cohorts are more deprived."""
    rng = np.random.default_rng(seed)
    data = panel(seed, units=units, effect=0.0)
    deprived = (0.3 * (np.arange(units) % 4) + rng.normal(size=units))[data["unit"]]
    exposed = (data["first_exposed"] > 0) & (data["period"] >= data["first_exposed"])
    rate = np.log(0.02) + 0.2 * deprived - 0.06 * deprived * data["period"] - 0.3 * exposed
    return data.assign(
        deprived=deprived, deaths=rng.poisson(data["births"] * np.exp(rate)), exposed=exposed
    )


def test_with_covariates_it_is_one_regression_with_all_interactions():
    # statsmodels by formula, clustered by unit, the effect's gradient by differences
    data = with_covariate()
    exposed = data["exposed"].to_numpy()
    data["cell"] = np.where(exposed, data["first_exposed"] * 100 + data["period"], 0)
    centre = data["deprived"].groupby(data["cell"]).transform("mean")
    data["apart"] = (data["deprived"] - centre) * exposed
    formula = "deaths ~ (C(first_exposed) + C(period)) * deprived + C(cell) + C(cell):apart"
    model = smf.glm(formula, data, family=sm.families.Poisson(), offset=np.log(data["births"]))
    design = pd.DataFrame(model.exog, columns=model.exog_names)
    kept = [name for name in design if name != "C(cell)[0]:apart"]
    oracle = sm.GLM(
        data["deaths"], design[kept], family=sm.families.Poisson(), offset=np.log(data["births"])
    ).fit(
        tol=1e-12,
        cov_type="cluster",
        cov_kwds={"groups": data["unit"].to_numpy(), "use_correction": False},
    )
    off = design[kept].copy()
    off.loc[:, [name for name in kept if "cell" in name]] = 0.0

    def log_ratio(beta):
        births = data["births"].to_numpy()
        now, then = (births * np.exp(X.to_numpy() @ beta) for X in (design[kept], off))
        return math.log(now[exposed].sum() / then[exposed].sum())

    beta = oracle.params.to_numpy()
    steps = 1e-5 * np.eye(len(beta))
    gradient = np.array([(log_ratio(beta + h) - log_ratio(beta - h)) / 2e-5 for h in steps])
    error = math.sqrt(gradient @ oracle.cov_params().to_numpy() @ gradient * 60 / 59)
    found = fit(data, covariates=["deprived"]).ratio
    assert found.estimate == pytest.approx(math.exp(log_ratio(beta)), rel=1e-6)
    assert found.std_error == pytest.approx(error, rel=1e-4)


def test_a_trend_that_depends_on_a_covariate_biases_only_the_model_without_it():
    data = with_covariate(6, units=200)
    plain, adjusted = fit(data).ratio, fit(data, covariates=["deprived"]).ratio
    assert not plain.ci_low < math.exp(-0.3) < plain.ci_high
    assert adjusted.ci_low < math.exp(-0.3) < adjusted.ci_high
    scaled = fit(data.assign(deprived=7 * data["deprived"] - 3), covariates=["deprived"]).ratio
    assert scaled.estimate == pytest.approx(adjusted.estimate, rel=1e-7)


@pytest.mark.parametrize(
    ("covariates", "words"),
    [
        (["flat"], "cannot be told"),
        (["deprived", "twice"], "cannot be told"),
        (["unit"], "cannot be called"),
    ],
)
def test_covariates_that_carry_nothing_of_their_own_are_refused(covariates, words):
    data = with_covariate().assign(flat=1.0, twice=lambda frame: 2 * frame["deprived"])
    with pytest.raises(DesignError, match=words) as refusal:
        fit(data, covariates=covariates)
    assert refusal.value.remedy


def test_two_groups_and_two_periods_are_a_ratio_of_ratios():
    data = panel()[lambda f: f["period"].isin([3, 4]) & f["first_exposed"].isin([0, 4])]
    totals = data.groupby(["first_exposed", "period"])[["deaths", "births"]].sum()
    rate = totals["deaths"] / totals["births"]
    found = fit(data)
    assert found.ratio.estimate == pytest.approx(
        rate[4, 4] / rate[4, 3] / (rate[0, 4] / rate[0, 3])
    )


def test_the_standard_error_is_that_of_units_drawn_again():
    data, rng = panel(2, units=60), np.random.default_rng(3)
    by_unit = dict(list(data.groupby("unit")))
    drawn = []
    for _ in range(60):
        rows = [
            by_unit[unit].assign(unit=place) for place, unit in enumerate(rng.integers(0, 60, 60))
        ]
        drawn.append(math.log(fit(pd.concat(rows, ignore_index=True)).ratio.estimate))
    assert fit(data).ratio.std_error == pytest.approx(np.std(drawn), rel=0.3)


def test_the_truth_is_in_the_interval_and_event_times_average_to_the_whole():
    found = fit(panel(4, units=120))
    assert found.ratio.ci_low < math.exp(-0.3) < found.ratio.ci_high
    assert found.effects["event_time"].tolist() == [0, 1, 2, 3]
    assert found.effects["ratio"].between(0.6, 0.9).all()


def test_where_everybody_is_exposed_in_the_end_the_last_are_the_controls():
    data = panel()[lambda f: f["first_exposed"] > 0]
    assert fit(data).effects["event_time"].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (panel().assign(births=0.0), "needs exposure"),
        (panel().assign(deaths=lambda f: f["deaths"] - 100), "cannot be negative"),
        (panel().assign(first_exposed=4), "No controls"),
        (panel().assign(deaths=lambda f: f["deaths"] * (f["first_exposed"] != 4)), "separation"),
    ],
)
def test_counts_that_cannot_carry_it_are_refused_with_a_remedy(data, words):
    with pytest.raises(DesignError, match=words) as refusal:
        fit(data)
    assert refusal.value.remedy


def strata(seed=1, units=12):
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product(
        [range(units), range(6), ["poor", "rich"]], names=["unit", "period", "stratum"]
    )
    frame = index.to_frame(index=False)
    frame["exposed"] = ((frame["unit"] < 5) & (frame["period"] >= 3)).astype(int)
    shock = 5 * rng.normal(size=(units, 6))[frame["unit"], frame["period"]]
    poor = frame["stratum"] == "poor"
    frame["births"] = rng.uniform(10, 90, len(frame))
    frame["y"] = shock + 3 * poor - 2 * frame["exposed"] * poor + rng.normal(size=len(frame))
    return frame


def three_way(data):
    """Exposure of the poor, then a dummy for every pair of unit, period and stratum."""
    pairs = [["unit", "period"], ["unit", "stratum"], ["period", "stratum"]]
    dummies = [pd.get_dummies(data[pair].astype(str).agg("-".join, axis=1)) for pair in pairs]
    poor = (data["stratum"] == "poor").to_numpy(float)
    return np.column_stack([data["exposed"] * poor, *[part.to_numpy(float) for part in dummies]])


def test_the_triple_difference_is_the_regression_with_all_pairs_of_effects():
    data = strata()
    expected = np.linalg.lstsq(three_way(data), data["y"].to_numpy(), rcond=None)[0][0]
    found = triple_difference(data, "poor", "rich", outcome="y")
    assert found.effect.estimate == pytest.approx(expected)
    assert found.n_units == 12
    assert found.effect.ci_low < -2 < found.effect.ci_high


def test_births_weigh_the_difference_of_the_strata_as_they_weigh_the_regression():
    data = strata()
    found = triple_difference(data, "poor", "rich", outcome="y", weights="births")
    root = np.sqrt(data["births"].to_numpy())
    weighed = np.linalg.lstsq(three_way(data) * root[:, None], data["y"] * root, rcond=None)[0]
    assert found.effect.estimate == pytest.approx(weighed[0])
    same = triple_difference(data.assign(births=7.0), "poor", "rich", outcome="y", weights="births")
    plain = triple_difference(data, "poor", "rich", outcome="y")
    assert same.effect.estimate == pytest.approx(plain.effect.estimate)
    assert found.effect.estimate != pytest.approx(plain.effect.estimate)


def test_strata_that_are_not_exposed_alike_are_refused():
    data = strata()
    data.loc[data["stratum"] == "rich", "exposed"] = 0
    with pytest.raises(DesignError, match="one stratum is exposed"):
        triple_difference(data, "poor", "rich", outcome="y")
    with pytest.raises(DesignError, match="no stratum 'mixed'"):
        triple_difference(data, "poor", "mixed", outcome="y")
