"""Imputation and Goodman-Bacon on county employment: published answers and direct arithmetic."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from equieval.errors import DesignError
from equieval.methods.did import two_way_fixed_effects
from equieval.methods.staggered_alternatives import (
    goodman_bacon,
    imputation,
    sun_abraham,
    sun_abraham_average,
)

COLUMNS = {"outcome": "lemp", "first_exposed": "first", "unit": "county", "period": "year"}


def test_imputation_is_the_published_estimate(mpdta):
    # METHODS: imputation = two-stage = ETWFE = -.04771
    assert imputation(mpdta, **COLUMNS).estimate == pytest.approx(-0.04771, abs=5.1e-6)


def test_the_error_of_imputation_is_that_of_resampled_counties(mpdta):
    # imputation written out, over 200 resamples of counties: the authors' error is conservative
    wide = mpdta.pivot(index="county", columns="year", values="lemp").to_numpy()
    first = mpdta.groupby("county")["first"].first().to_numpy()
    years = np.arange(2003, 2008)
    rng = np.random.default_rng(1)
    draws = []
    for number in range(201):
        chosen = np.arange(500) if number == 0 else rng.integers(0, 500, 500)
        exposed = (first[chosen, None] > 0) & (years >= first[chosen, None])
        draws.append(_imputed(wide[chosen], exposed))
    found = imputation(mpdta, **COLUMNS)
    assert found.estimate == pytest.approx(draws[0])
    spread = np.std(draws[1:])
    assert 0.9 * spread < found.std_error < 1.35 * spread


def _imputed(y, exposed):
    """Least squares of the unexposed on unit and period effects, then mean of y - predicted."""
    kept = (~exposed).astype(float)
    periods = np.eye(y.shape[1])[:, 1:]
    size = kept.sum(axis=1)
    centred = periods[None] - (kept @ periods / size[:, None])[:, None, :]
    outcome = y - ((kept * y).sum(axis=1) / size)[:, None]
    cross = np.einsum("it,itj,itk->jk", kept, centred, centred)
    effects = np.linalg.solve(cross, np.einsum("it,itj,it->j", kept, centred, outcome))
    unit = (kept * (y - periods @ effects)).sum(axis=1) / size
    return float((y - unit[:, None] - periods @ effects)[exposed].mean())


def test_goodman_bacons_comparisons_add_up_to_the_two_way_coefficient(mpdta):
    found = goodman_bacon(mpdta, **COLUMNS)
    exposed = ((mpdta["first"] > 0) & (mpdta["year"] >= mpdta["first"])).astype(int)
    whole = two_way_fixed_effects(
        mpdta.assign(exposed=exposed), outcome="lemp", unit="county", period="year"
    )
    assert found["weight"].sum() == pytest.approx(1)
    assert (found["weight"] * found["estimate"]).sum() == pytest.approx(whole.effect.estimate)
    forbidden = found["comparison"] == "later with already treated"
    assert 0 < found.loc[forbidden, "weight"].sum() < 0.1


def test_sun_and_abraham_are_the_never_treated_event_study(mpdta):
    # METHODS: dynamic effects of Callaway and Sant'Anna, which without covariates are the same
    found = sun_abraham(mpdta, **COLUMNS)
    after = found[found["event_time"] >= 0]
    np.testing.assert_allclose(after["estimate"], [-0.0199, -0.0510, -0.1373, -0.1008], atol=5e-5)
    assert found["event_time"].tolist() == [-4, -3, -2, 0, 1, 2, 3]


@pytest.fixture(scope="module")
def saturated(mpdta):
    """Statsmodels: a dummy for every county, year and cohort's event time, clustered by county.

    The cells ``(cohort, event time)`` and their fitted regression.
    """
    event = mpdta["year"] - mpdta["first"]
    cells = {
        (first, time): ((mpdta["first"] == first) & (event == time)).to_numpy(float)
        for first in (2004, 2006, 2007)
        for time in range(-4, 4)
        if time != -1 and ((mpdta["first"] == first) & (event == time)).any()
    }
    years = pd.get_dummies(mpdta["year"], drop_first=True, dtype=float)
    X = pd.concat([pd.DataFrame(cells, index=mpdta.index), years], axis=1)
    both = pd.concat([X, mpdta["lemp"]], axis=1)
    within = (both - both.groupby(mpdta["county"]).transform("mean")).to_numpy(float)
    return cells, sm.OLS(within[:, -1], within[:, :-1]).fit(
        cov_type="cluster", cov_kwds={"groups": mpdta["county"].to_numpy()}
    )


def test_the_errors_of_sun_and_abraham_are_those_of_the_saturated_regression(mpdta, saturated):
    # event times 2 and 3 are those of one cohort, so no averaging over cohorts is in their errors
    cells, fitted = saturated
    errors = dict(zip(cells, fitted.bse, strict=False))
    found = sun_abraham(mpdta, **COLUMNS).set_index("event_time")["std_error"]
    assert found[2] == pytest.approx(errors[2004, 2], rel=0.005)
    assert found[3] == pytest.approx(errors[2004, 3], rel=0.005)


def test_the_average_of_sun_and_abraham_counts_every_exposed_county_and_year_the_same(
    mpdta, saturated
):
    cells, fitted = saturated
    weights = np.zeros(len(fitted.params))
    for place, ((_, event), cell) in enumerate(cells.items()):
        weights[place] = cell.sum() if event >= 0 else 0.0
    weights /= weights.sum()
    found = sun_abraham_average(mpdta, **COLUMNS)
    assert found.estimate == pytest.approx(weights @ fitted.params)
    error = np.sqrt(weights @ fitted.cov_params() @ weights)
    assert found.std_error == pytest.approx(error, rel=0.005)
    # did (R) and csdid: the simple average against the never treated, which it must equal
    assert found.estimate == pytest.approx(-0.0400, abs=5e-5)
    assert found.df == mpdta["county"].nunique() - 1


def test_sun_and_abraham_of_a_large_panel_is_refused_with_a_way_out(mpdta):
    copies = [mpdta.assign(county=mpdta["county"] + 100_000 * copy) for copy in range(3)]
    with pytest.raises(DesignError, match="too many for a saturated") as refusal:
        sun_abraham(pd.concat(copies), **COLUMNS)
    assert "callaway_santanna" in refusal.value.remedy
