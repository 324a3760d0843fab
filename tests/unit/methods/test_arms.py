"""Errors learnt from two arms: held to Welch, to brute force, and to draws without effect."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from equieval.methods.arms import Arms, spread_of_mean
from equieval.methods.staggered import callaway_santanna

SMALL, LARGE = 8, 30


def arms_of(values, exposed):
    """Return arms whose units count alike, and what each contributes to the means' difference."""
    influence = np.zeros_like(values)
    for arm, sign in ((exposed, 1), (~exposed, -1)):
        influence[arm] = sign * (values[arm] - values[arm].mean(axis=0)) / arm.sum()
    arms = Arms.of(exposed, np.ones(len(values)))
    return arms, arms.unbiased(influence)


@pytest.mark.parametrize("treated", [2, 6, 17])
def test_units_alike_are_compared_as_welch_does(treated):
    rng = np.random.default_rng(treated)
    exposed = np.arange(20) < treated
    values = rng.normal(size=20) * np.where(exposed, 3.0, 1.0)
    difference = values[exposed].mean() - values[~exposed].mean()
    arms, influence = arms_of(values, exposed)
    found = arms.contrast(difference, influence)
    welch = stats.ttest_ind(values[exposed], values[~exposed], equal_var=False)
    assert found.df == pytest.approx(welch.df)
    assert found.p_value == pytest.approx(welch.pvalue)


def test_an_arm_of_one_unit_gives_no_interval():
    values = np.random.default_rng(1).normal(size=20)
    arms, influence = arms_of(values, np.arange(20) < 1)
    alone = arms.contrast(1.0, influence)
    assert alone.estimate == 1
    assert all(math.isnan(part) for part in (alone.std_error, alone.ci_low, alone.p_value))


@pytest.mark.parametrize("size", [2, 5, 40])
def test_the_spread_of_a_weighted_mean_is_that_of_its_quadratic_form(size):
    # sums of squared influence as x'Sx: its mean and variance are tr S and 2 tr SS
    weights = np.random.default_rng(size).random(size) + 0.1
    share = weights / weights.sum()
    about = np.eye(size) - share
    form = about.T @ (share[:, None] ** 2 * about)
    correction, df = spread_of_mean(weights)
    assert correction == pytest.approx(share @ share / np.trace(form))
    assert df == pytest.approx(np.trace(form) ** 2 / np.trace(form @ form))
    assert spread_of_mean(np.ones(size)) == pytest.approx((size / (size - 1), size - 1))


def test_slopes_take_degrees_of_freedom_and_may_leave_none():
    assert spread_of_mean(np.ones(12), 2) == pytest.approx((12 / 9, 9))
    assert all(math.isnan(value) for value in spread_of_mean(np.ones(3), 2))
    assert all(math.isnan(value) for value in spread_of_mean(np.ones(1)))


def test_a_joint_test_of_unlike_arms_rejects_as_often_as_it_says():
    # three outcomes; the small arm varies three times as much: 1,000 draws without any difference
    rng = np.random.default_rng(7)
    exposed = np.arange(SMALL + LARGE) < SMALL
    scale = np.where(exposed, 3.0, 1.0)[:, None]
    mixed = rng.normal(size=(3, 3))
    rejected = 0
    for _ in range(1_000):
        values = scale * (rng.normal(size=(len(exposed), 3)) @ mixed)
        arms, influence = arms_of(values, exposed)
        difference = values[exposed].mean(axis=0) - values[~exposed].mean(axis=0)
        statistic, within = arms.test(difference, influence)
        rejected += stats.f.sf(statistic, 3, within) < 0.05
    assert 0.02 < rejected / 1_000 < 0.075


def test_cohorts_that_all_start_at_once_are_compared_as_welch_does():
    # one cohort, one comparison: each unit's mean change since the last period before the start
    rng = np.random.default_rng(3)
    frame = pd.MultiIndex.from_product([range(18), range(1, 7)], names=["unit", "period"]).to_frame(
        index=False
    )
    frame["first_exposed"] = np.where(frame["unit"] < 5, 4, 0)
    frame["y"] = rng.normal(size=len(frame)) * np.where(frame["unit"] < 5, 2.0, 1.0)
    wide = frame.pivot(index="unit", columns="period", values="y")
    change = wide[[4, 5, 6]].mean(axis=1) - wide[3]
    welch = stats.ttest_ind(change[:5], change[5:], equal_var=False)
    found = callaway_santanna(frame, outcome="y").aggregate("simple").few_clusters
    assert found.df == pytest.approx(welch.df)
    assert found.p_value == pytest.approx(welch.pvalue)
    # a cluster of its own for each unit is the same thing
    own = callaway_santanna(frame.assign(site=frame["unit"]), outcome="y", cluster="site")
    assert own.aggregate("simple").few_clusters.as_row() == pytest.approx(found.as_row())
