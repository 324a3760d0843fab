"""Placebos that are fitted with the true fit's time weights must not give an interval."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from equieval.methods.synthetic_did import synthetic_did
from equieval.methods.synthetic_inequality import placebo_contrast, placebo_synthetic_did


def panel(periods_before: int, controls: int = 15) -> pd.DataFrame:
    draw = np.random.default_rng(3)
    periods = periods_before + 6
    units = draw.normal(10, 2, size=(controls + 1, 1))
    values = (
        units + draw.normal(0, 1, size=(1, periods)) + draw.normal(size=(controls + 1, periods))
    )
    frame = pd.DataFrame(values).melt(ignore_index=False, var_name="period", value_name="y")
    frame = frame.rename_axis("unit").reset_index()
    exposed = (frame["unit"] == 0) & (frame["period"] >= periods_before)
    return frame.assign(exposed=exposed.astype(float))


def test_more_periods_than_controls_leave_the_normal_interval_out() -> None:
    """Noise of standard deviation 1: placebos fitted one by one spread by about as much."""
    data = panel(periods_before=30)
    found = synthetic_did(data, outcome="y")
    assert math.isfinite(found.effect.estimate)
    assert math.isnan(found.effect.ci_low)
    ranked = placebo_synthetic_did(data, outcome="y")
    others = ranked.placebos["estimate"].to_numpy(float)[1:]
    assert placebo_contrast(ranked.estimate, others).std_error > 0.2


@pytest.mark.parametrize("periods_before", [8, 14])
def test_fewer_periods_than_controls_keep_it(periods_before: int) -> None:
    found = synthetic_did(panel(periods_before), outcome="y")
    assert found.effect.std_error > 0.1
