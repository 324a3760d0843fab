"""Pooling against R's metafor 3.8-1, and the prediction interval against independent sums."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from equieval.methods.synthesis import pool

SEVEN = pd.DataFrame(
    {
        "estimate": [-0.42, -0.10, -0.35, 0.12, -0.61, -0.20, 0.05],
        "std_error": [0.15, 0.12, 0.22, 0.18, 0.30, 0.09, 0.25],
    }
)
ALIKE = pd.DataFrame({"estimate": [0.10, 0.12, 0.11], "std_error": [0.1, 0.2, 0.15]})


def test_reml_with_hartung_knapp_is_that_of_metafor():
    # rma(yi, sei = sei, method = "REML", test = "knha"); predict(m)
    found = pool(SEVEN, never_narrower=False)
    assert found.effect.estimate == pytest.approx(-0.191171483783, abs=1e-9)
    assert found.effect.std_error == pytest.approx(0.078824587508, abs=1e-9)
    assert found.effect.ci_low == pytest.approx(-0.384048301118, abs=1e-8)
    assert found.effect.p_value == pytest.approx(0.051492100, abs=1e-8)
    assert found.tau2 == pytest.approx(0.009165353208, abs=1e-9)
    assert found.i2 == pytest.approx(26.880939231859, abs=1e-5)
    assert (found.q, found.q_p_value) == pytest.approx((9.302366324, 0.157273654), abs=1e-8)


def bcg_trials() -> pd.DataFrame:
    """escalc(measure = "RR", ...) of metadat::dat.bcg."""
    tpos = np.array([4, 6, 3, 62, 33, 180, 8, 505, 29, 17, 186, 5, 27])
    tneg = [119, 300, 228, 13536, 5036, 1361, 2537, 87886, 7470, 1699, 50448, 2493, 16886]
    cpos = np.array([11, 29, 11, 248, 47, 372, 10, 499, 45, 65, 141, 3, 29])
    cneg = [128, 274, 209, 12619, 5761, 1079, 619, 87892, 7232, 1600, 27197, 2338, 17825]
    treated, control = tpos + tneg, cpos + cneg
    return pd.DataFrame(
        {
            "estimate": np.log(tpos / treated / (cpos / control)),
            "std_error": np.sqrt(1 / tpos - 1 / treated + 1 / cpos - 1 / control),
        }
    )


def test_bcg_vaccine_trials_are_those_of_metafor():
    # rma(..., test = "knha")
    found = pool(bcg_trials(), never_narrower=False)
    assert found.tau2 == pytest.approx(0.3132432581, abs=1e-8)
    assert found.effect.estimate == pytest.approx(-0.7145323422, abs=1e-8)
    assert found.effect.std_error == pytest.approx(0.1807917441, abs=1e-8)
    assert found.q == pytest.approx(152.2330080824, abs=1e-8)


def test_evaluations_that_agree_by_luck_do_not_narrow_the_interval():
    # rma(..., test = "knha") gives a standard error of .0052, test = "adhoc" .0768
    assert pool(ALIKE, never_narrower=False).effect.std_error == pytest.approx(0.005204756678)
    assert pool(ALIKE).effect.std_error == pytest.approx(0.07682212796)
    assert pool(ALIKE).tau2 == 0


def test_the_interval_of_the_variance_is_the_q_profile_of_metafor():
    # confint(rma(...)) of the same trials, as metafor's documentation prints it
    found = pool(bcg_trials())
    assert (found.tau2_low, found.tau2_high) == pytest.approx((0.1197, 1.1115), abs=5e-5)


# Riley, Higgins & Deeks (2011, BMJ 342:d549), as R's pimeta gives them
PRESSURE = pd.DataFrame(
    {
        "estimate": [0.0, 0.1, -0.4, -0.8, -0.63, 0.22, -0.34, -0.51, 0.03, -0.81],
        "std_error": [
            *(0.42347717, 0.21939179, 0.02551067, 0.19898325, 0.30102594),
            *(0.30102594, 0.07142988, 0.10204269, 0.12245123, 0.30102594),
        ],
    }
)


@pytest.mark.parametrize("studies", [PRESSURE, SEVEN, PRESSURE.iloc[3:7]], ids=["10", "7", "4"])
def test_the_prediction_interval_is_that_of_effects_drawn_one_by_one(studies):
    """The same distribution by other means: a root for every draw, and the quantiles of draws."""
    rng = np.random.default_rng(3)
    e, v = studies["estimate"].to_numpy(), studies["std_error"].to_numpy() ** 2

    def q(tau2: float) -> float:
        return float(((e - np.average(e, weights=1 / (v + tau2))) ** 2 / (v + tau2)).sum())

    drawn = []
    for target, of_mean, of_effect in zip(
        rng.chisquare(len(e) - 1, 4_000), *rng.normal(size=(2, 4_000)), strict=True
    ):
        tau2 = 0.0 if q(0.0) <= target else optimize.brentq(lambda t, x=target: q(t) - x, 0, 1e5)
        mean = np.average(e, weights=1 / (v + tau2))
        drawn.append(mean + of_mean / np.sqrt((1 / (v + tau2)).sum()) + of_effect * np.sqrt(tau2))
    found = pool(studies)
    held = (np.array(drawn) > found.prediction_low) & (np.array(drawn) < found.prediction_high)
    assert held.mean() == pytest.approx(0.95, abs=2.6 * np.sqrt(0.0475 / 4_000))
    assert np.mean(np.array(drawn) < found.prediction_low) == pytest.approx(0.025, abs=0.0065)


@pytest.mark.parametrize("n", [3, 8, 40])
def test_of_studies_without_errors_of_their_own_the_prediction_is_the_textbook_one(n):
    """mean ± t √(1 + 1/n) s: the next value of a normal sample."""
    values = np.random.default_rng(n).normal(size=n)
    found = pool(pd.DataFrame({"estimate": values, "std_error": np.full(n, 1e-5)}))
    half = stats.t.ppf(0.975, n - 1) * np.sqrt(1 + 1 / n) * values.std(ddof=1)
    assert found.prediction_low == pytest.approx(values.mean() - half, abs=2e-3 * half)
    assert found.prediction_high == pytest.approx(values.mean() + half, abs=2e-3 * half)
