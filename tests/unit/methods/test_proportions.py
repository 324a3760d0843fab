"""Intervals of proportions and rates: against exact tests, and at the edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from equieval.errors import DataError
from equieval.methods.proportions import byar, directly_standardised_rate, wilson


def test_wilson_is_that_of_statsmodels():
    x, n = np.array([0, 1, 17, 65, 100]), np.array([100, 9, 400, 100, 100])
    low, high = proportion_confint(x, n, method="wilson")
    found = wilson(x, n)
    np.testing.assert_allclose(found["ci_low"], low, atol=1e-12)
    np.testing.assert_allclose(found["ci_high"], high, atol=1e-12)


def test_limits_stay_inside_at_none_and_all():
    found = wilson([0, 50], [50, 50], per=100)
    assert found.loc[0, "ci_low"] == 0
    assert found.loc[1, "ci_high"] == 100


def test_few_events_have_the_exact_poisson_interval():
    # R: poisson.test(c(0, 3, 9))$conf.int
    found = byar([0, 3, 9])
    np.testing.assert_allclose(found["ci_low"], [0, 0.6186721, 4.115373], atol=1e-6)
    np.testing.assert_allclose(found["ci_high"], [3.688879, 8.767273, 17.08480], atol=1e-5)


def test_missing_stays_missing_and_the_index_is_kept():
    numerator = pd.Series([5.0, np.nan, 5.0], index=["a", "b", "c"])
    denominator = pd.Series([50.0, 50.0, 0.0], index=["a", "b", "c"])
    for interval in (wilson, byar):
        found = interval(numerator, denominator)
        assert found.loc["a"].notna().all()
        assert found.loc[["b", "c"]].isna().all(axis=None)


def test_a_numerator_over_its_denominator_is_refused():
    with pytest.raises(DataError, match="larger than its denominator"):
        wilson([5], [4])


def test_dobson_of_equal_weights_is_byar_of_the_total():
    # with one exposure and equal weights the standardised rate is the crude one
    rate = directly_standardised_rate([20, 30, 15], [1000] * 3, [1, 1, 1], per=1000).iloc[0]
    crude = byar([65], [3000], per=1000).iloc[0]
    np.testing.assert_allclose(rate, crude)


def test_a_standardised_rate_on_fewer_than_ten_events_has_no_interval():
    rate = directly_standardised_rate([3, 2], [1000, 1000], [1, 1]).iloc[0]
    assert rate["estimate"] == pytest.approx(0.0025)
    assert np.isnan(rate["ci_low"])
