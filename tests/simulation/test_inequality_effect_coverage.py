"""Does the interval of the effect on inequality hold the truth as often as it says?"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from equieval.methods.inequality_effect import inequality_effects, stratum_effects

LEVELS = ["1", "2", "3", "4", "5"]
BASE = np.array([12.0, 11.0, 10.0, 9.0, 8.0])
EFFECTS = np.array([-2.0, -1.0, -0.5, 0.0, 0.0])


def coverage(units, treated, replications, seed):
    """Return the shares of intervals that hold the true effect on each measure."""
    rng = np.random.default_rng(seed)
    periods = 8
    frame = pd.MultiIndex.from_product(
        [range(units), range(periods), LEVELS], names=["unit", "period", "stratum"]
    ).to_frame(index=False)
    place = frame["stratum"].map(LEVELS.index).to_numpy()
    frame["exposed"] = ((frame["unit"] < treated) & (frame["period"] >= 4)).astype(int)
    # The estimand is for the treated there are: their levels are part of it, and stay.
    level = rng.normal(size=(units, 5))
    truth = BASE + level[:treated].mean(axis=0)
    ends = np.array([(truth + EFFECTS)[[0, -1]], truth[[0, -1]]])
    expected = {
        "gap": EFFECTS[0] - EFFECTS[-1],
        "ratio": ends[0, 0] / ends[0, 1] - ends[1, 0] / ends[1, 1],
    }
    held = dict.fromkeys(expected, 0)
    for _ in range(replications):
        shock = rng.normal(size=(units, periods))[frame["unit"], frame["period"]]
        frame["rate"] = (
            BASE[place]
            + level[frame["unit"], place]
            + EFFECTS[place] * frame["exposed"]
            + 0.5 * (shock + rng.normal(size=len(frame)))
        )
        found = stratum_effects(frame, LEVELS, outcome="rate")
        table = inequality_effects(found, which=list(expected)).set_index("measure")
        for name, value in expected.items():
            held[name] += table.loc[name, "ci_low"] <= value <= table.loc[name, "ci_high"]
    return {name: count / replications for name, count in held.items()}


def test_the_gap_effect_holds_its_promise_with_enough_clusters():
    found = coverage(40, 16, 60, 1)
    slack = 2.576 * math.sqrt(0.95 * 0.05 / 60)
    assert abs(found["gap"] - 0.95) <= 0.02 + slack


@pytest.mark.simulation
@pytest.mark.parametrize(("units", "treated"), [(42, 21), (80, 20)])
def test_effects_on_gap_and_ratio_hold_their_promise(units, treated):
    found = coverage(units, treated, 2_000, 2)
    slack = 2.576 * math.sqrt(0.95 * 0.05 / 2_000)
    assert 0.93 - slack <= found["gap"] <= 0.97 + slack, found
    # the spread between treated units counts for the ratio: it may be wider than need be
    assert found["ratio"] >= 0.93 - slack, found
