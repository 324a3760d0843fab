"""HonestDiD against the intervals published with the Medicaid example."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

from equieval.methods.honest import EventStudy, breakdown_value, relative_magnitudes
from equieval.methods.honest import _vertices as vertices
from equieval.methods.honest_smoothness import smoothness, smoothness_breakdown_value

PUBLISHED = json.loads((Path(__file__).parent / "honest-did-medicaid.json").read_text())


@pytest.fixture(scope="module")
def medicaid():
    return EventStudy(
        np.array(PUBLISHED["estimates"]), np.array(PUBLISHED["covariance"]), PUBLISHED["n_before"]
    )


def test_relative_magnitudes_are_those_published(medicaid):
    expected = PUBLISHED["relative_magnitudes"]
    found = relative_magnitudes(medicaid, [float(value) for value in expected])
    np.testing.assert_allclose(
        found[["ci_low", "ci_high"]], list(expected.values()), rtol=0, atol=5e-4
    )


def test_the_finding_falls_between_the_published_values_that_hold_and_that_do_not(medicaid):
    # published: 1.5 excludes no effect, 2 does not
    assert 1.5 < breakdown_value(medicaid) < 2


def test_smoothness_intervals_are_those_published(medicaid):
    expected = PUBLISHED["smoothness"]
    found = smoothness(medicaid, [float(value) for value in expected])
    np.testing.assert_allclose(
        found[["ci_low", "ci_high"]], list(expected.values()), rtol=0, atol=5e-4
    )


def test_smoothness_falls_between_the_published_bends_that_hold_and_that_do_not(medicaid):
    # published: 0.02 excludes no effect, 0.03 does not
    assert 0.02 < smoothness_breakdown_value(medicaid) < 0.03


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_the_dual_vertices_solve_the_linear_program(n):
    # min over (eta, effects) of eta: y - X effects <= eta * deviation, by HiGHS
    rng = np.random.default_rng(n)
    for _ in range(20):
        differences = np.tril(np.ones((n, n)))
        differences = np.linalg.inv(differences)
        target = rng.normal(size=n)
        effects = np.linalg.qr(np.column_stack([target, rng.normal(size=(n, n - 1))]))[0]
        X = np.vstack([differences, -differences]) @ effects[:, 1:]
        y, deviation = rng.normal(size=2 * n), rng.uniform(0.5, 2, size=2 * n)
        primal = linprog(
            np.eye(n)[0],
            A_ub=-np.column_stack([deviation, X]),
            b_ub=-y,
            bounds=[(None, None)] * n,
        )
        direction = np.linalg.solve(differences.T, target)
        dual = (vertices(direction, deviation) @ y).max()
        assert dual == pytest.approx(primal.fun, abs=1e-9)
