"""Do bounds with chance hold what they bound where groups have few events?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equieval.methods.gradient import slope_weights
from equieval.methods.missing_groups import missing_group_bounds

LEVELS = ["a", "b", "c"]
PEOPLE = np.array([1_000, 2_000, 3_000])


def coverage(
    rates: np.ndarray, unknown: int, plausibility: float, replications: int
) -> dict[str, float]:
    """Return how often each measure's limits hold it, people of unknown group as those known."""
    rng = np.random.default_rng(round(unknown * plausibility))
    share = PEOPLE / PEOPLE.sum()
    truth = {
        "rate": rates[0],
        "gap": rates[0] - rates[-1],
        "sii": -rates @ slope_weights(share, np.cumsum(share) - share / 2),
    }
    held = dict.fromkeys(truth, 0)
    everyone = np.append(PEOPLE, unknown)
    for _ in range(replications):
        events = rng.binomial(PEOPLE, rates)
        others = rng.binomial(rng.multinomial(unknown, share), rates).sum()
        counts = pd.DataFrame(
            {
                "stratum": [*LEVELS, "not known"],
                "numerator": [*events, others],
                "denominator": everyone,
            }
        )
        found = missing_group_bounds(
            counts, LEVELS, ["not known"], per=1, plausibility=[plausibility]
        )
        assert (found.loc[found["measure"] == "rate", "ci_low"] >= 0).all()
        for name, value in truth.items():
            row = found[found["measure"] == name].iloc[0]
            held[name] += row["ci_low"] <= value <= row["ci_high"]
    return {name: count / replications for name, count in held.items()}


def test_with_two_or_three_events_a_group_the_limits_hold():
    """Wald's limits hold a rate and a gap 83% of the time here."""
    assert min(coverage(np.array([0.002, 0.0015, 0.001]), 600, 1.0, 80).values()) > 0.91


@pytest.mark.simulation
@pytest.mark.parametrize("plausibility", [1.0, 1.5])
@pytest.mark.parametrize("unknown", [600, 3_000])
@pytest.mark.parametrize(
    "rates", [(0.002, 0.0015, 0.001), (0.004, 0.0035, 0.003), (0.2, 0.15, 0.1)]
)
def test_limits_hold_from_few_events_to_many(
    rates: tuple[float, ...], unknown: int, plausibility: float
) -> None:
    found = coverage(np.array(rates), unknown, plausibility, 300)
    assert min(found.values()) > 0.95 - 2.58 * np.sqrt(0.0475 / 300)
