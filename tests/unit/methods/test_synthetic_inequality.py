"""Synthetic difference-in-differences by stratum: one counterfactual, ranks among placebos."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from diff_diff import SurveyDesign, SyntheticDiD
from scipy.optimize import minimize

from equieval.errors import DesignError, InputError
from equieval.methods.synthetic_did import synthetic_did
from equieval.methods.synthetic_inequality import (
    placebo_contrast,
    placebo_synthetic_did,
    synthetic_strata,
)
from equieval.methods.synthetic_weights import simplex_weights

LEVELS = ["most", "middle", "least"]


def panel(seed=1, units=25, effects=(0.0, 0.0, 0.0), treated=1, noise=0.2):
    """Rates that follow a shared factor with loads of each unit's own; unit 0 is treated."""
    rng = np.random.default_rng(seed)
    factor = np.cumsum(rng.normal(size=14))
    load = rng.uniform(0.5, 1.5, units)
    frame = pd.MultiIndex.from_product(
        [range(units), range(14), LEVELS], names=["unit", "period", "stratum"]
    ).to_frame(index=False)
    place = frame["stratum"].map(LEVELS.index).to_numpy()
    frame["exposed"] = ((frame["unit"] < treated) & (frame["period"] >= 9)).astype(int)
    frame["births"] = 100.0 + 50 * place
    frame["rate"] = 20.0 - 3 * place + load[frame["unit"]] * factor[frame["period"]]
    frame["rate"] += noise * rng.normal(size=len(frame))
    frame["rate"] += np.asarray(effects)[place] * frame["exposed"]
    return frame


@pytest.fixture(scope="module")
def found():
    return synthetic_strata(panel(effects=(-3, -1, 0)), LEVELS, outcome="rate", size="births")


@pytest.mark.parametrize("treated", [1, 3])
def test_one_stratum_is_the_published_estimator(treated):
    # diff-diff's SyntheticDiD, itself −15.604 on Proposition 99 (published −15.60)
    data = panel(2, treated=treated, noise=0.5)
    one = data[data["stratum"] == "most"]
    ours = placebo_synthetic_did(one, outcome="rate")
    theirs = synthetic_did(one, outcome="rate", placebos=20)
    assert ours.estimate == pytest.approx(theirs.effect.estimate, abs=5e-4)
    weights = synthetic_strata(one, ["most"], outcome="rate").unit_weights
    np.testing.assert_allclose(weights[theirs.unit_weights.index], theirs.unit_weights, atol=5e-3)


def test_weights_on_the_simplex_are_those_of_another_solver():
    # SciPy's SLSQP
    rng = np.random.default_rng(0)
    A, b = rng.normal(size=(12, 6)), rng.normal(size=12)

    def loss(w):
        return ((A @ w - b) ** 2).sum() + 0.7 * (w**2).sum()

    other = minimize(
        loss,
        np.full(6, 1 / 6),
        bounds=[(0, 1)] * 6,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-15, "maxiter": 1_000},
    ).x
    np.testing.assert_allclose(simplex_weights(A, b, 0.7), other, atol=1e-5)


def test_all_measures_come_from_one_counterfactual(found):
    table = found.measures().set_index("measure")
    assert table.loc["gap", "estimate"] == pytest.approx(found.effects[0] - found.effects[2])
    without = found.observed - found.effects
    assert table.loc["ratio", "counterfactual"] == pytest.approx(without[0] / without[2])
    assert (table["estimate"] < 0).all()
    assert found.unit_weights.sum() == pytest.approx(1)
    assert found.time_weights.index.tolist() == list(range(9))


def test_the_effects_put_in_are_found_and_judged_by_rank(found):
    effect = found.effect("most")
    assert effect.estimate == pytest.approx(-3, abs=0.5)
    assert effect.p_value == found.smallest_attainable_p == pytest.approx(1 / 25)
    assert effect.ci_low < -3 < effect.ci_high
    assert found.effect("least").p_value > 0.1
    verdict = found.levelling()
    assert verdict.verdict == "narrowed: the worst-off gained"
    turned = synthetic_strata(panel(effects=(3, 1, 0)), LEVELS, outcome="rate")
    assert turned.levelling(polarity="high").verdict == "narrowed: the worst-off gained"


def test_without_an_effect_small_p_values_are_as_rare_as_they_say():
    rejected = [
        synthetic_strata(panel(seed, units=15, noise=1.0), LEVELS, outcome="rate").measures(
            which=["gap"]
        )["p_value"][0]
        <= 0.2
        for seed in range(100)
    ]
    # ranks among 15 are multiples of 1/15, so 3/15 can be met exactly; Monte-Carlo error 99 %
    assert np.mean(rejected) == pytest.approx(0.2, abs=2.58 * math.sqrt(0.16 / 100))


def test_an_interval_holds_what_the_ranks_do_not_reject():
    placebos = np.arange(1.0, 40.0) * np.where(np.arange(39) % 2, 1, -1)
    contrast = placebo_contrast(50.0, placebos)
    # 40 assignments, 5 %: two may be as extreme, so the second largest placebo is the half width
    assert (contrast.ci_low, contrast.ci_high) == (50 - 38, 50 + 38)
    assert contrast.p_value == 1 / 40
    assert placebo_contrast(38.5, placebos).p_value == 2 / 40
    assert placebo_contrast(5.0, placebos[:18]).ci_high == math.inf


def test_order_names_and_scale_change_nothing_but_the_unit(found):
    data = panel(effects=(-3, -1, 0))
    renamed = data.assign(
        unit="trust " + (100 + data["unit"]).astype(str), rate=1000 * data["rate"] + 7
    ).sample(frac=1, random_state=1)
    other = synthetic_strata(renamed, LEVELS, outcome="rate", size="births")
    np.testing.assert_allclose(other.effects, 1000 * found.effects, rtol=1e-5)
    np.testing.assert_allclose(other.placebos, 1000 * found.placebos, atol=1e-2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d[d["stratum"] != "middle"], "no stratum 'middle'"),
        (lambda d: d.drop(index=d.index[4]), "miss some periods in stratum 'middle'"),
        (lambda d: d[(d["unit"] < 9) | (d["stratum"] != "least")], "have different units"),
        (lambda d: d[d["unit"] < 3], "2 controls cannot stand in"),
        (lambda d: d[d["period"] >= 8], "at least two periods"),
        (lambda d: d.assign(exposed=d["exposed"] * (d["period"] < 12)), "must last"),
        (lambda d: d[d["unit"] == 0], "No controls are left"),
    ],
)
def test_what_cannot_be_estimated_is_refused_with_a_remedy(change, words):
    with pytest.raises(DesignError, match=words) as refusal:
        synthetic_strata(change(panel()), LEVELS, outcome="rate")
    assert refusal.value.remedy


def test_unknown_strata_and_measures_get_a_suggestion(found):
    with pytest.raises(InputError, match="did you mean 'most'"):
        found.effect("mots")
    with pytest.raises(InputError, match="did you mean"):
        found.measures(which=["gapp"])


def test_treated_units_may_count_by_their_births():
    # diff-diff's SyntheticDiD with survey weights, which differ between the treated alone
    data = panel(2, treated=3, noise=0.5)
    births = np.array([5.0, 2.0, 1.0])
    one = data[data["stratum"] == "most"].reset_index(drop=True)
    one["born"] = np.where(one["unit"] < 3, births[np.minimum(one["unit"], 2)], 1.0)
    ours = placebo_synthetic_did(one, outcome="rate", weights="born", max_placebos=9)
    unweighted = placebo_synthetic_did(one, outcome="rate", max_placebos=9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = SyntheticDiD(variance_method="placebo", n_bootstrap=20, seed=1).fit(
            one.assign(ever=(one["unit"] < 3).astype(int)),
            "rate",
            "ever",
            "unit",
            "period",
            post_periods=list(range(9, 14)),
            survey_design=SurveyDesign(weights="born"),
        )
    assert ours.estimate == pytest.approx(theirs.att, abs=5e-4)
    assert ours.estimate != pytest.approx(unweighted.estimate)


def test_weights_of_one_treated_unit_and_weights_all_alike_change_nothing():
    data = panel(3, treated=1)
    data["born"] = 10.0 + data["unit"]
    option = {"outcome": "rate", "max_placebos": 9}
    alone = synthetic_strata(data, LEVELS, **option)
    weighted = synthetic_strata(data, LEVELS, weights="born", **option)
    np.testing.assert_allclose(weighted.effects, alone.effects)
    np.testing.assert_allclose(weighted.placebos, alone.placebos)
    several = panel(3, treated=3).assign(born=4.0)
    np.testing.assert_allclose(
        synthetic_strata(several, LEVELS, weights="born", **option).placebos,
        synthetic_strata(several, LEVELS, **option).placebos,
    )


def test_weights_that_change_within_a_unit_are_refused():
    data = panel(3, treated=3)
    with pytest.raises(DesignError, match="changes over time"):
        placebo_synthetic_did(
            data[data["stratum"] == "most"].assign(born=lambda rows: 1.0 + rows["period"]),
            outcome="rate",
            weights="born",
        )
