"""Difference-in-differences: what the designs promise, and what they refuse."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equieval.errors import DesignError
from equieval.methods.did import difference_in_differences, two_way_fixed_effects
from equieval.methods.inference import headline_interval, reassign_over_units, size_ratio
from equieval.methods.staggered import callaway_santanna
from equieval.methods.staggered_alternatives import goodman_bacon, imputation


def panel(seed=0, units=24, periods=8, treated=8, start=5, effect=-2.0):
    rng = np.random.default_rng(seed)
    frame = pd.MultiIndex.from_product(
        [range(units), range(1, periods + 1)], names=["unit", "period"]
    ).to_frame(index=False)
    frame["treated"] = (frame["unit"] < treated).astype(int)
    frame["exposed"] = ((frame["treated"] == 1) & (frame["period"] >= start)).astype(int)
    frame["first_exposed"] = np.where(frame["treated"] == 1, start, 0)
    level = rng.normal(size=units)[frame["unit"]]
    frame["y"] = level + 0.3 * frame["period"] + effect * frame["exposed"]
    frame["y"] += 0.2 * rng.normal(size=len(frame))
    return frame


def staggered_panel(seed=0, units=40):
    frame = panel(seed, units=units)
    frame["first_exposed"] = np.array([0, 4, 6, 7])[frame["unit"] % 4]
    exposed = (frame["first_exposed"] > 0) & (frame["period"] >= frame["first_exposed"])
    frame["y"] += -frame["exposed"] * -2.0 + exposed * -1.5
    return frame


def test_an_effect_put_in_comes_out():
    fit = difference_in_differences(panel(), outcome="y", start=5)
    assert fit.effect.ci_low < -2 < fit.effect.ci_high
    assert (fit.n_units, fit.n_treated_units, fit.n_clusters) == (24, 8, 24)


def test_the_estimate_is_the_difference_between_two_differences():
    data = panel(3)
    after = data["period"] >= 5
    means = data.groupby([data["treated"], after])["y"].mean().unstack()
    change = means[True] - means[False]
    fit = difference_in_differences(data, outcome="y", start=5)
    assert fit.effect.estimate == pytest.approx(change[1] - change[0])


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 99), shift=st.floats(-9, 9), scale=st.sampled_from([0.01, 100.0]))
def test_units_and_row_order_change_nothing_but_the_units(seed, shift, scale):
    data = panel(seed)
    fit = two_way_fixed_effects(data, outcome="y")
    other = data.assign(y=scale * (data["y"] + shift)).sample(frac=1, random_state=seed)
    moved = two_way_fixed_effects(other, outcome="y")
    assert moved.effect.estimate == pytest.approx(scale * fit.effect.estimate)
    assert moved.effect.std_error == pytest.approx(scale * fit.effect.std_error)


def test_weights_give_the_effect_of_the_weighted():
    # doubling a unit's weight is putting it in twice
    data = panel(5)
    heavy = data.assign(births=np.where(data["unit"] == 3, 2.0, 1.0))
    twice = pd.concat([data, data[data["unit"] == 3].assign(unit=99)])
    weighted = two_way_fixed_effects(heavy, outcome="y", weights="births")
    assert weighted.effect.estimate == pytest.approx(
        two_way_fixed_effects(twice, outcome="y").effect.estimate
    )


def test_coarser_clusters_have_their_own_degrees_of_freedom():
    data = panel(6).assign(region=lambda frame: frame["unit"] % 6)
    fit = two_way_fixed_effects(data, outcome="y", cluster="region")
    assert fit.n_clusters == 6
    assert fit.effect.df == 5
    assert "region" in fit.inference


def test_rows_without_an_outcome_are_left_out_and_counted():
    data = panel()
    data.loc[[3, 9], "y"] = np.nan
    fit = two_way_fixed_effects(data, outcome="y")
    assert fit.n_obs == len(data) - 2
    assert fit.note.startswith("2 rows")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data.assign(exposed=0), "Nobody is exposed"),
        (lambda data: data.assign(exposed=data["treated"]), "from the start"),
        (lambda data: data[data["treated"] == 1], "No controls are left"),
        (lambda data: pd.concat([data, data.iloc[[7]]]), "occurs twice"),
        (lambda data: data.assign(exposed=data["exposed"] / 2), "neither 0 nor 1"),
        (lambda data: data.drop(columns="exposed"), "no column 'exposed'"),
        (lambda data: data.assign(period=data["period"].astype(str)), "no spacing"),
    ],
)
def test_designs_that_cannot_carry_it_are_refused_with_a_remedy(change, words):
    with pytest.raises(DesignError, match=words) as refusal:
        two_way_fixed_effects(change(panel()), outcome="y")
    assert refusal.value.remedy


def test_one_cluster_is_refused():
    with pytest.raises(DesignError, match="one cluster"):
        two_way_fixed_effects(panel().assign(lms=1), outcome="y", cluster="lms")


def test_a_covariate_that_the_units_absorb_is_refused():
    data = panel()
    with pytest.raises(DesignError, match="cannot be estimated"):
        two_way_fixed_effects(data.assign(size=data["unit"]), outcome="y", covariates=["size"])


@pytest.mark.parametrize(
    ("clusters", "treated", "events", "interval"),
    [
        (60, 20, None, "clustered"),
        (60, 5, None, "wild-bootstrap"),
        (60, 57, None, "reassignment"),
        (27, 1, None, "reassignment"),
        (12, 1, None, "none"),
        (20, 8, None, "wild-bootstrap"),
        (60, 20, 30, "none"),
        (10, 10, None, "none"),
    ],
)
def test_the_rule_that_picks_the_headline_interval(clusters, treated, events, interval):
    rule = headline_interval(clusters, treated, events)
    assert rule.interval == interval
    assert rule.reason


@pytest.mark.parametrize(
    ("clusters", "treated", "ratio", "interval"),
    [
        (42, 1, 0.9, "reassignment"),
        (42, 1, 0.5, "size-corrected"),
        (42, 3, 3.0, "size-corrected"),
        (20, 1, 0.5, "none"),
        (20, 1, 3.0, "reassignment"),  # too wide there, never too narrow
        (42, 12, 0.5, "clustered"),
        (24, 6, 0.5, "wild-bootstrap"),
    ],
)
def test_few_treated_of_another_size_are_not_reassigned(clusters, treated, ratio, interval):
    rule = headline_interval(clusters, treated, size_ratio=ratio)
    assert rule.interval == interval
    if treated < 5:
        assert (f"{ratio:.2g} times the size" in rule.reason) == (ratio != 0.9)


def test_sizes_are_compared_as_chance_goes_by_them():
    sizes, treated = [100, 400, 200, 200], [True, True, False, False]
    # the variance of a mean of rates goes with the mean of 1 / size: 0.00625 against 0.005
    assert size_ratio(sizes, treated) == pytest.approx(0.8)
    assert math.isnan(size_ratio([0, 1], [True, False]))


def test_reassignment_finds_the_only_unit_that_changed():
    data = panel(1, units=25, treated=1, effect=-5.0)
    found = reassign_over_units(data, outcome="y")
    assert found.p_value == found.smallest_attainable_p == pytest.approx(1 / 25)
    assert found.placebos.loc[0, "units"] == "0"
    fit = difference_in_differences(data, outcome="y", start=5)
    assert found.estimate == pytest.approx(fit.effect.estimate)


def test_too_many_assignments_are_sampled_and_the_sample_is_reproducible():
    data = panel(2, treated=12)
    one = reassign_over_units(data, outcome="y", max_assignments=500, seed=4)
    other = reassign_over_units(
        data.sample(frac=1, random_state=1), outcome="y", max_assignments=500, seed=4
    )
    assert not one.exhaustive
    assert one.n_assignments == 500
    pd.testing.assert_frame_equal(one.placebos, other.placebos)


def test_reassignment_refuses_an_incomplete_panel():
    with pytest.raises(DesignError, match="miss some periods"):
        reassign_over_units(panel().drop(index=5), outcome="y")


def test_staggered_effects_put_in_come_out_within_simultaneous_bands():
    effects = callaway_santanna(staggered_panel(1), outcome="y")
    by_event = effects.aggregate("dynamic").effects
    after = by_event[by_event["event_time"] >= 0]
    assert ((after["band_low"] < -1.5) & (after["band_high"] > -1.5)).all()
    assert (after["band_high"] - after["band_low"] > after["ci_high"] - after["ci_low"]).all()


def test_labels_of_cohorts_and_periods_are_the_users_own():
    data = staggered_panel()
    years = pd.PeriodIndex([str(2010 + number) for number in data["period"]], freq="Y")
    first = pd.Series(
        [pd.Period(str(2010 + n), freq="Y") if n else pd.NaT for n in data["first_exposed"]],
        dtype="period[Y-DEC]",
    )
    dated = callaway_santanna(data.assign(period=years, first_exposed=first), outcome="y")
    plain = callaway_santanna(data, outcome="y")
    np.testing.assert_allclose(dated.effects["estimate"], plain.effects["estimate"])
    assert str(dated.aggregate("group").effects["cohort"].iloc[0]) == "2014"
    assert plain.aggregate("calendar").effects["time"].tolist() == [4, 5, 6, 7, 8]


def test_row_order_and_names_of_units_change_no_staggered_effect():
    data = staggered_panel(2)
    renamed = data.assign(unit="trust " + data["unit"].astype(str)).sample(frac=1, random_state=1)
    one = callaway_santanna(data, outcome="y").aggregate("simple").overall
    other = callaway_santanna(renamed, outcome="y").aggregate("simple").overall
    assert other.estimate == pytest.approx(one.estimate, rel=1e-10)
    assert other.std_error == pytest.approx(one.std_error, rel=1e-10)


def test_one_unit_per_cluster_is_the_unit_level_error_with_its_small_sample_factor():
    data = staggered_panel(3)
    units = callaway_santanna(data, outcome="y").aggregate("simple").overall
    clusters = callaway_santanna(data.assign(c=data["unit"]), outcome="y", cluster="c")
    assert clusters.aggregate("simple").overall.std_error == pytest.approx(
        units.std_error * np.sqrt(40 / 39)
    )


def test_units_exposed_before_the_data_begin_are_left_out_and_named():
    data = staggered_panel(4)
    early = data.assign(first_exposed=data["first_exposed"].mask(data["unit"] == 1, -3))
    found = callaway_santanna(early, outcome="y")
    assert found.n_units == 39
    assert found.note == "1 units exposed from the start were left out"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data[data["first_exposed"] > 0], "No controls are left"),
        (lambda data: data.assign(first_exposed=0), "nobody to follow"),
        (lambda data: data.drop(index=5), "misses a period"),
        (
            lambda data: data.assign(
                first_exposed=data["first_exposed"] + (data["period"] == 8) * (data["unit"] == 1)
            ),
            "more than one first exposed period",
        ),
        (lambda data: data.assign(first_exposed=5), "same time|every unit"),
    ],
)
def test_staggered_designs_that_cannot_carry_it_are_refused(change, words):
    with pytest.raises(DesignError, match=words) as refusal:
        callaway_santanna(change(staggered_panel()), outcome="y")
    assert refusal.value.remedy


def test_not_yet_treated_controls_stand_in_where_nobody_stays_untreated():
    data = staggered_panel(5)
    found = callaway_santanna(
        data[data["first_exposed"] > 0], outcome="y", control_group="not-yet-treated"
    )
    overall = found.aggregate("simple").overall
    assert overall.ci_low < -1.5 < overall.ci_high


def test_collinear_covariates_are_refused():
    data = staggered_panel(6).assign(a=lambda frame: frame["unit"] * 1.0)
    with pytest.raises(DesignError, match="cannot be estimated"):
        callaway_santanna(data.assign(b=2 * data["a"]), outcome="y", covariates=["a", "b"])


def test_imputation_finds_the_effect_put_in():
    found = imputation(staggered_panel(7), outcome="y")
    assert found.ci_low < -1.5 < found.ci_high


def test_imputation_stops_where_nobody_is_left_unexposed():
    data = staggered_panel(8)
    treated = data[data["first_exposed"] > 0]
    before_last = treated[treated["period"] < 7]
    one = imputation(treated, outcome="y")
    other = imputation(
        before_last.assign(first_exposed=before_last["first_exposed"] % 7), outcome="y"
    )
    assert one.estimate == pytest.approx(other.estimate)
    assert one.std_error == pytest.approx(other.std_error)


def test_a_comparison_names_cohorts_in_the_users_own_labels():
    found = goodman_bacon(staggered_panel(9), outcome="y")
    assert set(found["treated"]) == {4, 6, 7}
    assert found.loc[found["comparison"] == "treated with never treated", "control"].isna().all()
