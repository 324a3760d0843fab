"""People of unknown group: the bounds hold every plausible allocation, and little else."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest

from equieval.errors import DataError, DesignError, InputError
from equieval.methods.gradient import slope_weights
from equieval.methods.inequality import measures
from equieval.methods.missing_groups import missing_group_bounds, plausibility_needed
from equieval.methods.proportions import wilson_limits

LEVELS = ["black", "asian", "white"]


def strata(events=(30, 42, 150, 25), people=(450, 800, 4200, 450)):
    return pd.DataFrame(
        {"stratum": [*LEVELS, "not stated"], "numerator": events, "denominator": people}
    )


def bounds(factor, data=None, **change):
    return missing_group_bounds(
        strata() if data is None else data,
        LEVELS,
        ["not stated"],
        per=1000,
        plausibility=[factor],
        **change,
    )


def allocations(rng, factor, draws):
    """Draw allocations of people and events within the factor, from many corners."""
    people, events = np.array([450.0, 800, 4200]), np.array([30.0, 42, 150])
    centres = 450 * people / people.sum(), 25 * events / events.sum()
    found = []
    while len(found) < draws:
        drawn = []
        for centre, total in zip(centres, (450, 25), strict=True):
            low, high = centre / factor, np.minimum(centre * factor, total)
            first = rng.permutation(3)
            values = np.zeros(3)
            values[first[:2]] = np.where(
                rng.random(2) < 0.7,
                np.where(rng.random(2) < 0.5, low[first[:2]], high[first[:2]]),
                rng.uniform(low[first[:2]], high[first[:2]]),
            )
            values[first[2]] = total - values.sum()
            if not low[first[2]] <= values[first[2]] <= high[first[2]]:
                break
            drawn.append(values)
        if len(drawn) == 2 and (drawn[1] <= drawn[0]).all():
            found.append(1000 * (events + drawn[1]) / (people + drawn[0]))
    return np.array(found)


@pytest.mark.parametrize("factor", [1.5, 3.0, math.inf])
def test_the_bounds_hold_every_allocation_and_are_reached(factor):
    rates = allocations(np.random.default_rng(1), factor, 2_000)
    share = np.array([450, 800, 4200]) / 5450
    slope = slope_weights(share, np.cumsum(share) - share / 2)
    drawn = {"gap": rates[:, 0] - rates[:, 2], "sii": -rates @ slope}
    drawn |= {level: rates[:, place] for place, level in enumerate(LEVELS)}
    found = bounds(factor)
    for row in found.itertuples():
        values = drawn[row.measure if row.measure != "rate" else row.stratum]
        assert row.low - 1e-6 <= values.min()
        assert values.max() <= row.high + 1e-6
        reached = np.ptp(values) / (row.high - row.low)
        assert reached > 0.9


def test_in_a_case_small_enough_to_list_the_bounds_are_those_listed():
    # 6 people of unknown group, 2 with the event; all whole allocations to two groups
    data = pd.DataFrame(
        {"stratum": ["a", "b", "?"], "numerator": [3, 2, 2], "denominator": [10, 20, 6]}
    )
    gaps = [
        (3 + d) / (10 + m) - (2 + 2 - d) / (20 + 6 - m)
        for m, d in product(range(7), range(3))
        if d <= m and 2 - d <= 6 - m
    ]
    found = missing_group_bounds(data, ["a", "b"], ["?"], per=1, plausibility=[math.inf]).set_index(
        "measure"
    )
    assert found.loc["gap", "low"] == pytest.approx(min(gaps), abs=1e-6)
    assert found.loc["gap", "high"] == pytest.approx(max(gaps), abs=1e-6)


def test_shared_out_as_those_known_the_relative_picture_is_that_of_those_known():
    found = bounds(1.0)
    np.testing.assert_allclose(found["low"], found["high"], rtol=1e-6)
    factor = (247 / 5900) / (222 / 5450)  # everybody's rate over that of those known
    np.testing.assert_allclose(found["low"], factor * found["known"], rtol=1e-6)


def test_the_value_among_those_known_is_that_of_the_measures():
    expected = measures(strata(), LEVELS, per=1000, which=["gap", "sii"]).set_index("measure")
    found = bounds(2.0).set_index("measure")
    for name in ("gap", "sii"):
        assert found.loc[name, "known"] == pytest.approx(expected.loc[name, "estimate"])


def test_bounds_widen_with_what_is_allowed_and_chance_widens_them_further():
    found = missing_group_bounds(strata(), LEVELS, ["not stated"], per=1000)
    for _, rows in found.groupby(["measure", "stratum"], dropna=False):
        assert rows["low"].is_monotonic_decreasing
        assert rows["high"].is_monotonic_increasing
        assert (rows["ci_low"] < rows["low"]).all()
        assert (rows["ci_high"] > rows["high"]).all()


@pytest.mark.parametrize("factor", [1.5, math.inf])
def test_chance_is_the_wilson_limits_of_every_count_carried_through_the_bound(factor):
    """MOVER with derivatives taken by moving one count at a time."""
    data = strata().reset_index(drop=True)
    events, people = data["numerator"].to_numpy(float), data["denominator"].to_numpy(float)
    low, high = wilson_limits(events, people)
    moved = []
    for place in range(len(data)):
        sides = []
        for step in (-0.2, 0.2):
            changed = events.copy()
            changed[place] += step
            sides.append(bounds(factor, data.assign(numerator=changed))[["low", "high"]])
        moved.append((sides[1] - sides[0]).to_numpy() / 0.4)
    fewer, more = events - people * low, people * high - events
    found = bounds(factor)
    for row, change in enumerate(np.moveaxis(moved, 1, 0)):
        below = np.linalg.norm(change[:, 0] * np.where(change[:, 0] > 0, fewer, more))
        above = np.linalg.norm(change[:, 1] * np.where(change[:, 1] > 0, more, fewer))
        own = found.iloc[row]
        assert own["low"] - own["ci_low"] == pytest.approx(below, rel=1e-3)
        assert own["ci_high"] - own["high"] == pytest.approx(above, rel=1e-3)


def test_limits_never_leave_what_a_rate_can_be():
    data = strata(events=(0, 1, 2, 1), people=(12, 30, 40, 9))
    found = missing_group_bounds(data, LEVELS, ["not stated"], per=1)
    rates, gaps = found[found["measure"] == "rate"], found[found["measure"] == "gap"]
    assert rates["ci_low"].min() == pytest.approx(0, abs=1e-12)
    assert (rates["ci_low"] >= 0).all()
    assert (rates["ci_high"] <= 1).all()
    assert gaps["ci_low"].min() >= -1
    assert gaps["ci_high"].max() <= 1


def test_where_high_is_good_the_gap_turns_round():
    low = bounds(2.0).set_index("measure")
    high = bounds(2.0, polarity="high").set_index("measure")
    assert high.loc["gap", "low"] == pytest.approx(-low.loc["gap", "high"], abs=1e-4)
    assert high.loc["sii", "high"] == pytest.approx(-low.loc["sii", "low"], abs=1e-4)


def test_groups_without_an_order_stand_against_the_reference():
    found = bounds(2.0, reference="white")
    gaps = found[found["measure"] == "gap"].set_index("stratum")
    assert list(gaps.index) == ["black", "asian"]
    assert gaps.loc["black", "low"] == pytest.approx(
        bounds(2.0).set_index("measure").loc["gap", "low"]
    )
    assert "sii" not in set(found["measure"])


def test_the_plausibility_needed_is_where_the_bounds_reach_no_inequality():
    needed = plausibility_needed(strata(), LEVELS, ["not stated"], "gap")
    assert bounds(0.99 * needed).set_index("measure").loc["gap", "low"] > 0
    assert bounds(1.01 * needed).set_index("measure").loc["gap", "low"] < 0


def test_the_plausibility_needed_of_a_group_is_where_its_own_bounds_reach_no_gap():
    of = {"stratum": "asian", "reference": "white"}
    needed = plausibility_needed(strata(), LEVELS, ["not stated"], "gap", **of)
    ends = {}
    for factor in (0.99 * needed, 1.01 * needed):
        found = bounds(factor, reference="white")
        ends[factor > needed] = found[(found["measure"] == "gap") & (found["stratum"] == "asian")]
    assert ends[False]["low"].item() > 0
    assert ends[True]["low"].item() < 0
    with pytest.raises(InputError, match="no gap of 'white'"):
        plausibility_needed(
            strata(), LEVELS, ["not stated"], "gap", stratum="white", reference="white"
        )


def test_the_plausibility_needed_at_its_limits():
    few = strata(events=(30, 42, 150, 0), people=(450, 800, 4200, 3))
    assert math.isinf(plausibility_needed(few, LEVELS, ["not stated"], "gap"))
    equal = strata(events=(45, 80, 420, 45))
    assert plausibility_needed(equal, LEVELS, ["not stated"], "gap") == 1.0


@pytest.mark.parametrize(
    ("data", "change", "error", "words"),
    [
        (strata(), {"reference": "mixed"}, InputError, "not among the levels"),
        (strata(people=(450, 800, 4200, 0), events=(1, 1, 1, 0)), {}, DesignError, "nobody"),
        (strata(events=(30, 42, 150, -1)), {}, DataError, "negative"),
        (strata(events=(30, 42, 5000, 1)), {}, DataError, "larger than"),
        (strata(events=(30, 42, math.nan, 1)), {}, DesignError, "count is missing"),
        (strata(events=(400, 42, 150, 440)), {}, DesignError, "cannot be shared out"),
        (strata().iloc[1:], {}, DesignError, "no stratum 'black'"),
        (strata(), {"shares": {"black": 1}}, InputError, "absent: asian, white"),
    ],
)
def test_what_cannot_be_bounded_is_refused_with_a_remedy(data, change, error, words):
    with pytest.raises(error, match=words) as refusal:
        bounds(2.0, data, **change)
    assert refusal.value.remedy


def test_a_plausibility_below_one_is_refused():
    with pytest.raises(DesignError, match="below 1"):
        bounds(0.5)


@pytest.mark.parametrize("factor", [1.5, 2.0, math.inf])
def test_bounds_do_not_depend_on_how_large_the_place_is(factor: float) -> None:
    """The same shares of a hundred times as many people: the same bounds, with less chance."""
    large = strata().assign(
        numerator=lambda s: 100 * s["numerator"], denominator=lambda s: 100 * s["denominator"]
    )
    small, hundredfold = bounds(factor), bounds(factor, large)
    for end in ("low", "high"):
        assert hundredfold[end].to_numpy() == pytest.approx(small[end].to_numpy(), abs=1e-3)
    assert (hundredfold["ci_low"] >= small["ci_low"] - 1e-3).all()
