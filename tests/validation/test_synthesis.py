"""Pooling against R's metafor 3.8-1."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

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
    assert found.prediction_low == pytest.approx(-0.494614884151, abs=1e-8)
    assert found.prediction_high == pytest.approx(0.112271916585, abs=1e-8)


def test_bcg_vaccine_trials_are_those_of_metafor():
    # escalc(measure = "RR", ...) of metadat::dat.bcg, then rma(..., test = "knha")
    tpos = np.array([4, 6, 3, 62, 33, 180, 8, 505, 29, 17, 186, 5, 27])
    tneg = [119, 300, 228, 13536, 5036, 1361, 2537, 87886, 7470, 1699, 50448, 2493, 16886]
    cpos = np.array([11, 29, 11, 248, 47, 372, 10, 499, 45, 65, 141, 3, 29])
    cneg = [128, 274, 209, 12619, 5761, 1079, 619, 87892, 7232, 1600, 27197, 2338, 17825]
    treated, control = tpos + tneg, cpos + cneg
    trials = pd.DataFrame(
        {
            "estimate": np.log(tpos / treated / (cpos / control)),
            "std_error": np.sqrt(1 / tpos - 1 / treated + 1 / cpos - 1 / control),
        }
    )
    found = pool(trials, never_narrower=False)
    assert found.tau2 == pytest.approx(0.3132432581, abs=1e-8)
    assert found.effect.estimate == pytest.approx(-0.7145323422, abs=1e-8)
    assert found.effect.std_error == pytest.approx(0.1807917441, abs=1e-8)
    assert found.prediction_low == pytest.approx(-1.9960168342, abs=1e-7)
    assert found.q == pytest.approx(152.2330080824, abs=1e-8)


def test_evaluations_that_agree_by_luck_do_not_narrow_the_interval():
    # rma(..., test = "knha") gives a standard error of .0052, test = "adhoc" .0768
    assert pool(ALIKE, never_narrower=False).effect.std_error == pytest.approx(0.005204756678)
    assert pool(ALIKE).effect.std_error == pytest.approx(0.07682212796)
    assert pool(ALIKE).tau2 == 0
