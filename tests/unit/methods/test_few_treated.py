"""Few treated units of unequal size; adoption dates reassigned."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from equieval.errors import DesignError
from equieval.methods.few_treated import ferman_pinto, reassign_over_dates
from equieval.methods.inference import reassign_over_units
from equieval.methods.staggered import callaway_santanna


def panel(seed=0, units=60, treated_size=100.0, effect=0.0, equal=False, rng=None):
    rng = rng or np.random.default_rng(seed)
    frame = pd.MultiIndex.from_product([range(units), range(8)], names=["unit", "period"]).to_frame(
        index=False
    )
    sizes = np.full(units, 500.0) if equal else rng.uniform(300, 5000, units)
    sizes[0] = 500.0 if equal else treated_size
    frame["births"] = sizes[frame["unit"]]
    frame["exposed"] = ((frame["unit"] == 0) & (frame["period"] >= 4)).astype(int)
    noise = rng.normal(size=len(frame)) * np.sqrt(0.02 + 100 / frame["births"])
    frame["y"] = frame["unit"] % 7 + 0.3 * frame["period"] + effect * frame["exposed"] + noise
    return frame


def rejections(treated_size, replications=250):
    rng = np.random.default_rng(4)
    corrected, plain = 0, 0
    for _ in range(replications):
        data = panel(treated_size=treated_size, rng=rng)
        found = ferman_pinto(data, outcome="y", size="births", draws=999)
        corrected += found.effect.p_value <= 0.05
        plain += reassign_over_units(data, outcome="y").p_value <= 0.05
    return corrected / replications, plain / replications


def test_a_small_treated_unit_is_not_taken_for_an_effect_as_plain_reassignment_would():
    corrected, plain = rejections(treated_size=320.0)
    assert plain > 0.2
    assert corrected <= 0.05 + 2.576 * math.sqrt(0.05 * 0.95 / 250)


def test_of_a_large_treated_unit_an_effect_is_found_that_plain_reassignment_misses():
    data = panel(3, treated_size=20_000.0, effect=0.5)
    assert ferman_pinto(data, outcome="y", size="births").effect.p_value < 0.02
    assert reassign_over_units(data, outcome="y").p_value > 0.05


def test_with_equal_sizes_the_interval_is_that_of_conley_and_taber():
    # one treated unit: the estimate less the controls' own residual changes
    data = panel(5, units=400, equal=True, effect=1.0)
    found = ferman_pinto(data, outcome="y", size="births", draws=40_000).effect
    wide = data.pivot(index="unit", columns="period", values="y").to_numpy()
    change = wide[:, 4:].mean(axis=1) - wide[:, :4].mean(axis=1)
    residual = change[1:] - change[1:].mean()
    assert found.estimate == pytest.approx(change[0] - change[1:].mean())
    half = np.quantile(np.abs(residual), 0.95)
    assert found.ci_low == pytest.approx(found.estimate - half, abs=0.05)
    assert found.ci_high == pytest.approx(found.estimate + half, abs=0.05)


def test_the_variance_falls_with_size_as_it_was_made_to():
    found = ferman_pinto(panel(6, units=3_000), outcome="y", size="births")
    # a change is a difference of two means of four: half of one period's variance
    assert found.by_size == pytest.approx(50, rel=0.15)
    assert found.constant == pytest.approx(0.01, abs=0.006)
    assert found.variances["std_error"].idxmax() == found.variances["size"].idxmin()


def test_units_of_outcome_and_size_move_only_the_effect():
    one = ferman_pinto(panel(7), outcome="y", size="births").effect
    data = panel(7).assign(y=lambda frame: 1000 * frame["y"], births=lambda frame: frame["births"])
    other = ferman_pinto(data.assign(births=data["births"] / 9), outcome="y", size="births").effect
    assert other.p_value == one.p_value
    assert other.ci_low == pytest.approx(1000 * one.ci_low, rel=1e-6)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (panel(units=15), "14 controls are too few"),
        (panel().assign(births=0.0), "0 or negative"),
        (panel().drop(index=9), "miss some periods"),
        (panel().assign(y=0.0), "nothing varies"),
    ],
)
def test_what_cannot_be_corrected_is_refused_with_a_remedy(data, words):
    with pytest.raises(DesignError, match=words) as refusal:
        ferman_pinto(data, outcome="y", size="births")
    assert refusal.value.remedy


def test_few_controls_leave_a_strict_interval_open():
    found = ferman_pinto(panel(units=25), outcome="y", size="births", ci_level=0.99).effect
    assert math.isinf(found.ci_high)
    assert found.p_value >= 1 / 25


def staggered(units=9, effect=0.0, seed=1):
    rng = np.random.default_rng(seed)
    frame = pd.MultiIndex.from_product(
        [range(units), range(1, 7)], names=["unit", "period"]
    ).to_frame(index=False)
    frame["first_exposed"] = np.array([3, 5, 0] + [0] * (units - 3))[frame["unit"]]
    exposed = (frame["first_exposed"] > 0) & (frame["period"] >= frame["first_exposed"])
    frame["y"] = frame["unit"] + rng.normal(size=len(frame)) + effect * exposed
    return frame


@pytest.mark.parametrize("anticipation", [0, 1])
@pytest.mark.parametrize("control_group", ["never-treated", "not-yet-treated"])
def test_the_estimate_is_callaway_and_sant_annas(control_group, anticipation):
    data = staggered(12, effect=2.0)
    compared = {"outcome": "y", "control_group": control_group, "anticipation": anticipation}

    def estimate(given):
        return callaway_santanna(given, **compared).aggregate("simple").overall.estimate

    found = reassign_over_dates(data, **compared)
    assert found.estimate == pytest.approx(estimate(data))
    for row in found.placebos.iloc[[1, 70, -1]].itertuples():
        dates = {
            int(unit): int(date)
            for unit, date in (words.split(" from ") for words in row.units.split(", "))
        }
        reassigned = data.assign(first_exposed=[dates.get(unit, 0) for unit in data["unit"]])
        assert row.estimate == pytest.approx(estimate(reassigned))


def test_dates_that_leave_nothing_before_what_may_be_anticipated_are_refused():
    with pytest.raises(DesignError, match="no period more than 2 before"):
        reassign_over_dates(staggered(), outcome="y", anticipation=2)


def test_every_assignment_of_dates_is_used_once_and_the_smallest_p_is_told():
    found = reassign_over_dates(staggered(effect=9.0), outcome="y")
    assert found.exhaustive
    assert found.n_assignments == 9 * 8
    assert found.placebos["units"].is_unique
    assert found.placebos["units"].iloc[0] == "0 from 3, 1 from 5"
    assert found.p_value == found.smallest_attainable_p == 1 / 72


def test_without_an_effect_every_p_value_is_as_likely():
    values = [
        reassign_over_dates(staggered(7, seed=seed), outcome="y").p_value for seed in range(80)
    ]
    assert abs(np.mean(values) - 0.5) < 2.576 * math.sqrt(1 / 12 / 80) + 1 / 42
    assert np.mean(np.array(values) <= 0.1) <= 0.1 + 2.576 * math.sqrt(0.09 / 80)


def test_too_many_assignments_are_drawn_with_the_seed():
    first, again = (
        reassign_over_dates(staggered(40), outcome="y", max_assignments=99) for _ in range(2)
    )
    assert not first.exhaustive
    assert first.n_assignments == 99
    assert first.p_value == again.p_value


def test_dates_without_controls_are_refused():
    data = staggered().assign(first_exposed=3)
    with pytest.raises(DesignError, match="No controls"):
        reassign_over_dates(data, outcome="y")


def test_a_stacked_table_whose_index_repeats_is_estimated_as_any_other():
    data = staggered(12, effect=2.0)
    stacked = pd.concat([data[data["unit"] < 6], data[data["unit"] >= 6]])
    stacked.index = [*range(36), *range(36)]
    for given in (data, stacked):
        found = callaway_santanna(given, outcome="y", control_group="never-treated")
        dates = reassign_over_dates(given, outcome="y", max_assignments=20)
        assert (found.effects["estimate"].sum(), dates.p_value) == (
            callaway_santanna(data, outcome="y").effects["estimate"].sum(),
            reassign_over_dates(data, outcome="y", max_assignments=20).p_value,
        )
        assert dates.placebos["units"].iloc[0] == "0 from 3, 1 from 5"
