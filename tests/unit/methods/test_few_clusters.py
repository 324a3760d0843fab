"""The wild cluster bootstrap: what it computes, and what it promises."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from equieval.errors import DesignError
from equieval.methods.did import two_way_fixed_effects
from equieval.methods.few_clusters import _signs, cr2, wild_bootstrap


def panel(seed=0, units=14, periods=6, treated=5, effect=0.0, per_cluster=1):
    rng = np.random.default_rng(seed)
    frame = pd.MultiIndex.from_product(
        [range(units * per_cluster), range(periods)], names=["unit", "period"]
    ).to_frame(index=False)
    frame["site"] = frame["unit"] // per_cluster
    frame["exposed"] = ((frame["site"] < treated) & (frame["period"] >= 3)).astype(int)
    frame["births"] = rng.uniform(1, 5, len(frame))
    shared = rng.normal(size=(units, periods))[frame["site"], frame["period"]]
    frame["y"] = shared + effect * frame["exposed"] + rng.normal(size=len(frame))
    return frame


@pytest.mark.parametrize("covariates", [[], ["x"]])
@pytest.mark.parametrize(("units", "scheme"), [(14, "Rademacher"), (8, "Webb six-point")])
def test_it_is_the_bootstrap_written_out_draw_by_draw(units, scheme, covariates):
    # least squares with dummies for every draw, the null imposed, the same signs
    data = panel(2, units=units, treated=3, effect=0.7, per_cluster=2)
    data["x"] = data["unit"] ** 2 * (data["period"] >= 3)
    option = {"covariates": covariates, "weights": "births", "cluster": "site"}
    found = wild_bootstrap(data, outcome="y", draws=99, seed=5, **option)
    effects = pd.get_dummies(data[["unit", "period"]].astype(str)).to_numpy(float)[:, 1:]
    effects = np.column_stack([effects, data[covariates]])
    X = np.column_stack([data["exposed"], np.ones(len(data)), effects])
    X = X[:, np.sort(_independent(X))]
    root = np.sqrt(data["births"].to_numpy())
    site = data["site"].to_numpy()

    def t_statistic(y):
        beta = np.linalg.lstsq(X * root[:, None], y * root, rcond=None)[0]
        residual = y - X @ beta
        row = np.linalg.pinv(X * root[:, None])[0] * root
        return beta[0] / math.sqrt(sum((row * residual)[site == g].sum() ** 2 for g in set(site)))

    y = data["y"].to_numpy()
    restricted = np.linalg.lstsq(X[:, 1:] * root[:, None], y * root, rcond=None)[0]
    fitted = X[:, 1:] @ restricted
    signs, used = _signs(units, 99, 5)
    drawn = [t_statistic(fitted + row[site] * (y - fitted)) for row in signs]
    expected = np.mean(np.abs(drawn) >= abs(t_statistic(y)) - 1e-9)
    assert found.effect.p_value == pytest.approx(expected)
    assert found.scheme == used == scheme


def _independent(X):
    kept: list[int] = []
    for column in range(X.shape[1]):
        if np.linalg.matrix_rank(X[:, [*kept, column]]) > len(kept):
            kept.append(column)
    return kept


def test_estimate_and_error_are_those_of_two_way_fixed_effects():
    data = panel(3)
    found = wild_bootstrap(data, outcome="y", weights="births")
    fit = two_way_fixed_effects(data, outcome="y", weights="births")
    assert found.effect.estimate == pytest.approx(fit.effect.estimate)
    assert found.effect.std_error == pytest.approx(fit.effect.std_error, rel=0.02)
    assert cr2(data, outcome="y", weights="births").estimate == pytest.approx(fit.effect.estimate)


def test_the_ends_of_the_interval_are_where_the_test_begins_to_reject():
    data = panel(4, effect=2.0)
    found = wild_bootstrap(data, outcome="y", draws=1999).effect
    for end, direction in ((found.ci_low, -1), (found.ci_high, 1)):
        moved = [
            wild_bootstrap(
                data.assign(y=data["y"] - (end + direction * step) * data["exposed"]),
                outcome="y",
                draws=1999,
            ).effect.p_value
            for step in (-0.05, 0.05)
        ]
        assert moved[0] > 0.05 >= moved[1]


def test_an_interval_without_an_end_is_open_and_not_made_up():
    # with one treated cluster every sign pattern fits: nothing is ever rejected
    found = wild_bootstrap(panel(5, treated=1), outcome="y", draws=999).effect
    assert found.p_value > 0.05
    assert found.ci_high - found.ci_low > 10 * found.std_error


def test_units_and_row_order_change_nothing_but_the_units():
    data = panel(6)
    one = wild_bootstrap(data, outcome="y", weights="births", draws=499).effect
    moved = data.assign(y=100 * data["y"] + 3, births=7 * data["births"])
    other = wild_bootstrap(
        moved.sample(frac=1, random_state=1), outcome="y", weights="births", draws=499
    ).effect
    assert other.p_value == one.p_value
    assert other.ci_low == pytest.approx(100 * one.ci_low, rel=1e-3)


def test_weights_of_nought_are_refused():
    with pytest.raises(DesignError, match="0 or negative"):
        wild_bootstrap(panel().assign(births=0.0), outcome="y", weights="births")


def test_a_panel_too_large_for_cr2_is_refused_with_a_way_out():
    with pytest.raises(DesignError, match="too many for CR2") as refusal:
        cr2(panel(units=1100), outcome="y")
    assert "clustered" in refusal.value.remedy
