"""Weights under staggered adoption: an effect per birth, by other routes to the same number."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equieval.errors import DesignError
from equieval.methods.inequality_effect import inequality_effects
from equieval.methods.staggered import callaway_santanna
from equieval.methods.staggered_alternatives import imputation
from equieval.methods.staggered_inequality import staggered_stratum_effects

KINDS = ["simple", "group", "dynamic", "calendar"]
LEVELS = ["most", "least"]


@pytest.fixture(scope="module")
def data():
    """Cohorts start in periods 3 and 5, a third never; large units gain more."""
    rng = np.random.default_rng(11)
    frame = pd.MultiIndex.from_product(
        [range(36), range(1, 8), LEVELS], names=["unit", "period", "stratum"]
    ).to_frame(index=False)
    births = rng.integers(1, 4, 36).astype(float)
    frame["births"] = births[frame["unit"]] + (frame["stratum"] == "least")
    frame["first_exposed"] = np.array([0, 3, 5])[frame["unit"] % 3]
    exposed = (frame["first_exposed"] > 0) & (frame["period"] >= frame["first_exposed"])
    frame["rate"] = 10 + rng.normal(size=len(frame)) + exposed * frame["births"]
    frame["rate"] += rng.normal(size=36)[frame["unit"]]
    return frame


@pytest.fixture(scope="module")
def most(data):
    return data[data["stratum"] == "most"]


@pytest.fixture(scope="module")
def repeated(most):
    """Every unit as often as it has births, a unit's copies one cluster."""
    copies = most.loc[most.index.repeat(most["births"].astype(int))]
    number = copies.groupby(["unit", "period"]).cumcount()
    return copies.assign(site=copies["unit"], unit=copies["unit"] * 10 + number)


@pytest.mark.parametrize("control_group", ["never-treated", "not-yet-treated"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_weight_of_three_counts_as_three_units_that_move_as_one(
    most, repeated, kind, control_group
):
    option = {"outcome": "rate", "control_group": control_group}
    found = callaway_santanna(most, weights="births", cluster="unit", **option).aggregate(kind)
    expected = callaway_santanna(repeated, cluster="site", **option).aggregate(kind)
    np.testing.assert_allclose(found.effects["estimate"], expected.effects["estimate"])
    assert found.overall.estimate == pytest.approx(expected.overall.estimate)
    assert found.overall.std_error == pytest.approx(expected.overall.std_error)
    np.testing.assert_allclose(found.covariance, expected.covariance, atol=1e-12)


def test_imputation_counts_them_alike(most, repeated):
    found = imputation(most, outcome="rate", weights="births")
    expected = imputation(repeated, outcome="rate", cluster="site")
    assert found.estimate == pytest.approx(expected.estimate)
    # the library corrects the weighted error for the number of clusters, the other not
    assert found.std_error == pytest.approx(expected.std_error, rel=0.03)


def test_the_scale_of_weights_does_not_matter_and_equal_ones_change_nothing(most):
    scaled = most.assign(many=1000 * most["births"], one=7.0)
    for weights, other in (("many", "births"), ("one", None)):
        found = callaway_santanna(scaled, outcome="rate", weights=weights)
        expected = callaway_santanna(scaled, outcome="rate", weights=other)
        for kind in KINDS:
            left, right = found.aggregate(kind).overall, expected.aggregate(kind).overall
            assert left.estimate == pytest.approx(right.estimate)
            assert left.std_error == pytest.approx(right.std_error)


def test_the_weighted_error_is_that_of_leaving_out_one_unit_at_a_time(data):
    # the delete-one jackknife over units (Efron & Tibshirani 1993, ch. 11), cohort shares included
    def gap(rows):
        strata = staggered_stratum_effects(
            rows, LEVELS, outcome="rate", weights="births", shares={"most": 1, "least": 1}
        )
        return inequality_effects(strata.overall(), which=["gap", "ratio"])

    found = gap(data)
    without = np.array([gap(data[data["unit"] != left])["estimate"] for left in range(36)])
    spread = without - without.mean(axis=0)
    jackknife = np.sqrt(35 / 36 * (spread**2).sum(axis=0))
    np.testing.assert_allclose(found["std_error"], jackknife, rtol=0.1)


def test_observed_rates_are_those_of_births(data, most):
    strata = staggered_stratum_effects(data, LEVELS, outcome="rate", weights="births")
    exposed = most[(most["first_exposed"] > 0) & (most["period"] >= most["first_exposed"])]
    expected = np.average(exposed["rate"], weights=exposed["births"])
    assert strata.overall().observed[0] == pytest.approx(expected)


@pytest.mark.parametrize("estimate", [callaway_santanna, imputation])
def test_weights_that_exposure_could_move_are_refused(most, estimate):
    changing = most.assign(births=most["births"] + most["period"])
    with pytest.raises(DesignError, match="changes over time"):
        estimate(changing, outcome="rate", weights="births")
    with pytest.raises(DesignError, match="0 or negative"):
        estimate(most.assign(births=0.0), outcome="rate", weights="births")
