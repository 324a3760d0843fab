"""Interrupted time series of several units: two stages and a mixed model.

R 4.2.2, nlme 3.1-162, on the series below written to a file:
lme(y ~ t + post + since, d, random = ~ post | unit, method = "REML"); plm 2.6-2,
pcdtest(e, test = "cd") on what three made-up units leave over.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equieval.errors import DesignError
from equieval.methods.common_shocks import common_shocks
from equieval.methods.its import effect_at, fit_ols, fit_reml_ar1, level_and_slope
from equieval.methods.its_design import SegmentedModel
from equieval.methods.its_units import mixed_its, two_stage_its

MONTHS = pd.period_range("2019-01", periods=24, freq="M")
START = MONTHS[14]


@pytest.fixture(scope="module")
def data():
    t = np.arange(24)
    post, since = (t >= 14) * 1.0, np.maximum(0, t - 14)
    rows = []
    for u in range(8):
        y = 10 + 0.8 * np.sin(3 * u) + 0.05 * t + (-1.2 + 0.5 * np.cos(2 * u)) * post
        y += -0.03 * since + 0.5 * np.sin((u + 1.3) * t) + 0.3 * np.cos(t * t * (u + 1) / 5)
        rows.append(pd.DataFrame({"unit": f"u{u}", "period": MONTHS, "y": y}))
    return pd.concat(rows, ignore_index=True)


def test_the_mixed_model_is_that_of_nlme(data):
    found = mixed_its(data, START, outcome="y", robust=False)
    expected = {
        "intercept": (10.1786776113, 0.16790953881),
        "t": (0.0361628570, 0.00961135143),
        "post": (-1.0642715173, 0.16201955112),
        "since": (-0.0147356761, 0.01863109282),
    }
    for name, (estimate, error) in expected.items():
        assert found.fit.params[name] == pytest.approx(estimate, rel=1e-8)
        assert found.fit.std_error[name] == pytest.approx(error, rel=1e-4)
    np.testing.assert_allclose(
        found.between, [[0.182315966, 0.003748673], [0.003748673, 0.098342779]], atol=5e-5
    )
    assert found.fit.sigma == pytest.approx(0.410034265, rel=1e-5)
    assert found.fit.log_likelihood == pytest.approx(-127.520931, abs=1e-5)
    assert found.note == ""


def test_with_the_same_periods_its_interval_is_the_spread_of_the_units_own_estimates(data):
    design = level_and_slope(MONTHS, START)
    own = [
        fit_ols(rows.set_index("period")["y"], design).params["post"]
        for _, rows in data.groupby("unit")
    ]
    effect = mixed_its(data, START, outcome="y").fit.coefficient("post")
    assert effect.estimate == pytest.approx(np.mean(own))
    assert effect.std_error == pytest.approx(np.std(own, ddof=1) / np.sqrt(8))
    assert effect.df == 7


def test_effects_of_the_typical_unit_come_from_the_usual_functions(data):
    found = mixed_its(data, START, outcome="y")
    at_end = effect_at(found.fit, found.design, MONTHS[-1])
    expected = found.fit.params["post"] + 9 * found.fit.params["since"]
    assert at_end.estimate == pytest.approx(expected)


def test_a_variance_at_its_limit_is_said(data):
    flat = data.assign(y=np.random.default_rng(0).normal(size=len(data)))
    assert "at its limit of 0" in mixed_its(flat, START, outcome="y").note


def test_scale_order_and_names_change_nothing_but_the_unit(data):
    one = mixed_its(data, START, outcome="y").fit.coefficient("post")
    moved = data.assign(y=1e4 * data["y"], unit=data["unit"].map(lambda name: f"z {name}"))
    other = mixed_its(moved.sample(frac=1, random_state=1), START, outcome="y").fit.coefficient(
        "post"
    )
    assert other.estimate == pytest.approx(1e4 * one.estimate, rel=1e-6)
    assert other.std_error == pytest.approx(1e4 * one.std_error, rel=1e-6)


def test_two_stages_pool_every_units_own_fit(data):
    found = two_stage_its(data, START, outcome="y")
    assert len(found.by_unit) == 8
    own = fit_reml_ar1(
        data[data["unit"] == "u3"].set_index("period")["y"],
        level_and_slope(MONTHS, START),
        small_sample="kenward-roger",
    ).coefficient("post")
    row = found.by_unit.set_index("unit").loc["u3"]
    assert row["estimate"] == own.estimate
    assert found.pooled.n_studies == 8
    assert found.pooled.effect.ci_low < -1.1 < found.pooled.effect.ci_high
    assert found.pooled.tau2 > 0


def test_units_may_start_at_different_times_and_follow_one_model():
    rng = np.random.default_rng(3)
    starts = {f"trust {n}": MONTHS[10 + n % 4] for n in range(12)}
    model = SegmentedModel(impact="level", lag=1)
    rows = [
        pd.DataFrame(
            {
                "unit": name,
                "period": MONTHS,
                "y": 5 - 2.0 * (start < MONTHS) + rng.normal() + 0.5 * rng.normal(size=24),
            }
        )
        for name, start in starts.items()
    ]
    data = pd.concat(rows)
    pooled = two_stage_its(data, starts, outcome="y", model=model).pooled.effect
    mixed = mixed_its(data, starts, outcome="y", model=model).fit.coefficient("post")
    assert pooled.ci_low < -2 < pooled.ci_high
    assert mixed.ci_low < -2 < mixed.ci_high


def test_a_unit_that_cannot_be_fitted_stays_with_its_reason(data):
    short = data.assign(y=data["y"].mask((data["unit"] == "u2") & (data["period"] > MONTHS[4])))
    found = two_stage_its(short, START, outcome="y")
    assert found.n_refused == 1
    assert found.pooled.n_studies == 7
    assert found.by_unit.set_index("unit").loc["u2", "note"]


def left_over():
    t = np.arange(1, 13)
    first, second = np.sin(1.3 * t), np.sin(2.1 * t + 0.4) + 0.4 * np.sin(1.3 * t)
    return pd.DataFrame({"a": first, "b": second, "c": np.cos(0.7 * t) - 0.2 * second})


@pytest.mark.parametrize(
    ("last", "statistic", "p_value"),
    [(None, 0.200163332022, 0.841352843621), (np.nan, 0.29812831032, 0.765605234966)],
)
def test_the_test_of_common_shocks_is_that_of_plm(last, statistic, p_value):
    units = left_over()
    units.loc[11, "c"] = units.loc[11, "c"] if last is None else last
    found = common_shocks(units)
    assert found.statistic == pytest.approx(statistic, rel=1e-10)
    assert found.p_value == pytest.approx(p_value, rel=1e-10)


def test_a_shock_that_hits_all_units_alike_is_found(data):
    rng = np.random.default_rng(2)
    apart = data.assign(y=data["y"] + rng.normal(size=len(data)))
    shock = pd.Series(rng.normal(size=24), MONTHS)
    hit = apart.assign(y=apart["y"] + 2 * apart["period"].map(shock).astype(float))
    alone = two_stage_its(apart, START, outcome="y").shocks
    together = two_stage_its(hit, START, outcome="y").shocks
    assert alone.p_value > 0.05
    assert together.correlation > 0.5
    assert together.p_value < 0.001


def test_units_that_share_no_periods_cannot_be_held_against_each_other():
    apart = pd.DataFrame({"a": [1.0, 2.0, 3.0, *[np.nan] * 3], "b": [*[np.nan] * 3, 1.0, 3.0, 2.0]})
    assert np.isnan(common_shocks(apart).p_value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: {"data": d[d["unit"] < "u2"]}, "do not tell how units differ|pooling needs 3"),
        (lambda d: {"data": pd.concat([d, d.iloc[:1]])}, "occurs twice"),
        (lambda d: {"data": d.drop(columns="y")}, "no column 'y'"),
        (lambda d: {"start": {"u1": START}}, "has no start"),
        (lambda d: {"data": d.assign(period=d["period"].astype(str))}, "have no spacing"),
        (lambda d: {"start": MONTHS[0]}, "leaves nothing to compare"),
    ],
)
@pytest.mark.parametrize("estimator", [two_stage_its, mixed_its])
def test_what_cannot_be_fitted_is_refused_with_a_remedy(data, estimator, change, words):
    options = {"data": data, "start": START, **change(data)}
    with pytest.raises(DesignError, match=words) as refusal:
        estimator(options["data"], options["start"], outcome="y")
    assert refusal.value.remedy


def test_a_random_term_that_is_not_there_gets_a_suggestion(data):
    with pytest.raises(DesignError, match="no term 'pst'") as refusal:
        mixed_its(data, START, outcome="y", random=("pst",))
    assert "did you mean 'post'" in refusal.value.remedy
