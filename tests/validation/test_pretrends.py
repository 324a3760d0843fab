"""Power of the pre-trend test against the figures printed with Roth's R package."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from diff_diff.pretrends import _compute_nis_acceptance_prob

from equieval.methods.honest import EventStudy
from equieval.methods.pretrends import pretrend_power, undetected_slope

PUBLISHED = json.loads((Path(__file__).parent / "pretrends-he-wang.json").read_text())
SLOPE = PUBLISHED["slope_for_power_0.5"]


@pytest.fixture(scope="module")
def he_wang():
    return EventStudy(
        np.array(PUBLISHED["estimates"]), np.array(PUBLISHED["covariance"]), PUBLISHED["n_before"]
    )


def test_the_slope_found_half_the_time_is_the_one_published(he_wang):
    # R's uniroot stops within 1.2e-4 of the root
    assert undetected_slope(he_wang) == pytest.approx(SLOPE, abs=2e-5)


def test_power_and_evidence_at_that_slope_are_those_published(he_wang):
    found = pretrend_power(he_wang, SLOPE)
    assert found.power == pytest.approx(PUBLISHED["power"], abs=1e-4)
    # R integrates to 1e-3 and tests at 1.96
    assert found.bayes_factor == pytest.approx(PUBLISHED["bayes_factor"], abs=3e-4)
    assert found.likelihood_ratio == pytest.approx(PUBLISHED["likelihood_ratio"], abs=1e-6)


def test_what_is_left_after_passing_is_as_published(he_wang):
    found = pretrend_power(he_wang, SLOPE).drift
    np.testing.assert_allclose(
        found["after_passing"], PUBLISHED["mean_after_pretesting"], rtol=0, atol=2e-5
    )
    assert found["event_time"].tolist() == [-4, -3, -2, 0, 1, 2, 3]


def test_diff_diff_gives_the_same_chance_of_passing(he_wang):
    before = he_wang.covariance[:3, :3]
    drift = SLOPE * np.array([-3.0, -2.0, -1.0])
    passing = _compute_nis_acceptance_prob(1.0, drift, before, 1.959964)
    assert pretrend_power(he_wang, SLOPE).power == pytest.approx(1 - passing, abs=5e-4)
