"""Difference-in-differences on the two standard examples: published answers."""

from __future__ import annotations

import pandas as pd
import pytest

from equieval.methods.did import (
    balanced_means,
    difference_in_differences,
    two_way_fixed_effects,
)
from equieval.methods.inference import headline_interval, reassign_over_units

Q3 = pd.Period("2011Q3", freq="Q")


def test_organ_donation_is_the_published_estimate(organ_donation):
    # Huntington-Klein, The Effect (2021), chapter 18: -0.02246; the standard error .0067 counts
    # the absorbed effects, as a regression on dummies does
    fit = difference_in_differences(
        organ_donation, outcome="rate", unit="state", start=Q3, count_absorbed=True
    )
    assert fit.effect.estimate == pytest.approx(-0.02246, abs=5.1e-6)
    assert fit.effect.std_error == pytest.approx(0.0067, abs=5.1e-5)
    assert (fit.n_units, fit.n_treated_clusters) == (27, 1)


def test_organ_donation_is_the_difference_between_two_differences(organ_donation):
    cells = balanced_means(organ_donation, outcome="rate", start=Q3)
    change = cells["after"] - cells["before"]
    assert change["treated"] - change["control"] == pytest.approx(-0.02246, abs=5.1e-6)


def test_organ_donation_reassigned_over_the_states_has_p_of_five_in_27(organ_donation):
    # METHODS: t = -3.3 means nothing with one treated state; reassignment gives 5/27
    exposed = organ_donation["treated"] * (organ_donation["period"] >= Q3)
    found = reassign_over_units(
        organ_donation.assign(exposed=exposed), outcome="rate", unit="state"
    )
    assert found.estimate == pytest.approx(-0.02246, abs=5.1e-6)
    assert found.p_value == pytest.approx(5 / 27)
    assert found.smallest_attainable_p == pytest.approx(1 / 27)
    assert found.exhaustive


def test_organ_donation_is_refused_a_clustered_headline(organ_donation):
    fit = difference_in_differences(organ_donation, outcome="rate", unit="state", start=Q3)
    rule = headline_interval(fit.n_clusters, fit.n_treated_clusters)
    assert rule.interval == "reassignment"
    assert "1 treated of 27" in rule.reason


def test_county_employment_by_two_way_fixed_effects(mpdta):
    # Callaway & Sant'Anna (2021) and the did package's vignette: -0.0365 (0.0132)
    exposed = (mpdta["first"] > 0) & (mpdta["year"] >= mpdta["first"])
    fit = two_way_fixed_effects(
        mpdta.assign(exposed=exposed.astype(int)), outcome="lemp", unit="county", period="year"
    )
    assert fit.effect.estimate == pytest.approx(-0.0365, abs=5.1e-5)
    assert fit.effect.std_error == pytest.approx(0.0133, abs=1.1e-4)
