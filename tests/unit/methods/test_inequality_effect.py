"""The effect on inequality: one counterfactual, one joint covariance, one sign."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from equieval.errors import DesignError, InputError
from equieval.methods.did import two_way_fixed_effects
from equieval.methods.inequality import NO_INEQUALITY, measures_of_values
from equieval.methods.inequality_effect import (
    equal_effects_test,
    inequality_effects,
    levelling,
    stratum_effects,
)

LEVELS = ["q1", "q2", "q3", "q4", "q5"]
BASE = np.array([12.0, 11.0, 10.0, 9.0, 8.0])


def panel(effects, seed=0, units=30, periods=10, treated=10, noise=0.3):
    """Rates by unit, period and quintile, with a shared shock by unit and period."""
    rng = np.random.default_rng(seed)
    frame = pd.MultiIndex.from_product(
        [range(units), range(periods), LEVELS], names=["unit", "period", "stratum"]
    ).to_frame(index=False)
    place = frame["stratum"].map(LEVELS.index).to_numpy()
    frame["exposed"] = ((frame["unit"] < treated) & (frame["period"] >= 5)).astype(int)
    frame["births"] = rng.integers(50, 400, size=len(frame)).astype(float)
    level = rng.normal(size=(units, 5))[frame["unit"], place]
    shock = rng.normal(size=(units, periods))[frame["unit"], frame["period"]]
    own = rng.normal(size=len(frame))
    frame["rate"] = BASE[place] + level + 0.1 * frame["period"] + noise * (shock + own)
    frame["rate"] += np.asarray(effects, float)[place] * frame["exposed"]
    return frame


def estimated(effects, **options):
    return stratum_effects(panel(effects, **options), LEVELS, outcome="rate", weights="births")


def test_each_strata_effect_is_that_of_its_own_regression():
    data = panel([-2, -1.5, -1, -0.5, 0])
    found = stratum_effects(data, LEVELS, outcome="rate", weights="births")
    for level in LEVELS:
        alone = two_way_fixed_effects(
            data[data["stratum"] == level], outcome="rate", weights="births"
        ).effect
        assert found.effect(level).estimate == pytest.approx(alone.estimate)


def test_units_alike_are_compared_as_welch_does():
    # SciPy's t test of unequal variances on each unit's change: of a stratum, and of the gap
    data = panel([-2, -1.5, -1, -0.5, 0], units=20, treated=6)
    found = stratum_effects(data, LEVELS, outcome="rate")
    halves = data.groupby(["unit", data["period"] >= 5, "stratum"])["rate"].mean().unstack(1)
    change = (halves[True] - halves[False]).unstack()
    gap = inequality_effects(found, which=["gap"]).iloc[0]
    for values, row in (
        (change["q1"], found.effect("q1").as_row()),
        (change["q1"] - change["q5"], gap),
        (change["q1"] - change["q5"], levelling(found).gap.as_row()),
    ):
        welch = stats.ttest_ind(values[:6], values[6:], equal_var=False)
        interval = welch.confidence_interval(0.95)
        assert row["df"] == pytest.approx(welch.df)
        assert row["p_value"] == pytest.approx(welch.pvalue)
        assert [row["ci_low"], row["ci_high"]] == pytest.approx([interval.low, interval.high])


def test_the_gap_effect_is_the_triple_difference_of_one_stacked_regression():
    # least squares with dummies for stratum × unit and stratum × period, clustered by unit
    data = panel([-2, -1.5, -1, -0.5, 0], units=12, treated=5, periods=6)
    two = data[data["stratum"].isin(["q1", "q5"])].reset_index(drop=True)
    worst = (two["stratum"] == "q1").astype(float)
    unit = two["stratum"] + two["unit"].astype(str)
    period = two["stratum"] + two["period"].astype(str)
    X = np.column_stack(
        [
            two["exposed"] * worst,
            two["exposed"],
            pd.get_dummies(unit).to_numpy(float),
            pd.get_dummies(period).drop(columns=["q10", "q50"]).to_numpy(float),
        ]
    )
    oracle = sm.WLS(two["rate"], X, weights=two["births"]).fit(
        cov_type="cluster", cov_kwds={"groups": two["unit"], "use_correction": False}
    )
    found = stratum_effects(two, ["q1", "q5"], outcome="rate", weights="births")
    gap = inequality_effects(found, which=["gap"]).iloc[0]
    assert gap["estimate"] == pytest.approx(oracle.params.iloc[0])
    factor = np.where(found.arms.exposed, *found.arms.correction)
    uncorrected = (found.influence[:, 0] - found.influence[:, 1]) ** 2 / factor
    assert np.sqrt(uncorrected.sum()) == pytest.approx(oracle.bse.iloc[0])
    assert gap["std_error"] > oracle.bse.iloc[0]


def test_measures_before_and_after_are_those_of_the_inequality_room():
    found = estimated([-2, -1.5, -1, -0.5, 0])
    table = inequality_effects(found).set_index("measure")
    for column, values in (
        ("observed", found.observed),
        ("counterfactual", found.observed - found.effects),
    ):
        strata = pd.DataFrame(
            {"stratum": LEVELS, "value": values, "std_error": 0.1, "population": found.shares}
        )
        expected = measures_of_values(strata, LEVELS).set_index("measure")["estimate"]
        np.testing.assert_allclose(table[column], expected[table.index])


@pytest.mark.parametrize("polarity", ["low", "high"])
def test_standard_errors_are_those_of_the_delta_method_by_differences(polarity):
    found = estimated([-2, -1.5, -1, -0.5, 0])
    ridits = np.cumsum(found.shares) - found.shares / 2
    assert ridits[-1] < 1

    def evaluate(point):
        moved = replace(found, effects=point[:5], observed=point[5:])
        return inequality_effects(moved, polarity=polarity)["estimate"].to_numpy()

    at = np.concatenate([found.effects, found.observed])
    slopes = [(evaluate(at + h) - evaluate(at - h)) / 2e-6 for h in 1e-6 * np.eye(10)]
    expected = np.sqrt(np.einsum("ij,ik,kj->j", slopes, found.covariance, slopes))
    table = inequality_effects(found, polarity=polarity)
    np.testing.assert_allclose(table["std_error"], expected, rtol=1e-5)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 999), polarity=st.sampled_from(["low", "high"]))
def test_helping_the_worst_off_more_is_negative_on_every_measure(seed, polarity):
    help_ = np.array([2.0, 1.5, 1.0, 0.5, 0.0])
    data = panel(-help_ if polarity == "low" else help_, seed=seed, noise=0.01)
    if polarity == "high":
        place = data["stratum"].map(LEVELS.index).to_numpy()
        data["rate"] += BASE[::-1][place] - BASE[place]
    found = stratum_effects(data, LEVELS, outcome="rate")
    table = inequality_effects(found, polarity=polarity).set_index("measure")
    assert (table["estimate"] < 0).all()
    assert all(table.loc[name, "counterfactual"] > NO_INEQUALITY[name] for name in table.index)


def test_the_joint_covariance_sees_what_strata_share():
    # a shock shared by all strata of a unit leaves the gap alone: errors taken as independent
    # would be too wide
    found = estimated([0] * 5, noise=0.5)
    gap = inequality_effects(found, which=["gap"]).iloc[0]["std_error"]
    alone = np.hypot(found.effect("q1").std_error, found.effect("q5").std_error)
    assert gap < 0.9 * alone


def test_the_levelling_verdict_tells_who_moved():
    cases = {
        "narrowed: the worst-off gained": [-2, -1, 0, 0, 0],
        "narrowed: the best-off lost": [0, 0, 0, 1, 2],
        "narrowed: the worst-off gained and the best-off lost": [-2, 0, 0, 0, 2],
        "widened: the worst-off lost": [2, 1, 0, 0, 0],
        "widened: the best-off gained": [0, 0, 0, -1, -2],
        "widened: the worst-off lost and the best-off gained": [2, 0, 0, 0, -2],
    }
    for verdict, effects in cases.items():
        assert levelling(estimated(effects, seed=3, noise=0.1)).verdict == verdict
        turned = levelling(
            estimated([-effect for effect in effects], seed=3, noise=0.1), polarity="high"
        )
        assert turned.verdict == verdict


def test_noise_alone_is_no_clear_change():
    assert levelling(estimated([0] * 5, seed=1)).verdict == "no clear change"


def test_equal_effects_are_not_rejected_and_unequal_ones_are():
    assert equal_effects_test(estimated([-1] * 5, seed=2))["p_value"] > 0.01
    unequal = equal_effects_test(estimated([-2, -1.5, -1, -0.5, 0], seed=2))
    assert unequal["p_value"] < 1e-4
    assert unequal["df"] == 4
    # of two strata it is the test of their gap
    two = stratum_effects(panel([-1] * 5, seed=4), ["q1", "q5"], outcome="rate")
    gap = inequality_effects(two, which=["gap"]).iloc[0]
    assert equal_effects_test(two)["p_value"] == pytest.approx(gap["p_value"])
    assert equal_effects_test(two)["df_within"] == pytest.approx(gap["df"])


def test_shares_are_fixed_before_the_start_and_can_be_given():
    data = panel([0] * 5)
    grown = data.assign(births=data["births"] * np.where(data["period"] >= 5, 9, 1))
    one = stratum_effects(data, LEVELS, outcome="rate", weights="births")
    other = stratum_effects(grown, LEVELS, outcome="rate", weights="births")
    np.testing.assert_allclose(one.shares, other.shares)
    given_ = stratum_effects(
        data, LEVELS, outcome="rate", shares=dict.fromkeys(LEVELS, 3.0), weights="births"
    )
    np.testing.assert_allclose(given_.shares, 0.2)


@pytest.mark.parametrize(
    ("levels", "change", "error", "words"),
    [
        ([*LEVELS, "q9"], lambda data: data, DesignError, "no stratum 'q9'"),
        (LEVELS, lambda data: pd.concat([data, data.iloc[[4]]]), DesignError, "occurs twice"),
        (LEVELS, lambda data: data.assign(exposed=0), DesignError, "Nobody is exposed"),
    ],
)
def test_what_cannot_be_estimated_is_refused_with_a_remedy(levels, change, error, words):
    with pytest.raises(error, match=words) as refusal:
        stratum_effects(change(panel([0] * 5)), levels, outcome="rate")
    assert refusal.value.remedy


def test_unknown_measures_and_strata_get_a_suggestion():
    found = estimated([0] * 5)
    with pytest.raises(InputError, match="did you mean 'sii'"):
        inequality_effects(found, which=["si"])
    with pytest.raises(InputError, match="did you mean"):
        found.effect("q11")


def test_too_few_clusters_for_a_joint_test_are_refused():
    with pytest.raises(DesignError, match="5 clusters cannot test"):
        equal_effects_test(estimated([0] * 5, units=5, treated=2))
