"""Counts with autocorrelation against R: drivers killed in Great Britain (datasets::Seatbelts).

R 4.2, nlme: quasi-Poisson start from ``glm(e ~ ., quasipoisson, offset = log(kms))``, then
``gls(z ~ ., weights = varFixed(~ 1/mu), correlation = corAR1(), method = "REML")`` on the working
response, repeated until the coefficients stand still; 1981-84, seat-belt law in February 1983.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equieval.methods.its_counts import fit_quasi_poisson_ar1
from equieval.methods.its_design import segmented

KILLED = """111 106 98 84 94 105 123 109 130 153 134 99 115 104 131 108 103 115 122 122 125 137
138 152 120 95 100 89 82 89 60 84 113 126 122 118 92 86 81 84 87 90 79 96 122 120 137 154"""
KILOMETRES = """15226 14932 16846 16854 18146 17559 18655 19453 17923 17915 16496 13544 13601 15667
17358 18112 18581 18759 20668 21040 18993 18668 16768 16551 16231 15511 18308 17793 19205 19162
20997 20705 18759 19240 17504 16591 16224 16670 18539 19759 19584 19976 21486 21626 20195 19928
18564 18149"""


@pytest.fixture(scope="module")
def fit():
    months = pd.period_range("1981-01", periods=48, freq="M")
    killed, kilometres = (
        pd.Series([float(value) for value in text.split()], months) for text in (KILLED, KILOMETRES)
    )
    design = segmented(months, pd.Period("1983-02", "M"), fourier_pairs=1)
    return fit_quasi_poisson_ar1(killed, kilometres, design)


def test_coefficients_are_those_of_r(fit):
    expected = [
        -5.02242721222,
        0.00054639431,
        -0.25397347124,
        0.00265283010,
        -0.15111846499,
        0.19155655806,
    ]
    np.testing.assert_allclose(fit.params, expected, rtol=0, atol=2e-7)


def test_standard_errors_autocorrelation_and_dispersion_are_those_of_r(fit):
    # R's standard errors leave out what estimating the autocorrelation costs
    expected = [0.0664127611, 0.0045597454, 0.0969680096, 0.0072911866, 0.0357377532, 0.0330772988]
    np.testing.assert_allclose(np.sqrt(np.diag(fit.reml.cov)), expected, rtol=1e-5)
    assert (fit.std_error.to_numpy() >= np.array(expected) * (1 - 1e-5)).all()
    assert fit.phi == pytest.approx(0.353258219, abs=1e-6)
    assert fit.dispersion == pytest.approx(1.70520668, abs=1e-5)
