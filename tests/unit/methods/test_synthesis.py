"""Pooling refuses what cannot be pooled, and follows its units."""

from __future__ import annotations

import pandas as pd
import pytest

from equieval.errors import DesignError
from equieval.methods.synthesis import pool

THREE = pd.DataFrame(
    {"estimate": [-0.4, -0.1, -0.9], "std_error": [0.1, 0.1, 0.2]}, index=["a", "b", "c"]
)


def test_the_prediction_interval_holds_the_pooled_one():
    found = pool(THREE)
    assert found.prediction_low < found.effect.ci_low
    assert found.prediction_high > found.effect.ci_high
    assert found.weights.sum() == pytest.approx(100)
    assert list(found.weights.index) == ["a", "b", "c"]


def test_units_and_order_change_nothing_but_the_units():
    scaled = pool(1000 * THREE.iloc[[2, 0, 1]])
    assert scaled.effect.estimate == pytest.approx(1000 * pool(THREE).effect.estimate)
    assert scaled.effect.ci_low == pytest.approx(1000 * pool(THREE).effect.ci_low)
    assert scaled.i2 == pytest.approx(pool(THREE).i2)


@pytest.mark.parametrize(
    ("studies", "words"),
    [
        (THREE.iloc[:2], "too few to pool"),
        (THREE.assign(synthetic=[True, False, False]), "never pool with real"),
        (THREE.assign(std_error=[0.1, 0.0, 0.2]), "'b' has no usable"),
        (THREE.assign(estimate=[0.1, 0.2, "none"]), "'c' has no usable"),
        (THREE.set_axis(["a", "b", "a"]), "'a' occurs twice"),
        (THREE.drop(columns="std_error"), "no column 'std_error'"),
    ],
)
def test_what_cannot_be_pooled_is_refused_with_a_remedy(studies, words):
    with pytest.raises(DesignError, match=words) as refusal:
        pool(studies)
    assert refusal.value.remedy
