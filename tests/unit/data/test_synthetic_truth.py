"""The stated truth of inequality equals what the public measures make of the expected rates.

Two implementations that share no code: the truth writes each measure out, `equieval.methods`
estimates it.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from equieval.data.synthetic import (
    DECILES,
    ETHNIC_BY_CORE20,
    QUINTILES,
    SMOKING,
    Effect,
    Setting,
    did_panel,
    workforce_years,
)
from equieval.methods.inequality import MEASURES, measures_of_values

EARLY = Setting("booking-by-10-weeks", "early", "bookings", DECILES, 60.0, periods=12)


@pytest.mark.parametrize("setting", [replace(SMOKING, periods=12), EARLY], ids=["low", "high"])
@pytest.mark.parametrize("side", ["observed", "counterfactual"])
def test_true_inequality_is_what_the_measures_say_of_the_expected_rates(
    setting: Setting, side: str
) -> None:
    effect = Effect(-0.1, growth=-0.02, scale="log")
    drawn = did_panel(4, setting, units=6, treated=2, start="2020-07", effect=effect)
    column = {"observed": "rate", "counterfactual": "rate_counterfactual"}[side]
    rows = drawn.expected[
        drawn.expected["unit"].isin(drawn.truth["treated"])
        & (drawn.expected["period"] == "2020-10")
    ]
    before = drawn.expected[drawn.expected["period"] < "2020-07"]
    births = before.groupby(["unit", "stratum"])["births"].mean().rename("size")
    rows = rows.join(births, on=["unit", "stratum"])
    rates = (rows[column] * rows["size"]).groupby(rows["stratum"]).sum()
    sizes = rows["size"].groupby(rows["stratum"]).sum()
    strata = pd.DataFrame({"value": rates / sizes, "std_error": 1.0, "population": sizes})
    estimated = measures_of_values(
        strata.reset_index(),
        setting.groups.levels,
        polarity=drawn.truth["polarity"],
    ).set_index("measure")["estimate"]
    truth = drawn.estimands[
        (drawn.estimands["estimand"] == "at-period")
        & (drawn.estimands["period"] == "2020-10")
        & (drawn.estimands["weighting"] == "denominator")
    ].set_index("measure")[side]
    for measure in MEASURES:
        assert truth[measure] == pytest.approx(estimated[measure], abs=1e-8), measure


def test_groups_that_are_not_ranked_are_each_held_against_the_reference() -> None:
    setting = replace(SMOKING, periods=12, groups=ETHNIC_BY_CORE20)
    change = dict.fromkeys(ETHNIC_BY_CORE20.levels, 0.0) | {"Black, Core20": -2.0}
    drawn = did_panel(1, setting, units=6, treated=2, start="2020-07", effect=Effect(change))
    overall = drawn.truth["overall"]["unit"]
    assert overall["gap, Black, Core20"] == -2.0
    assert overall["gap, Asian, Core20"] == 0.0
    assert "gap, White, rest" not in overall
    assert "sii" not in overall
    assert drawn.truth["reference"] == "White, rest"


def test_where_high_is_good_the_disadvantaged_start_lower_and_gain_means_a_smaller_gap() -> None:
    change = dict.fromkeys(DECILES.levels, 0.0) | {"1": 5.0}
    drawn = did_panel(1, EARLY, units=6, treated=2, start="2020-07", effect=Effect(change))
    by_level = drawn.expected.groupby("stratum")["rate_counterfactual"].mean()
    assert by_level["1"] < by_level["10"]
    gap = drawn.estimands[
        (drawn.estimands["estimand"] == "simple") & (drawn.estimands["measure"] == "gap")
    ]
    assert (gap["observed"] > 0).all()
    assert gap["effect"].to_list() == pytest.approx([-5.0, -5.0])


def test_parity_indicators_state_their_distance_from_parity() -> None:
    drawn = workforce_years(1, effects={"wres-3": Effect({"BME": -0.1, "White": 0.0})})
    rows = drawn.estimands[
        (drawn.estimands["indicator"] == "wres-3")
        & (drawn.estimands["estimand"] == "simple")
        & (drawn.estimands["weighting"] == "unit")
    ].set_index("measure")
    ratio = rows.loc["ratio"]
    assert ratio["observed"] < ratio["counterfactual"]
    assert rows.loc["parity-distance", "observed"] == pytest.approx(abs(ratio["observed"] - 1))


def test_shares_of_groups_add_up_and_names_fit() -> None:
    with pytest.raises(ValueError, match="add up"):
        replace(QUINTILES, shares=(0.3, 0.3, 0.3, 0.3, 0.3))
    with pytest.raises(ValueError, match="fit"):
        replace(QUINTILES, levels=("1", "2"))
    with pytest.raises(ValueError, match="reference"):
        replace(QUINTILES, reference="1")
