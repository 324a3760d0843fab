"""Imputation and Goodman-Bacon on county employment: published answers and direct arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from equieval.methods.did import two_way_fixed_effects
from equieval.methods.staggered_alternatives import goodman_bacon, imputation

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
