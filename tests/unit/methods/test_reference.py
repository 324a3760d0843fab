"""Groups against a reference: against published intervals, in the one sign convention."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equieval.errors import DesignError
from equieval.methods.reference import against_reference, attributable

GROUPS = ["Asian", "Black", "Mixed", "White"]


def strata(numerator=(56, 48, 0, 30), denominator=(70, 80, 10, 60)):
    return pd.DataFrame(
        {"stratum": GROUPS, "numerator": numerator, "denominator": denominator}, dtype=object
    ).astype({"numerator": float, "denominator": float})


def test_the_gap_is_newcombes_published_example():
    # Newcombe (1998), table II (a), method 10: 56/70 against 48/80 is .2, .0524 to .3339
    cells = strata()
    found = against_reference(cells, ["Asian", "Black"], "Black", per=1).iloc[0]
    assert found["estimate"] == pytest.approx(0.2)
    assert found["ci_low"] == pytest.approx(0.0524, abs=5.1e-5)
    assert found["ci_high"] == pytest.approx(0.3339, abs=5.1e-5)


def test_the_ratio_is_the_log_normal_interval():
    found = against_reference(strata(), GROUPS, "White", per=1).set_index(["stratum", "measure"])
    row = found.loc[("Asian", "ratio")]
    error = np.sqrt(1 / 56 - 1 / 70 + 1 / 30 - 1 / 60)
    assert row["estimate"] == pytest.approx(0.8 / 0.5)
    assert row["ci_low"] == pytest.approx(1.6 * np.exp(-1.959964 * error), rel=1e-6)


def test_worse_than_the_reference_is_positive_whatever_the_polarity():
    for polarity, sign in (("low", 1), ("high", -1)):
        found = against_reference(strata(), GROUPS, "White", per=100, polarity=polarity)
        gaps = found[found["measure"] == "gap"].set_index("stratum")["estimate"]
        assert np.sign(gaps["Asian"]) == sign
        ratios = found[found["measure"] == "ratio"].set_index("stratum")["estimate"]
        assert (ratios["Asian"] > 1) == (sign > 0)
        burden = attributable(strata(), GROUPS, "White", per=100, polarity=polarity)
        assert (np.sign(burden["estimate"]) == sign).all()


def test_a_group_without_events_has_a_gap_and_no_ratio():
    found = against_reference(strata(), GROUPS, "White", per=1).set_index(["stratum", "measure"])
    assert found.loc[("Mixed", "gap"), "estimate"] == pytest.approx(-0.5)
    assert np.isnan(found.loc[("Mixed", "ratio"), "estimate"])
    assert "no events" in found.loc[("Mixed", "ratio"), "method"]


def test_a_missing_group_is_missing_and_the_others_stay():
    cells = strata(numerator=(56, np.nan, 0, 30))
    found = against_reference(cells, GROUPS, "White", per=1).set_index(["stratum", "measure"])
    assert np.isnan(found.loc[("Black", "gap"), "estimate"])
    assert np.isfinite(found.loc[("Asian", "gap"), "estimate"])
    with pytest.raises(DesignError, match="missing: Black"):
        attributable(cells, GROUPS, "White", per=1)


def test_simultaneous_intervals_are_wider():
    one = against_reference(strata(), GROUPS, "White", per=1)
    all_ = against_reference(strata(), GROUPS, "White", per=1, simultaneous=True)
    gap = one["measure"] == "gap"
    assert (all_.loc[gap, "ci_high"] > one.loc[gap, "ci_high"]).all()
    assert (all_.loc[gap, "ci_low"] < one.loc[gap, "ci_low"]).all()


def test_what_is_attributable_is_overall_less_reference():
    found = attributable(strata(), GROUPS, "White", per=100).set_index("measure")
    overall = 100 * (56 + 48 + 0 + 30) / 220
    assert found.loc["par", "estimate"] == pytest.approx(overall - 50)
    assert found.loc["paf", "estimate"] == pytest.approx((overall - 50) / overall)


def test_standard_errors_are_those_of_the_delta_method_by_differences():
    x, n = np.array([56.0, 48, 7, 30]), np.array([70.0, 80, 10, 60])

    def evaluate(count):
        return attributable(strata(count, n), GROUPS, "White", per=1)["estimate"].to_numpy()

    slopes = [(evaluate(x + h) - evaluate(x - h)) / 2e-4 for h in 1e-4 * np.eye(4)]
    variance = x * (1 - x / n)
    expected = np.sqrt((np.array(slopes) ** 2 * variance[:, None]).sum(axis=0))
    found = attributable(strata(x, n), GROUPS, "White", per=1)["std_error"]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("levels", "reference", "words"),
    [
        (GROUPS, "Wite", "none of the groups"),
        ([*GROUPS, "Other"], "White", "no group 'Other'"),
    ],
)
def test_an_unknown_group_is_refused(levels, reference, words):
    with pytest.raises(DesignError, match=words):
        against_reference(strata(), levels, reference, per=1)
