"""Does the interval under relative magnitudes hold the truth as often as it says?"""

from __future__ import annotations

import math

import numpy as np
import pytest

from equieval.methods.honest import EventStudy, relative_magnitudes


@pytest.mark.simulation
def test_the_interval_holds_the_truth_at_least_as_often_as_it_says():
    # trends differ after exposure exactly as much as they ever did before: M = 1
    rng = np.random.default_rng(2)
    delta = np.array([0.0, 0.3, 0.0, 0.0, 0.3, 0.3])  # 4 before (the reference, 0, then) 2 after
    truth = delta + np.array([0, 0, 0, 0, 1.0, 1.0])
    covariance = 0.01 * (0.6 * np.eye(6) + 0.4)
    root = np.linalg.cholesky(covariance)
    held = 0
    for _ in range(1_000):
        draw = EventStudy(truth + root @ rng.normal(size=6), covariance, 4)
        found = relative_magnitudes(draw, [1.0]).iloc[0]
        held += found["ci_low"] <= 1.0 <= found["ci_high"]
    assert held / 1_000 >= 0.95 - 2.58 * math.sqrt(0.05 * 0.95 / 1_000)
