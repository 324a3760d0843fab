"""Controlled interrupted time series: R's nlme, and what the difference must equal.

R 4.2.2, nlme 3.1-162, on the series below written to a file:
gls(y ~ 0 + series + series:t + post + since + tr:post + tr:since, d,
    correlation = corAR1(form = ~ t | series), weights = varFixed(~ I(1/size)), method = "REML")
with size relative to its mean (and without weights).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equieval.methods.its import fit_reml_ar1
from equieval.methods.its_controlled import controlled_its
from equieval.methods.its_design import segmented

MONTHS = pd.period_range("2019-01", periods=36, freq="M")
START = MONTHS[20]
SIZES = {"treated": 500.0, "large": 2000.0, "small": 250.0}


@pytest.fixture(scope="module")
def series():
    t = np.arange(36)
    post, since = t >= 20, np.maximum(0, t - 20)

    def wave(a, b):
        return np.sin(a * t) + np.cos(b * t * t / 7.0)

    return pd.DataFrame(
        {
            "treated": 20 + 0.1 * t - 1.5 * post - 0.05 * since + 0.6 * wave(1.3, 0.9),
            "large": 18 + 0.12 * t - 0.4 * post + 0.3 * wave(0.7, 1.1),
            "small": 22 + 0.05 * t - 0.2 * post + 0.9 * wave(2.1, 0.4),
        },
        index=MONTHS,
    )


@pytest.mark.parametrize(
    ("sizes", "post", "since", "shared", "phi", "sigma", "log_likelihood"),
    [
        (
            None,
            (-0.5403920328, 0.5149019840),
            (-0.0558384212, 0.0512868105),
            (-0.1038058661, 0.2972787991),
            -0.0373538361,
            0.649586229,
            -121.7556581,
        ),
        (
            SIZES,
            (-0.4814061675, 0.5501591599),
            (-0.0247533083, 0.0571285255),
            (-0.1195379894, 0.2345886540),
            0.179842778,
            0.48841576,
            -108.9634314,
        ),
    ],
)
def test_the_stacked_model_is_that_of_nlme(
    series, sizes, post, since, shared, phi, sigma, log_likelihood
):
    controls = series[["large", "small"]]
    fit = controlled_its(series["treated"], controls, START, sizes=sizes).stacked
    expected = {"post": post, "since": since, "post, controls": shared}
    for name, (estimate, error) in expected.items():
        found = fit.coefficient(name)
        assert found.estimate == pytest.approx(estimate, abs=2e-8)
        assert found.std_error == pytest.approx(error, abs=2e-8)
    assert fit.phi == pytest.approx(phi, abs=2e-8)
    assert fit.sigma == pytest.approx(sigma, abs=2e-8)
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=1e-6)
    assert fit.n_obs == 108


def test_the_difference_is_the_plain_model_of_the_difference(series):
    # itself held to R's gls in test_its.py
    found = controlled_its(series["treated"], series[["large"]], START).difference
    plain = fit_reml_ar1(series["treated"] - series["large"], segmented(MONTHS, START))
    pd.testing.assert_series_equal(found.params, plain.params)
    pd.testing.assert_frame_equal(found.cov, plain.cov)
