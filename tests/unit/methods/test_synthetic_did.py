"""Synthetic difference-in-differences: weights by another solver, and what is refused.

By hand, on the Proposition 99 data of the authors' R package synthdid (39 states, 1970-2000):
−15.6038; published −15.60 (Arkhangelsky et al. 2021, Table 1).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from equieval.errors import DesignError
from equieval.methods.synthetic_did import synthetic_did


def panel(seed=1, units=15, effect=0.0, treated=1):
    rng = np.random.default_rng(seed)
    factor = np.cumsum(rng.normal(size=12))
    load = rng.uniform(0.5, 1.5, units)
    frame = pd.MultiIndex.from_product([range(units), range(12)], names=["unit", "period"])
    frame = frame.to_frame(index=False)
    frame["exposed"] = ((frame["unit"] < treated) & (frame["period"] >= 8)).astype(int)
    frame["y"] = (
        load[frame["unit"]] * factor[frame["period"]]
        + frame["unit"]
        + 0.3 * rng.normal(size=len(frame))
        + effect * frame["exposed"]
    )
    return frame


def by_hand(data, n_before=8, n_treated=1):
    """The estimator as the paper writes it, its two quadratic programs by SLSQP."""
    Y = data.pivot(index="unit", columns="period", values="y").to_numpy()
    treated, controls = Y[:n_treated], Y[n_treated:]
    noise = np.diff(controls[:, :n_before], axis=1).std(ddof=1)
    zeta = (n_treated * (Y.shape[1] - n_before)) ** 0.25 * noise

    def weights(A, b, penalty):
        A, b = A - A.mean(axis=0), b - b.mean()

        def loss(w):
            return ((A @ w - b) ** 2).sum() + penalty * (w**2).sum()

        def slope(w):
            return 2 * A.T @ (A @ w - b) + 2 * penalty * w

        size = A.shape[1]
        return minimize(
            loss,
            np.full(size, 1 / size),
            jac=slope,
            bounds=[(0, 1)] * size,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
            options={"ftol": 1e-14, "maxiter": 1_000},
        ).x

    omega = weights(
        controls[:, :n_before].T, treated[:, :n_before].mean(axis=0), zeta**2 * n_before
    )
    after = controls[:, n_before:].mean(axis=1)
    ridge = (1e-6 * noise) ** 2 * len(controls)
    lam = weights(controls[:, :n_before], after, ridge)
    change = Y[:, n_before:].mean(axis=1) - Y[:, :n_before] @ lam
    return change[:n_treated].mean() - omega @ change[n_treated:], omega, lam


@pytest.mark.parametrize("treated", [1, 3])
def test_estimate_and_weights_are_those_of_the_paper_written_out(treated):
    data = panel(effect=2.0, treated=treated)
    found = synthetic_did(data, outcome="y", placebos=20)
    estimate, omega, lam = by_hand(data, n_treated=treated)
    assert found.effect.estimate == pytest.approx(estimate, abs=0.02)
    np.testing.assert_allclose(found.unit_weights, omega, atol=0.01)
    np.testing.assert_allclose(found.time_weights, lam, atol=0.02)
    assert list(found.time_weights.index) == list(range(8))


def test_it_finds_an_effect_that_parallel_trends_would_miss():
    found = synthetic_did(panel(3, units=30, effect=3.0), outcome="y", placebos=100).effect
    assert found.ci_low < 3.0 < found.ci_high
    assert found.p_value < 0.01


def test_the_same_seed_gives_the_same_interval():
    one, again = (synthetic_did(panel(), outcome="y", placebos=30, seed=7) for _ in range(2))
    assert one.effect == again.effect


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (panel(units=5, treated=3), "cannot stand in"),
        (panel().drop(index=3), "miss some periods"),
        (panel()[lambda frame: frame["period"] >= 7], "at least two periods"),
        (panel().assign(exposed=lambda f: f["exposed"] * (f["period"] < 11)), "must last"),
    ],
)
def test_what_cannot_be_estimated_is_refused_with_a_remedy(data, words):
    with pytest.raises(DesignError, match=words) as refusal:
        synthetic_did(data, outcome="y", placebos=20)
    assert refusal.value.remedy
