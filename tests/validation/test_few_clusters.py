"""CR2 with Bell-McCaffrey degrees of freedom against R's clubSandwich 0.5.8."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equieval.methods.few_clusters import cr2


@pytest.fixture(scope="module")
def states(organ_donation):
    # d$x4 <- State %in% c("California", "Ohio") & quarter >= "2011Q3"
    # d$w <- 1 + as.integer(factor(State)) %% 5; d$region <- as.integer(factor(State)) %% 9
    code = organ_donation["state"].astype("category").cat.codes + 1
    after = organ_donation["period"] >= pd.Period("2011Q3", freq="Q")
    return organ_donation.assign(
        exposed=(organ_donation["state"].isin(["California", "Ohio"]) & after).astype(int),
        w=1.0 + code % 5,
        region=code % 9,
    )


@pytest.mark.parametrize(
    ("options", "estimate", "std_error", "df", "p_value"),
    [
        ({}, -0.01410533333, 0.01061148830, 1.16608904292, 0.38639344798),
        ({"weights": "w"}, -0.01821244444, 0.01102000613, 1.14632411793, 0.32229729873),
        ({"cluster": "region"}, -0.014105333333, 0.006930574831, 1.149464844601, 0.264519887895),
    ],
)
def test_cr2_is_that_of_club_sandwich(states, options, estimate, std_error, df, p_value):
    # coef_test(lm(Rate ~ x4 + factor(State) + factor(q), d, weights), "CR2", cluster, coefs = "x4")
    found = cr2(states, outcome="rate", unit="state", **options)
    np.testing.assert_allclose(
        [found.estimate, found.std_error, found.df, found.p_value],
        [estimate, std_error, df, p_value],
        rtol=1e-8,
    )
