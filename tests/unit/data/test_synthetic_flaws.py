"""Missing ethnicity, drop-outs and mergers change the table as told, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from equieval.data.synthetic import (
    CONTINUITY,
    ETHNIC_GROUPS,
    INCLUSION_GROUPS,
    SMOKING,
    STILLBIRTH,
    Dropouts,
    Effect,
    Flaws,
    Recording,
    Synthetic,
    did_panel,
    staggered_panel,
)

BY_ETHNIC_GROUP = replace(STILLBIRTH, groups=ETHNIC_GROUPS, births=4000)
YEAR = replace(SMOKING, periods=12)
INFORMATIVE = Recording(coded=0.94, event_difference=-0.2, improvement=0.03)


@pytest.fixture(scope="module")
def complete() -> Synthetic:
    return did_panel(1, BY_ETHNIC_GROUP, units=8)


@pytest.fixture(scope="module")
def incomplete() -> Synthetic:
    return did_panel(1, BY_ETHNIC_GROUP, units=8, flaws=Flaws(recording=INFORMATIVE))


def rate(table: pd.DataFrame) -> float:
    return float(1000 * table["stillbirths"].sum() / table["total_births"].sum())


def test_missing_ethnicity_is_informative_as_told(incomplete: Synthetic) -> None:
    table = incomplete.table
    known = table["ethnic_group"] != "Not known"
    # Babies who died are recorded less often, so the rate is highest where nothing is stated.
    assert rate(table[~known]) > 2 * rate(table[known])
    exposed = table["lmns"].isin(incomplete.truth["treated"]) & (
        table["month"] >= incomplete.truth["start"]
    )
    for name, cells in (("unexposed", ~exposed), ("exposed", exposed)):
        told = incomplete.truth["recording"][name]
        white = table[cells & (table["ethnic_group"] == "White")]
        # About 3,000 recorded stillbirths or more: a standard error of 2 % of the rate.
        assert rate(white) == pytest.approx(told["White"]["rate_recorded"], rel=0.08)
        assert told["White"]["rate_recorded"] < told["White"]["rate"]


def test_completeness_is_as_told_and_improves_only_where_the_intervention_is(
    complete: Synthetic, incomplete: Synthetic
) -> None:
    keys = ["lmns", "month", "ethnic_group"]
    both = complete.table.merge(incomplete.table, on=keys, suffixes=("", "_recorded"))
    exposed = both["lmns"].isin(complete.truth["treated"]) & (
        both["month"] >= complete.truth["start"]
    )
    for name, cells in (("unexposed", ~exposed), ("exposed", exposed)):
        sums = both[cells].groupby("ethnic_group").sum(numeric_only=True)
        coded = sums["total_births_recorded"] / sums["total_births"]
        for group in ETHNIC_GROUPS.levels:
            told = incomplete.truth["recording"][name][group]["coded"]
            assert coded[group] == pytest.approx(told, abs=0.005)
    told = incomplete.truth["recording"]
    gained = told["exposed"]["Black"]["coded"] - told["unexposed"]["Black"]["coded"]
    # A little more than 0.03: there are fewer deaths, which are recorded less often.
    assert gained == pytest.approx(0.03, abs=5e-4)


def test_recording_moves_people_between_groups_and_loses_nobody(
    complete: Synthetic, incomplete: Synthetic
) -> None:
    keys = ["lmns", "month"]
    pd.testing.assert_frame_equal(
        complete.table.groupby(keys)[["stillbirths", "total_births"]].sum(),
        incomplete.table.groupby(keys)[["stillbirths", "total_births"]].sum(),
    )
    numbers = incomplete.table[["stillbirths", "total_births"]]
    assert (numbers >= 0).all(axis=None)
    assert (numbers["stillbirths"] <= numbers["total_births"]).all()
    pd.testing.assert_frame_equal(complete.estimands, incomplete.estimands)


def test_where_two_dimensions_cross_only_the_unrecorded_one_is_unknown() -> None:
    drawn = staggered_panel(1, units=16, flaws=Flaws(recording=Recording(0.8)))
    table = drawn.table
    unknown = table[table["ethnic_group"] == "Not known"]
    assert set(unknown["core20"]) == {"Core20", "rest"}
    assert set(unknown["ethnic_group_by_core20"]) == {"Not known, Core20", "Not known, rest"}
    complete = staggered_panel(1, units=16).table
    by_area = ["trust", "month", "core20"]
    pd.testing.assert_series_equal(
        table.groupby(by_area)["women_reaching_29_weeks"].sum(),
        complete.groupby(by_area)["women_reaching_29_weeks"].sum(),
    )


def test_units_that_drop_out_are_missing_not_zero() -> None:
    drawn = did_panel(1, YEAR, start="2020-07", flaws=Flaws(dropouts=Dropouts(3, 2)))
    complete = did_panel(1, YEAR, start="2020-07").table
    missing = drawn.table["women_status_known"].isna()
    assert (drawn.table["smokers"].isna() == missing).all()
    told = {(unit, month) for unit, months in drawn.truth["dropouts"].items() for month in months}
    assert len(told) == 3 * 2
    assert (
        set(zip(drawn.table["lmns"][missing], drawn.table["month"][missing], strict=True)) == told
    )
    pd.testing.assert_frame_equal(drawn.table[~missing], complete[~missing])


def test_the_worst_dropping_out_looks_like_a_fall() -> None:
    flaws = Flaws(dropouts=Dropouts(2, 6, rule="highest-rate"))
    drawn = did_panel(1, YEAR, start="2020-07", effect=Effect(0.0), flaws=flaws)
    means = drawn.expected.groupby("unit")["rate_counterfactual"].mean()
    assert set(drawn.truth["dropouts"]) == set(means.nlargest(2).index)
    assert {month for months in drawn.truth["dropouts"].values() for month in months} == {
        f"2020-{month:02d}" for month in range(7, 13)
    }


def test_merged_units_report_under_the_name_that_the_succession_table_gives() -> None:
    setting = replace(CONTINUITY, periods=40)
    drawn = staggered_panel(2, setting, flaws=Flaws(mergers=2))
    complete = staggered_panel(2, setting).table
    succession = drawn.companions["succession"]
    assert list(succession.columns) == ["predecessor", "successor", "period"]
    assert len(succession) == 4
    assert not set(succession["predecessor"]) & set(drawn.truth["treated"])
    assert not set(succession["predecessor"]) & set(drawn.truth["controls"])
    table = drawn.table
    for row in succession.itertuples():
        assert table.loc[table["trust"] == row.predecessor, "month"].max() < row.period
        assert table.loc[table["trust"] == row.successor, "month"].min() == row.period
    successor = dict(zip(succession["predecessor"], succession["successor"], strict=True))
    keys = ["trust", "month", "ethnic_group_by_core20"]
    joined = [
        rows.assign(trust=rows["trust"].replace(successor))
        .groupby(keys)[["women_with_continuity", "women_reaching_29_weeks"]]
        .sum()
        for rows in (table, complete)
    ]
    pd.testing.assert_frame_equal(*joined)


@pytest.mark.parametrize(
    "flaws",
    [
        Flaws(recording=Recording(0.98, improvement=0.05)),
        Flaws(recording=Recording(0.05, event_difference=-0.1)),
        Flaws(dropouts=Dropouts(13)),
        Flaws(dropouts=Dropouts(1, 12)),
        Flaws(mergers=5),
    ],
)
def test_flaws_that_cannot_be_are_refused(flaws: Flaws) -> None:
    with pytest.raises(ValueError, match=r"coding rates|too few|untreated"):
        did_panel(1, YEAR, start="2020-07", flaws=flaws)


def test_groups_without_an_unknown_level_cannot_be_unrecorded() -> None:
    setting = replace(YEAR, groups=INCLUSION_GROUPS)
    with pytest.raises(ValueError, match="not recorded"):
        did_panel(1, setting, start="2020-07", flaws=Flaws(recording=INFORMATIVE))
