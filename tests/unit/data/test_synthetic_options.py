"""Each option of a panel changes the expected course as told, or is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from equieval.data.synthetic import (
    SMOKING,
    Effect,
    Selection,
    Variation,
    did_panel,
    staggered_panel,
    workforce_years,
)

YEAR = replace(SMOKING, periods=12)
START = "2020-07"
QUIET = Variation(unit_spread=0, size_spread=0, composition=None, shared=0, unit=0, group=0)


def test_the_season_peaks_in_january_and_a_year_has_none() -> None:
    variation = replace(QUIET, seasonality=0.2)
    drawn = did_panel(1, effect=Effect(0.0), variation=variation)
    course = drawn.expected[drawn.expected["stratum"] == "5"].groupby("period")["rate"].first()
    assert course.idxmax().month == 1
    assert course.max() - course.min() == pytest.approx(0.4 * 9.0)
    with pytest.raises(ValueError, match="season"):
        did_panel(1, replace(SMOKING, frequency="year", first="2010", periods=9), start="2014",
                  variation=variation)  # fmt: skip


def test_anticipation_shows_before_the_start_and_not_in_the_truth_after_it() -> None:
    effect = Effect(-2.0, anticipation=3, anticipated=0.5)
    drawn = did_panel(1, YEAR, units=4, treated=1, start=START, effect=effect)
    treated = drawn.expected[
        (drawn.expected["unit"] == drawn.truth["treated"][0]) & (drawn.expected["stratum"] == "1")
    ].set_index("period")
    moved = treated["rate"] - treated["rate_counterfactual"]
    np.testing.assert_allclose(moved, [0] * 3 + [-1.0] * 3 + [-2.0] * 6, atol=1e-9)
    assert drawn.truth["overall"]["unit"]["rate, 1"] == -2.0


def test_a_change_can_be_phased_in() -> None:
    drawn = did_panel(
        1, YEAR, units=4, treated=1, start=START, effect=Effect(-2.0, growth=-0.1, phase_in=4)
    )
    found = [
        drawn.true_effect(
            estimand="event-time", measure="rate", stratum="3", weighting="unit", event_time=time
        )
        for time in range(6)
    ]
    np.testing.assert_allclose(found, [-0.5, -1.1, -1.7, -2.3, -2.4, -2.5])


def test_diverging_trends_move_the_treated_without_the_intervention() -> None:
    variation = replace(QUIET, divergence=0.01)
    drawn = did_panel(1, YEAR, start=START, effect=Effect(0.0), variation=variation)
    course = drawn.expected.assign(treated=drawn.expected["unit"].isin(drawn.truth["treated"]))
    last = course[(course["period"] == "2020-12") & (course["stratum"] == "3")]
    by_arm = last.groupby("treated")["rate_counterfactual"].mean()
    assert by_arm[True] - by_arm[False] == pytest.approx(11 * 0.01 * 9.0)
    assert (drawn.estimands["effect"] == 0).all()


@pytest.mark.parametrize(
    "arguments",
    [
        {"start": "2020-01"},
        {"start": "2031-01"},
        {"treated": 0},
        {"treated": 13},
        {"treated": ["Atlantis LMNS"]},
        {"treated": ["Ashmere LMNS", "Ashmere LMNS"]},
        {"units": 0},
        {"units": 1000},
        {"effect": Effect(-30.0)},
        {"effect": Effect({"1": -1.0})},
        {"setting": replace(SMOKING, baseline=150.0)},
        {"setting": replace(SMOKING, periods=1)},
    ],
)
def test_what_describes_no_panel_is_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must|outside|join|unit|number|panel"):
        did_panel(1, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Variation(phi=1.0),
        lambda: Variation(overdispersion=0.5),
        lambda: Variation(shared=-0.1),
        lambda: Effect(phase_in=0),
        lambda: Effect(scale="logit"),  # type: ignore[arg-type]
        lambda: Selection("best-baseline"),  # type: ignore[arg-type]
        lambda: staggered_panel(1, factors={"2021-01": 2.0}),
        lambda: staggered_panel(1, adoption={}),
        lambda: workforce_years(1, effects={"wres-1": Effect(1.0)}),
    ],
)
def test_options_that_mean_nothing_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"must|joins|treated|among"):
        make()


def test_asking_for_an_ambiguous_truth_is_refused() -> None:
    drawn = did_panel(1, YEAR, units=4, treated=1, start=START)
    with pytest.raises(ValueError, match="2 estimands"):
        drawn.true_effect(estimand="simple", measure="sii")
