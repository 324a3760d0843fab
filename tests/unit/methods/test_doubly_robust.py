"""Doubly robust changes: what is refused, and what may not matter."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equieval.errors import DesignError
from equieval.methods.adjustment import doubly_robust
from equieval.methods.doubly_robust import effects_on_changes
from equieval.methods.staggered import callaway_santanna

N = 90


@pytest.fixture(scope="module")
def units():
    """Changes (units × 2 periods), who is treated, one covariate and weights."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=N)
    treated = rng.random(N) < 1 / (1 + np.exp(0.5 - x))
    changes = np.outer(x**2, [1.0, 2.0]) + rng.normal(size=(N, 2))
    return changes, treated, x[:, None], rng.uniform(1, 3, N)


@pytest.mark.parametrize("regression", [True, False])
@pytest.mark.parametrize(
    ("column", "words"),
    [
        (lambda x, t: t, "tell treated units from the others"),
        (lambda x, t: ~t & (np.arange(N) % 3 == 0), "tell treated units from the others"),
        (lambda x, t: np.where(t, 9.0 + x, x), "tell treated units from the others"),
        (lambda x, t: np.full(N, 3.0), "repeat each other"),
        (lambda x, t: 2 * x - 5, "repeat each other"),
    ],
    ids=["only the treated", "no treated", "far apart", "flat", "the same twice"],
)
def test_covariates_that_no_score_follows_from_are_refused(units, regression, column, words):
    changes, treated, x, weights = units
    both = np.column_stack([x, column(x[:, 0], treated)]).astype(float)
    if regression and words.startswith("tell"):
        words = "tell treated units|repeat each other"  # among the controls it may be flat
    with pytest.raises(DesignError, match=words) as refusal:
        effects_on_changes(changes, treated, both, weights, regression=regression)
    assert refusal.value.remedy


def test_as_many_controls_as_terms_are_refused(units):
    changes, treated, x, weights = units
    kept = treated | (np.cumsum(~treated) <= 2)
    with pytest.raises(DesignError, match="2 controls cannot be regressed on 1 covariates"):
        effects_on_changes(changes[kept], treated[kept], x[kept], weights[kept])


@pytest.mark.parametrize("regression", [True, False])
def test_units_of_measure_do_not_matter(units, regression):
    changes, treated, x, weights = units
    plain = effects_on_changes(changes, treated, x, weights, regression=regression)
    other = effects_on_changes(changes, treated, 3e9 - 1e6 * x, 50 * weights, regression=regression)
    for found, expected in zip(other, plain, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


def test_a_constant_added_to_every_change_does_not_matter(units):
    """Without a regression it would, did the odds not add up to one."""
    changes, treated, x, weights = units
    plain, _ = effects_on_changes(changes, treated, x, weights, regression=False)
    moved, _ = effects_on_changes(changes + 1e3, treated, x, weights, regression=False)
    np.testing.assert_allclose(moved, plain, atol=1e-9)


def test_the_cohort_is_named_and_one_start_has_none(units):
    changes, treated, x, _ = units
    told = treated.astype(float) + x[:, 0] / 100
    rows = [
        (unit, year, changes[unit, 0] * (year == 2021), told[unit], treated[unit])
        for unit in range(N)
        for year in (2020, 2021)
    ]
    data = pd.DataFrame(rows, columns=["unit", "period", "y", "told", "treated"])
    data["first_exposed"] = np.where(data["treated"], 2021, 0)
    data["exposed"] = (data["treated"] & (data["period"] == 2021)).astype(int)
    with pytest.raises(DesignError, match="separation") as refusal:
        callaway_santanna(data, outcome="y", covariates=["told"])
    assert "cohort of 2021" in refusal.value.where
    with pytest.raises(DesignError, match="separation") as refusal:
        doubly_robust(data, ["told"], outcome="y")
    assert refusal.value.where == "adjustment for covariates"
    assert np.isfinite(
        callaway_santanna(data, outcome="y", covariates=["told"], method="or").effects["estimate"]
    ).all()
