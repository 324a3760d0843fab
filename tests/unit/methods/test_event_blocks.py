"""Blocks of an event study are differences of means, with the covariance that follows."""

from __future__ import annotations

import numpy as np
import pytest

from equieval.errors import DesignError
from equieval.methods.event_blocks import effects_of, in_blocks
from equieval.methods.honest import EventStudy


def study(before: int = 6, after: int = 5) -> EventStudy:
    draw = np.random.default_rng(5)
    root = draw.normal(size=(before + after, before + after))
    return EventStudy(draw.normal(size=before + after), root @ root.T, before)


def test_a_block_is_the_mean_of_its_periods_against_the_reference_block() -> None:
    """By hand: event times −6,−5 | −4,−3 | −2,−1 | 0,1 | 2,3, with 0 at −1."""
    monthly = study()
    found = in_blocks(monthly, 2)
    full = np.insert(monthly.estimates, 6, 0.0)  # event time −7 at place 0
    means = full[1:11].reshape(5, 2).mean(axis=1)
    expected = np.delete(means - means[2], 2)
    assert found.n_before == 2
    assert found.estimates == pytest.approx(expected)
    draws = np.random.default_rng(1).multivariate_normal(np.zeros(11), monthly.covariance, 200_000)
    zeros = np.insert(draws, 6, 0.0, axis=1)[:, 1:11].reshape(-1, 5, 2).mean(axis=2)
    simulated = np.cov(np.delete(zeros - zeros[:, [2]], 2, axis=1).T)
    assert found.covariance == pytest.approx(simulated, abs=0.02 * np.abs(simulated).max())


def test_blocks_of_one_change_nothing() -> None:
    monthly = study()
    same = in_blocks(monthly, 1)
    assert same.estimates == pytest.approx(monthly.estimates)
    assert same.covariance == pytest.approx(monthly.covariance)


def test_the_frame_has_the_reference_and_bands_wider_than_intervals() -> None:
    frame = effects_of(study(3, 2)).set_index("event_time")
    assert list(frame.index) == [-4, -3, -2, -1, 0, 1]
    assert frame.loc[-1, "estimate"] == 0
    known = frame.drop(-1)
    assert (known["band_high"] > known["ci_high"]).all()


def test_too_few_periods_are_refused() -> None:
    with pytest.raises(DesignError, match="do not fill"):
        in_blocks(study(3, 2), 3)
    with pytest.raises(DesignError, match="holds nothing"):
        in_blocks(study(), 0)
