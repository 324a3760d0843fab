"""Panels are drawn around the truth that they state, and each switch does what it says.

Truth is known by construction. Estimates are plain differences of means, written here; their
averages over fixed seeds are allowed four standard errors taken from the replications.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from equieval.data.synthetic import (
    CONTINUITY,
    EARLY_BOOKING,
    ETHNIC_GROUPS,
    SMOKING,
    STILLBIRTH,
    Effect,
    Selection,
    Synthetic,
    Variation,
    did_panel,
    single_treated_panel,
    staggered_panel,
    workforce_years,
)

SEEDS = 60
YEAR = replace(SMOKING, periods=12)
START = "2020-07"
BY_QUINTILE = {"1": -2.0, "2": -1.5, "3": -1.0, "4": -0.5, "5": 0.0}
QUIET = Variation(unit_spread=0, size_spread=0, composition=None, shared=0, unit=0, group=0)

Draw = Callable[[int], Synthetic]


def average_close_to(found: list[float], truth: float) -> bool:
    return abs(np.mean(found) - truth) < 4 * np.std(found, ddof=1) / np.sqrt(len(found))


def counts(drawn: Synthetic) -> pd.DataFrame:
    """Return ``unit, period, stratum, events, births, treated`` whatever the columns are called."""
    setting = drawn.truth["arguments"]["setting"]
    names = {
        setting["unit"].lower(): "unit",
        setting["frequency"]: "period",
        setting["groups"]["dimension"].replace("-", "_").removeprefix("local_"): "stratum",
        setting["numerator"]: "events",
        setting["denominator"]: "births",
    }
    table = drawn.table.rename(columns=names)[list(names.values())]
    return table.assign(treated=table["unit"].isin(drawn.truth["treated"]))


def change_by_stratum(drawn: Synthetic, *, log: bool = False) -> pd.Series:
    """Difference in differences of pooled rates, by stratum."""
    table = counts(drawn)
    table["after"] = table["period"] >= drawn.truth["start"]
    sums = table.groupby(["stratum", "treated", "after"])[["events", "births"]].sum()
    rate = drawn.truth["per"] * sums["events"].astype(float) / sums["births"].astype(float)
    cell = (np.log(rate) if log else rate).unstack(["treated", "after"])
    treated = cell[(True, True)] - cell[(True, False)]
    return treated - (cell[(False, True)] - cell[(False, False)])


@pytest.fixture(scope="module")
def panels() -> list[Synthetic]:
    variation = Variation(seasonality=0.1, trend=-0.003, overdispersion=1.5)
    return [
        did_panel(
            seed,
            YEAR,
            units=8,
            treated=3,
            start=START,
            effect=Effect(BY_QUINTILE, growth=-0.1),
            variation=variation,
        )
        for seed in range(SEEDS)
    ]


@pytest.mark.parametrize("stratum", BY_QUINTILE)
def test_the_effect_in_each_group_is_recovered_on_average(
    panels: list[Synthetic], stratum: str
) -> None:
    found = [change_by_stratum(drawn)[stratum] for drawn in panels]
    # The average over event times 0 to 5 of change − 0.1 · e.
    assert average_close_to(found, BY_QUINTILE[stratum] - 0.25)
    for drawn in panels[:3]:
        truth = drawn.true_effect(
            estimand="simple", measure="rate", stratum=stratum, weighting="denominator"
        )
        assert truth == pytest.approx(BY_QUINTILE[stratum] - 0.25)


@pytest.mark.parametrize("measure", ["rate", "gap", "sii", "concentration-index-absolute"])
def test_the_effect_on_outcome_and_inequality_is_recovered_on_average(
    panels: list[Synthetic], measure: str
) -> None:
    errors = []
    for drawn in panels:
        change = change_by_stratum(drawn)[list(BY_QUINTILE)].to_numpy()
        share = np.array(list(drawn.truth["shares"]["denominator"].values()))
        middle = np.cumsum(share) - share / 2 - 0.5
        found = {
            "rate": share @ change,
            "gap": change[0] - change[-1],
            "sii": -(share * middle) @ change / (share @ middle**2),
            "concentration-index-absolute": -2 * (share * middle) @ change,
        }[measure]
        stratum = "all" if measure == "rate" else ""
        truth = drawn.true_effect(
            estimand="simple", measure=measure, stratum=stratum, weighting="denominator"
        )
        errors.append(found - truth)
        # Otherwise an estimator that always says "no effect" would pass as well.
        assert abs(truth) > 0.1
    assert average_close_to(errors, 0.0)


def test_on_the_log_scale_groups_run_parallel_in_proportion() -> None:
    found = []
    for seed in range(40):
        drawn = did_panel(
            seed,
            replace(YEAR, births=3000),
            units=8,
            treated=3,
            start=START,
            effect=Effect(-0.2, scale="log"),
            variation=Variation(trend=-0.02),
        )
        found.append(float(change_by_stratum(drawn, log=True)["1"]))
    assert average_close_to(found, -0.2)
    expected = drawn.expected[drawn.expected["rate"] != drawn.expected["rate_counterfactual"]]
    np.testing.assert_allclose(
        np.log(expected["rate"] / expected["rate_counterfactual"]), -0.2, atol=1e-8
    )


def test_staggered_effects_are_recovered_for_each_cohort_and_period() -> None:
    setting = replace(CONTINUITY, periods=8, groups=ETHNIC_GROUPS, births=600)
    errors: dict[tuple[str, str], list[float]] = {}
    for seed in range(SEEDS):
        drawn = staggered_panel(
            seed,
            setting,
            units=12,
            adoption={"2020-04": 3, "2020-06": 3},
            effect=Effect(4.0, growth=0.5),
            factors={"2020-06": 2.0},
        )
        table = counts(drawn)
        by_unit = table.groupby(["unit", "period"])[["events", "births"]].sum().astype(float)
        rate = (100 * by_unit["events"] / by_unit["births"]).unstack()
        never = rate.loc[drawn.truth["controls"]].mean()
        for cohort, base in (("2020-04", "2020-03"), ("2020-06", "2020-05")):
            joined = [unit for unit, label in drawn.truth["adoption"].items() if label == cohort]
            for period in ("2020-06", "2020-08"):
                moved = rate.loc[joined].mean() - never
                truth = drawn.true_effect(
                    estimand="group-time",
                    measure="rate",
                    stratum="all",
                    weighting="unit",
                    cohort=cohort,
                    period=period,
                )
                errors.setdefault((cohort, period), []).append(moved[period] - moved[base] - truth)
                months = int(period[-1]) - int(cohort[-1])
                factor = 2.0 if cohort == "2020-06" else 1.0
                assert truth == pytest.approx(factor * (4.0 + 0.5 * months))
    for found in errors.values():
        assert average_close_to(found, 0.0)


def test_aggregations_of_staggered_effects_weigh_as_their_names_say() -> None:
    drawn = staggered_panel(
        3,
        replace(CONTINUITY, periods=6),
        units=8,
        adoption={"2020-03": 3, "2020-05": 1},
        effect=Effect(2.0, growth=1.0),
        factors={"2020-05": 3.0},
    )

    def truth(estimand: str, **where: object) -> float:
        return drawn.true_effect(
            estimand=estimand, measure="rate", stratum="White, rest", weighting="unit", **where
        )

    # First cohort: 2, 3, 4, 5 in four periods; second: 6, 9 in the last two.
    assert truth("event-time", event_time=0) == pytest.approx((3 * 2 + 6) / 4)
    assert truth("event-time", event_time=3) == pytest.approx(5)
    assert truth("at-period", period="2020-06") == pytest.approx((3 * 5 + 9) / 4)
    assert truth("simple") == pytest.approx((3 * (2 + 3 + 4 + 5) + 6 + 9) / (3 * 4 + 2))
    assert truth("group") == pytest.approx((3 * 3.5 + 7.5) / 4)
    assert truth("dynamic") == pytest.approx(np.mean([12 / 4, (9 + 9) / 4, 4, 5]))
    assert truth("calendar") == pytest.approx(np.mean([2, 3, (12 + 6) / 4, (15 + 9) / 4]))


def test_one_unit_is_treated_and_its_level_and_slope_change_as_told() -> None:
    errors = []
    for seed in range(SEEDS):
        drawn = single_treated_panel(
            seed,
            replace(EARLY_BOOKING, periods=12),
            units=8,
            start=START,
            effect=Effect(5.0, growth=0.4),
        )
        assert len(drawn.truth["treated"]) == 1
        assert len(drawn.truth["controls"]) == 7
        errors.append(change_by_stratum(drawn)["Rest"] - (5.0 + 0.4 * 2.5))
    assert average_close_to(errors, 0.0)
    named = single_treated_panel(1, treated="Calderwick LMNS")
    assert named.truth["treated"] == ["Calderwick LMNS"]


def test_workforce_effects_are_recovered_and_others_are_none() -> None:
    found: dict[str, list[float]] = {"abused_by_staff": [], "trained": []}
    denominators = {"abused_by_staff": "respondents", "trained": "staff"}
    effects = {"wres-6": Effect({"BME": -4.0, "White": -1.0})}
    for seed in range(25):
        drawn = workforce_years(seed, trusts=12, treated=4, effects=effects)
        table = drawn.table[drawn.table["staff_ethnicity"] == "BME"]
        table = table.assign(
            treated=table["trust"].isin(drawn.truth["treated"]),
            after=table["year"] >= drawn.truth["start"],
        )
        for name, errors in found.items():
            sums = table.groupby(["treated", "after"])[[name, denominators[name]]].sum()
            rate = (100 * sums[name] / sums[denominators[name]]).astype(float).unstack()
            errors.append(rate.loc[True].diff().iloc[-1] - rate.loc[False].diff().iloc[-1])
    assert average_close_to(found["abused_by_staff"], -4.0)
    assert average_close_to(found["trained"], 0.0)
    assert drawn.truth["overall"]["wres-6"]["unit"]["gap, BME"] == -3.0
    assert drawn.table["year"].nunique() == 7


GENERATORS: dict[str, Draw] = {
    "did": lambda seed: did_panel(seed, YEAR, units=6, treated=2, start=START),
    "rare": lambda seed: did_panel(
        seed,
        replace(STILLBIRTH, periods=12, births=150),
        units=6,
        treated=2,
        start=START,
        variation=Variation(overdispersion=3.0),
    ),
    "staggered": lambda seed: staggered_panel(seed),
    "single": lambda seed: single_treated_panel(seed),
    "workforce": lambda seed: workforce_years(seed),
}


@pytest.mark.parametrize("generator", GENERATORS)
def test_the_same_seed_gives_the_same_tables_and_another_does_not(generator: str) -> None:
    draw = GENERATORS[generator]
    first, again, other = draw(5), draw(5), draw(6)
    pd.testing.assert_frame_equal(first.table, again.table)
    pd.testing.assert_frame_equal(first.expected, again.expected)
    pd.testing.assert_frame_equal(first.estimands, again.estimands)
    assert first.truth == again.truth
    assert not first.table.equals(other.table)
    assert first.label == first.truth["label"] == "synthetic"


@pytest.mark.parametrize("generator", GENERATORS)
def test_counts_are_whole_and_no_numerator_exceeds_its_denominator(generator: str) -> None:
    drawn = GENERATORS[generator](2)
    numbers = drawn.table.select_dtypes("Int64")
    assert numbers.shape[1] >= 2
    assert numbers.notna().all(axis=None)
    assert (numbers >= 0).all(axis=None)
    pairs = [("staff", "trained"), ("respondents", "abused_by_staff"), ("shortlisted", "appointed")]
    if generator != "workforce":
        pairs = [(str(numbers.columns[1]), str(numbers.columns[0]))]
    for denominator, numerator in pairs:
        assert (numbers[numerator] <= numbers[denominator]).all()
        assert numbers[numerator].sum() > 0


def test_rare_outcomes_are_as_rare_as_told() -> None:
    drawn = did_panel(1, STILLBIRTH, units=40, treated=1, effect=Effect(0.0), variation=QUIET)
    rate = 1000 * drawn.table["stillbirths"].sum() / drawn.table["total_births"].sum()
    # 1.7 million births: the standard error of the rate is 0.05 per 1,000.
    assert rate == pytest.approx(4.0, abs=0.2)


def test_shocks_have_the_autocorrelation_that_is_asked_for() -> None:
    lagged = []
    for seed in range(4):
        drawn = did_panel(
            seed,
            replace(SMOKING, periods=200, births=2_000_000),
            effect=Effect(0.0),
            variation=replace(QUIET, phi=0.6, unit=0.05),
        )
        table = counts(drawn)
        rates = table.groupby(["period", "unit"])[["events", "births"]].sum().astype(float)
        series = (rates["events"] / rates["births"]).unstack()
        lagged += [series[unit].autocorr() for unit in series]
    # Estimates of an AR(1) are biased downwards by about (1 + 3 * phi) / n = .014.
    assert np.mean(lagged) == pytest.approx(0.6 - 0.014, abs=4 * np.std(lagged) / np.sqrt(48))


def test_counts_are_as_overdispersed_as_asked_for() -> None:
    drawn = did_panel(
        1,
        replace(SMOKING, periods=400),
        effect=Effect(0.0),
        variation=replace(QUIET, overdispersion=3.0),
    )
    table = counts(drawn)
    p = table["stratum"].map(drawn.expected.groupby("stratum")["rate"].first()) / 100
    births = table["births"].astype(float)
    pearson = (table["events"].astype(float) - births * p) ** 2 / (births * p * (1 - p))
    assert pearson.mean() == pytest.approx(3.0, abs=4 * pearson.std() / np.sqrt(len(pearson)))


@pytest.mark.parametrize(("rule", "regresses"), [("worst-baseline", True), ("random", False)])
def test_what_is_chosen_for_a_bad_baseline_gets_better_without_any_effect(
    rule: str, regresses: bool
) -> None:
    found = []
    for seed in range(SEEDS):
        drawn = did_panel(
            seed,
            YEAR,
            units=12,
            treated=3,
            start=START,
            effect=Effect(0.0),
            variation=Variation(unit=0.1, unit_spread=0.02),
            selection=Selection(rule, window=6),  # type: ignore[arg-type]
        )
        assert (drawn.estimands.loc[drawn.estimands["measure"] == "rate", "effect"] == 0).all()
        share = np.array(list(drawn.truth["shares"]["denominator"].values()))
        found.append(float(share @ change_by_stratum(drawn)[list(BY_QUINTILE)].to_numpy()))
    if regresses:
        assert np.mean(found) < -8 * np.std(found) / np.sqrt(SEEDS)
    else:
        assert average_close_to(found, 0.0)


def test_selection_by_baseline_knows_which_way_is_bad() -> None:
    drawn = single_treated_panel(
        1, effect=Effect(0.0), selection=Selection("worst-baseline", window=30)
    )
    table = counts(drawn)
    before = table[table["period"] < drawn.truth["start"]]
    sums = before.groupby("unit")[["events", "births"]].sum()
    assert (sums["events"] / sums["births"]).astype(float).idxmin() == drawn.truth["treated"][0]
