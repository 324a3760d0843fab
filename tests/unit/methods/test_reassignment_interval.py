"""The interval of a reassignment holds the effects that the test does not reject, and no others."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from equieval.methods.inference import reassign_over_units, reassignment_interval


def panel(units: int, treated: int, effect: float = -1.0) -> pd.DataFrame:
    draw = np.random.default_rng(11)
    rows = pd.MultiIndex.from_product([range(units), range(8)], names=["unit", "period"])
    frame = rows.to_frame(index=False)
    frame["exposed"] = ((frame["unit"] < treated) & (frame["period"] >= 5)).astype(float)
    return frame.assign(y=draw.normal(size=len(frame)) + effect * frame["exposed"])


@pytest.mark.parametrize(("units", "treated"), [(12, 3), (30, 1), (14, 5), (8, 4)])
def test_the_ends_are_where_the_test_turns(units: int, treated: int) -> None:
    """Independent answer: the test itself, on outcomes from which the effect has been taken."""
    data = panel(units, treated)
    found = reassignment_interval(data, outcome="y")

    def p_value(effect: float) -> float:
        freed = data.assign(y=data["y"] - effect * data["exposed"])
        return reassign_over_units(freed, outcome="y").p_value

    assert p_value(found.ci_low - 1e-6) <= 0.05 < p_value(found.ci_low + 1e-6)
    assert p_value(found.ci_high + 1e-6) <= 0.05 < p_value(found.ci_high - 1e-6)
    plain = reassign_over_units(data, outcome="y")
    assert found.estimate == plain.estimate
    assert found.p_value == plain.p_value
    assert math.isnan(found.std_error)


def test_too_few_assignments_bound_nothing() -> None:
    found = reassignment_interval(panel(10, 1), outcome="y")
    assert (found.ci_low, found.ci_high) == (-math.inf, math.inf)
