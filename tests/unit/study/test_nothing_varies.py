"""Series in which nothing varies: every row says why, and none has an interval."""

from __future__ import annotations

from dataclasses import replace

import pytest

from equieval.data import Observations
from equieval.protocol import Evaluation
from equieval.study.its import effect, inequality_effect
from equieval.study.robustness import robustness


@pytest.fixture(scope="module")
def alike(observations: Observations) -> Observations:
    """Every group's rate the same in every period."""
    return replace(observations, table=observations.table.assign(numerator=50.0, denominator=100.0))


@pytest.mark.parametrize("analyse", [effect, inequality_effect, robustness])
def test_no_interval_comes_of_figures_that_never_vary(
    evaluation: Evaluation, alike: Observations, analyse
) -> None:
    found = analyse(evaluation, alike).estimates
    assert len(found)
    assert found[["estimate", "std_error", "ci_low", "ci_high", "p_value"]].isna().all(axis=None)
    assert found["note"].str.contains("no variation is left|nothing varies|cannot carry").all()


def test_without_a_model_there_are_no_residuals_and_the_reason_is_told(
    evaluation: Evaluation, alike: Observations
) -> None:
    found = robustness(evaluation, alike)
    assert found.frame("autocorrelation").empty
    tests = found.frame("residual-tests")
    assert "no variation is left" in tests["refused"].item()
    assert not tests["concern"].any()
