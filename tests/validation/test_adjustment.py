"""Adjusted difference-in-differences: against drdid, and least squares on units' changes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from drdid.drdid import drdid_panel
from drdid.ipwd_did import std_ipw_did_panel
from drdid.reg_did import reg_did_panel

from equieval.errors import DesignError
from equieval.methods.adjustment import adjustment_terms, doubly_robust, refuse_too_many
from equieval.methods.did import two_way_fixed_effects
from equieval.methods.doubly_robust import effects_on_changes
from equieval.methods.few_clusters import cr2, wild_bootstrap
from equieval.methods.inequality_effect import stratum_effects

UNITS, PERIODS, START = 60, 6, 4


@pytest.fixture(scope="module")
def data():
    """The older a unit, the faster it grows, the likelier it is treated, the more it gains."""
    rng = np.random.default_rng(5)
    frame = pd.MultiIndex.from_product(
        [range(UNITS), range(1, PERIODS + 1)], names=["unit", "period"]
    ).to_frame(index=False)
    age, size = rng.normal(size=UNITS), rng.uniform(1, 5, UNITS)
    treated = rng.random(UNITS) < 1 / (1 + np.exp(-age))
    frame["age"], frame["births"] = age[frame["unit"]], size[frame["unit"]]
    frame["treated"] = treated[frame["unit"]].astype(int)
    frame["exposed"] = frame["treated"] * (frame["period"] >= START).astype(float)
    frame["y"] = rng.normal(size=len(frame)) + rng.normal(size=UNITS)[frame["unit"]]
    frame["y"] += 0.6 * frame["age"] * frame["period"] + frame["exposed"] * (2 + frame["age"])
    return frame


@pytest.fixture(scope="module")
def changes(data):
    """One row per unit: its mean outcome before and after, and what it was like."""
    half = np.where(data["period"] >= START, "after", "before")
    means = data.assign(half=half).pivot_table(index="unit", columns="half", values="y")
    return data.groupby("unit")[["age", "births", "treated"]].first().join(means)


def _drdid(estimator, changes, weights):
    """Return the effect and its standard error by csdid's own engine."""
    found = estimator(
        changes["after"].to_numpy(),
        changes["before"].to_numpy(),
        changes["treated"].to_numpy(),
        np.column_stack([np.ones(len(changes)), changes["age"]]),
        changes["births"].to_numpy() if weights else None,
    )
    influence = np.asarray(found[1])
    return float(found[0]), float(np.sqrt((influence**2).sum()) / len(influence))


@pytest.mark.parametrize("weights", [None, "births"])
def test_the_adjusted_estimate_is_the_outcome_regression_of_drdid(data, changes, weights):
    adjusted, terms = adjustment_terms(data, ["age"], period="period", weights=weights)
    option = {"outcome": "y", "covariates": terms, "weights": weights}
    expected, _ = _drdid(reg_did_panel, changes, weights)
    for found in (
        two_way_fixed_effects(adjusted, **option).effect,
        cr2(adjusted, **option),
        wild_bootstrap(adjusted, draws=99, **option).effect,
        stratum_effects(
            data.assign(stratum="all"), ["all"], outcome="y", covariates=["age"], weights=weights
        ).effect("all"),
    ):
        assert found.estimate == pytest.approx(expected)


@pytest.mark.parametrize("weights", [None, "births"])
def test_the_doubly_robust_estimate_and_error_are_those_of_drdid(data, changes, weights):
    expected, error = _drdid(drdid_panel, changes, weights)
    found = doubly_robust(data, ["age"], outcome="y", weights=weights)
    assert found.estimate == pytest.approx(expected, rel=1e-8)
    assert found.std_error == pytest.approx(error, rel=1e-8)


@pytest.mark.parametrize("regression", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_drdid_agrees_where_selection_is_strong(weighted, regression):
    theirs = drdid_panel if regression else std_ipw_did_panel
    for seed in range(12):
        rng = np.random.default_rng(seed)
        x = rng.normal([30.0, 0.0], [10.0, 1.0], size=(150, 2))
        treated = rng.random(150) < 1 / (1 + np.exp(-0.16 * (x[:, 0] - 32) - 0.7 * x[:, 1]))
        change = 0.01 * x[:, 0] ** 2 + x[:, 1] + rng.normal(size=150)
        weights = rng.uniform(0.2, 6, 150) if weighted else np.ones(150)
        design = np.column_stack([np.ones(150), x])
        expected, influence = theirs(change, np.zeros(150), treated * 1, design, weights)
        found, own = effects_on_changes(change[:, None], treated, x, weights, regression=regression)
        error = np.sqrt((influence**2).sum()) / 150
        assert found[0] == pytest.approx(expected, abs=1e-8 * error)
        np.testing.assert_allclose(own[:, 0], influence / 150, atol=1e-8 * error)


@pytest.mark.parametrize("regression", [True, False])
def test_controls_all_but_sure_to_be_treated_are_left_out_as_in_drdid(regression):
    rng = np.random.default_rng(0)
    x = np.append(rng.uniform(-5, 6, 2000), 5.9)
    treated = np.append(rng.random(2000) < 1 / (1 + np.exp(-x[:-1])), False)
    design = sm.add_constant(x)
    score = sm.GLM(treated * 1.0, design, family=sm.families.Binomial()).fit().fittedvalues
    assert 0.995 < score[-1] < 0.999  # above DRDID's limit, below did's
    change = x + rng.normal(size=2001)
    theirs = drdid_panel if regression else std_ipw_did_panel
    expected, influence = theirs(change, np.zeros(2001), treated * 1, design)
    found, own = effects_on_changes(
        change[:, None], treated, x[:, None], np.ones(2001), regression=regression
    )
    assert found[0] == pytest.approx(expected, rel=1e-8)
    np.testing.assert_allclose(own[:, 0], influence / 2001, atol=1e-12)


def test_cr2_errors_are_hc2_on_the_changes_of_two_periods(data):
    # with two periods CR2 by unit is HC2 (MacKinnon & White 1985), here statsmodels'
    two = data[data["period"].isin([START - 1, START])]
    adjusted, terms = adjustment_terms(two, ["age"], period="period")
    found = cr2(adjusted, outcome="y", covariates=terms)
    wide = two.pivot(index="unit", columns="period", values="y")
    like = two.groupby("unit")[["age", "treated"]].first()
    centred = like["treated"] * (like["age"] - like.loc[like["treated"] == 1, "age"].mean())
    X = sm.add_constant(like.assign(centred=centred))
    theirs = sm.OLS(wide[START] - wide[START - 1], X).fit(cov_type="HC2")
    assert found.estimate == pytest.approx(theirs.params["treated"])
    assert found.std_error == pytest.approx(theirs.bse["treated"])


def test_what_made_the_trends_differ_is_taken_out(data):
    # the effects put in average 2 + the mean age of the treated
    truth = 2 + data.loc[data["exposed"] == 1, "age"].mean()
    adjusted, terms = adjustment_terms(data, ["age"], period="period")
    found = two_way_fixed_effects(adjusted, outcome="y", covariates=terms).effect
    assert found.ci_low < truth < found.ci_high
    assert two_way_fixed_effects(data, outcome="y").effect.ci_low > truth


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: rows.assign(age=rows["age"] + rows["period"]), "changes within units"),
        (lambda rows: rows.assign(age=rows["age"].where(rows["unit"] > 2)), "missing for 3 units"),
        (lambda rows: rows.assign(age=4.0), "the same in every unit"),
    ],
)
def test_covariates_that_cannot_adjust_are_refused(data, change, words):
    with pytest.raises(DesignError, match=words):
        adjustment_terms(change(data), ["age"], period="period")


@pytest.mark.parametrize("fit", [two_way_fixed_effects, cr2, wild_bootstrap])
def test_covariates_that_repeat_each_other_are_refused(data, fit):
    twice = data.assign(years=12 * data["age"])
    adjusted, terms = adjustment_terms(twice, ["age", "years"], period="period")
    with pytest.raises(DesignError, match="repeat each other"):
        fit(adjusted, outcome="y", covariates=terms)


def test_covariates_need_ten_units_on_each_side():
    refuse_too_many(["age"], 10, 30)
    with pytest.raises(DesignError, match="carry none"):
        refuse_too_many(["age"], 9, 30)
    with pytest.raises(DesignError, match="carry 1 at most"):
        refuse_too_many(["age", "size"], 30, 19)


def test_effects_by_stratum_count_the_slopes_fitted(data):
    # least squares on the changes of two periods; each side's residuals by its degrees of freedom
    two = data[data["period"].isin([START - 1, START])].assign(stratum="all")
    found = stratum_effects(two, ["all"], outcome="y", covariates=["age"]).effect("all")
    wide = two.pivot(index="unit", columns="period", values="y")
    change, like = wide[START] - wide[START - 1], two.groupby("unit")[["age", "treated"]].first()
    target = like.loc[like["treated"] == 1, "age"].mean()
    variance = 0.0
    for side, rows in like.groupby("treated"):
        X = sm.add_constant(rows["age"] - target)
        fit = sm.OLS(change[rows.index], X).fit()
        share = np.linalg.pinv(X.to_numpy())[0]
        variance += float((share**2 * fit.resid**2).sum()) * len(rows) / fit.df_resid
        assert side in (0, 1)
    assert found.std_error == pytest.approx(np.sqrt(variance))
