"""Very few treated units are judged at their size, as the rule fixed beforehand says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equieval.methods.few_treated import ferman_pinto
from equieval.study.comparison import SIZE_CORRECTED, compare


def panel(size: float, units: int = 26, effect: float = -3.0, seed: int = 1) -> pd.DataFrame:
    """Rates of one treated unit of a size, and of others of about 300, over 12 periods."""
    rng = np.random.default_rng(seed)
    sizes = np.where(np.arange(units) == 0, size, 300 * np.exp(0.2 * rng.normal(size=units)))
    frame = pd.MultiIndex.from_product(
        [range(units), range(12)], names=["unit", "period"]
    ).to_frame(index=False)
    frame["weight"] = sizes[frame["unit"]]
    frame["exposed"] = ((frame["unit"] == 0) & (frame["period"] >= 6)).astype(float)
    frame["value"] = 100 * rng.binomial(frame["weight"].astype(int), 0.1) / frame["weight"]
    frame["value"] += effect * frame["exposed"]
    return frame


@pytest.mark.parametrize(
    ("size", "units", "interval"),
    [
        (300, 26, "reassignment"),
        (60, 26, "size-corrected"),
        (1500, 26, "size-corrected"),
        (60, 20, "none"),
        (1500, 20, "reassignment"),
    ],
)
def test_the_size_of_one_treated_unit_picks_its_interval(size, units, interval):
    found = compare(panel(size, units))
    assert found.interval == interval
    assert np.isnan(found.effect.ci_low) == (interval == "none")


def test_the_interval_of_a_small_unit_is_the_one_corrected_for_size():
    data = panel(60)
    found = compare(data)
    expected = ferman_pinto(data, outcome="value", size="weight").effect
    assert (found.effect.ci_low, found.effect.ci_high) == (expected.ci_low, expected.ci_high)
    assert found.inference == SIZE_CORRECTED
    assert "0.2" in found.reason
    assert "times the size of the others" in found.reason
    # the same changes, were the unit as large as the others, would be told with more certainty
    alike = compare(data.assign(weight=300.0))
    assert alike.interval == "reassignment"
    assert found.effect.ci_high - found.effect.ci_low > alike.effect.ci_high - alike.effect.ci_low


def test_a_ratio_allows_for_chance_in_the_observed_rate():
    # a halved rate: chance in what was observed weighs twice as much in the ratio
    data = panel(300)
    data["value"] *= np.where(data["exposed"] == 1, 0.4, 1)
    found = compare(data)
    plain = found.observed / (found.observed - found.effect.ci_high)
    ratio = found.relative
    assert ratio is not None
    assert ratio.estimate == pytest.approx(found.observed / (found.observed - found.estimate))
    assert ratio.ci_high > plain > ratio.estimate
    assert 0 < found.share_observed < 0.5
