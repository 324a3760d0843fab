"""Do pooled effects of several series hold the truth? Not where a shock hits all units alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equieval.methods.its import effect_at
from equieval.methods.its_units import mixed_its, two_stage_its

MONTHS = pd.period_range("2019-01", periods=36, freq="M")
START, HORIZON = MONTHS[18], MONTHS[29]
UNITS, PHI, TRUTH, BETWEEN = 8, 0.3, -1.0, 0.5
REPLICATIONS = 150


def series(rng: np.random.Generator, count: int) -> np.ndarray:
    """AR(1) series of variance 1."""
    draws = rng.normal(size=(count, len(MONTHS))) * np.sqrt(1 - PHI**2)
    draws[:, 0] /= np.sqrt(1 - PHI**2)
    for place in range(1, len(MONTHS)):
        draws[:, place] += PHI * draws[:, place - 1]
    return draws


def drawn(rng: np.random.Generator, shared: float) -> pd.DataFrame:
    """Units with levels and effects of their own; ``shared`` of the variance is common to all."""
    effects = TRUTH + BETWEEN * rng.normal(size=(UNITS, 1))
    values = 10 + rng.normal(size=(UNITS, 1)) + effects * (MONTHS >= START)
    values = values + np.sqrt(1 - shared) * series(rng, UNITS) + np.sqrt(shared) * series(rng, 1)
    wide = pd.DataFrame(values.T, index=MONTHS).rename_axis("period")
    return wide.melt(ignore_index=False, var_name="unit", value_name="y").reset_index()


@pytest.mark.simulation
@pytest.mark.parametrize("shared", [0.0, 0.5])
def test_intervals_hold_unless_units_move_together_and_that_is_found(shared: float) -> None:
    rng = np.random.default_rng(11)
    held = {"two stages": 0, "mixed": 0}
    found = 0
    for _ in range(REPLICATIONS):
        data = drawn(rng, shared)
        pooled = two_stage_its(
            data, START, outcome="y", estimand=lambda fit, design: effect_at(fit, design, HORIZON)
        )
        mixed = mixed_its(data, START, outcome="y")
        effects = {
            "two stages": pooled.pooled.effect,
            "mixed": effect_at(mixed.fit, mixed.design, HORIZON),
        }
        for name, effect in effects.items():
            held[name] += effect.ci_low <= TRUTH <= effect.ci_high
        found += pooled.shocks.p_value < 0.05
    if shared:
        assert max(held.values()) / REPLICATIONS < 0.8
        assert found / REPLICATIONS > 0.95
    else:
        assert min(held.values()) / REPLICATIONS > 0.95 - 2.58 * np.sqrt(0.0475 / REPLICATIONS)
        assert found / REPLICATIONS < 0.12
