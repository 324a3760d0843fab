"""The sources of an audit disagree in the ways, and by the amounts, that the truth tells."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from equieval.data.synthetic import (
    BOOKING_BY_ETHNIC_GROUP,
    SMOKING,
    Disagreements,
    Recording,
    Synthetic,
    Variation,
    audit_sources,
)

LARGE = replace(BOOKING_BY_ETHNIC_GROUP, births=60_000)
COUNTS = ["early_bookings", "bookings"]


@pytest.fixture(scope="module")
def drawn() -> Synthetic:
    return audit_sources(3, LARGE)


def rates(table: pd.DataFrame) -> pd.Series:
    sums = table.groupby("ethnic_group")[COUNTS].sum().astype(float)
    return 100 * sums["early_bookings"] / sums["bookings"]


def births(drawn: Synthetic) -> pd.Series:
    return drawn.expected.groupby("stratum")["births"].sum()


def test_the_same_seed_gives_the_same_sources_and_another_does_not() -> None:
    first, again, other = audit_sources(1), audit_sources(1), audit_sources(2)
    assert set(first.companions) == {"provider", "council", "voluntary-sector", "ethnic-coding"}
    pd.testing.assert_frame_equal(first.table, again.table)
    for name, table in first.companions.items():
        pd.testing.assert_frame_equal(table, again.companions[name])
        assert not table.equals(other.companions[name])
    assert first.truth == again.truth


def test_counts_of_every_source_are_whole_and_possible(drawn: Synthetic) -> None:
    for table in (drawn.table, *drawn.companions.values()):
        numerator, denominator = table.columns[-2:]
        assert table[numerator].dtype == table[denominator].dtype == "Int64"
        there = table.dropna()
        assert (there[numerator] >= 0).all()
        assert (there[numerator] <= there[denominator]).all()


def test_national_counts_are_rounded_and_a_failed_trust_is_missing(drawn: Synthetic) -> None:
    there = drawn.table.dropna()
    assert (there[COUNTS] % 5 == 0).all(axis=None)
    missing = drawn.table[drawn.table["bookings"].isna()]
    (told,) = (row for row in drawn.truth["disagreements"] if row["way"] == "missing")
    assert {unit: list(rows["quarter"].unique()) for unit, rows in missing.groupby("trust")} == (
        told["amount"]
    )


def test_coding_is_as_complete_as_told_for_each_source(drawn: Synthetic) -> None:
    coding = drawn.companions["ethnic-coding"]
    for source in ("national", "provider"):
        rows = coding[coding["reported_by"].str.endswith(f"({source})")]
        told = drawn.truth["recording"][source]
        size = births(drawn)
        expected = sum(told[group]["coded"] * size[group] for group in told) / size.sum()
        found = rows["valid_ethnic_category"].sum() / rows["records"].sum()
        assert found == pytest.approx(expected, abs=0.005)
    for group, told in drawn.truth["recording"]["national"].items():
        assert rates(drawn.table)[group] == pytest.approx(told["rate_recorded"], abs=1.5)


def test_the_provider_counts_women_from_elsewhere_and_lacks_part_of_the_last_quarter(
    drawn: Synthetic,
) -> None:
    by_quarter = drawn.companions["provider"].groupby("quarter")["bookings"].sum()
    truth = drawn.expected.groupby("period")["births"].sum()
    excess = by_quarter.to_numpy() / truth.to_numpy()
    assert excess[:-1] == pytest.approx([1.04] * 7, abs=0.005)
    assert excess[-1] == pytest.approx(1.04 * 0.94, abs=0.005)


def test_the_council_files_mixed_under_other_and_unknown_under_white(drawn: Synthetic) -> None:
    council = drawn.companions["council"]
    assert set(council["ethnic_group"]) == {"Black", "Asian", "Other", "White"}
    size = births(drawn)
    told = drawn.truth["recording"]["provider"]
    coded = {group: size[group] * told[group]["coded"] for group in told}
    unknown = size.sum() - sum(coded.values())
    found = council.groupby("ethnic_group")["bookings"].sum()
    assert found["Other"] == pytest.approx(0.97 * (coded["Other"] + coded["Mixed"]), rel=0.01)
    assert found["White"] == pytest.approx(0.97 * (coded["White"] + unknown), rel=0.01)


def test_the_voluntary_sector_reaches_late_bookers_more_often(drawn: Synthetic) -> None:
    table = drawn.companions["voluntary-sector"]
    assert table["quarter"].nunique() == 4
    assert "White" not in set(table["ethnic_group"])
    truth = drawn.estimands.set_index(["measure", "stratum"])["observed"]
    for group, found in rates(table).items():
        early = truth["rate", str(group)] / 100
        # Those who booked late are reached twice as often.
        assert found == pytest.approx(100 * early / (early + 2 * (1 - early)), abs=2.5)


def test_without_disagreements_all_sources_give_the_true_counts() -> None:
    complete = Recording(1.0, event_difference=0.0)
    agreed = Disagreements(complete, complete, 1, 0, 0.0, 0.0, 0.0, 1.0, 1.0)
    drawn = audit_sources(1, disagreements=agreed)
    keys = ["quarter", "ethnic_group"]
    national = drawn.table.groupby(keys)[COUNTS].sum()
    pd.testing.assert_frame_equal(
        drawn.companions["provider"].groupby(keys)[COUNTS].sum(), national
    )
    voluntary = drawn.companions["voluntary-sector"].set_index(keys)[COUNTS].sort_index()
    pd.testing.assert_frame_equal(voluntary, national.loc[voluntary.index])
    council = drawn.companions["council"].set_index(keys)[COUNTS]
    mixed = national.xs("Mixed", level="ethnic_group")
    pd.testing.assert_frame_equal(
        council.xs("Other", level="ethnic_group"),
        national.xs("Other", level="ethnic_group") + mixed,
    )


def test_the_true_gaps_are_those_of_the_expected_rates(drawn: Synthetic) -> None:
    truth = drawn.estimands.set_index(["measure", "stratum"])["observed"]
    assert truth["gap", "Black"] == pytest.approx(truth["rate", "White"] - truth["rate", "Black"])
    assert truth["gap", "Black"] > 10
    assert drawn.estimands["effect"].isna().all()


def test_sources_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="ethnic group"):
        audit_sources(1, SMOKING)
    with pytest.raises(ValueError, match="failed quarters"):
        audit_sources(1, disagreements=Disagreements(failed_quarters=8))
    with pytest.raises(ValueError, match="between 0 and 1"):
        Disagreements(reached=0.6)
    with pytest.raises(ValueError, match="rounding"):
        Disagreements(rounding=0)
    with pytest.raises(ValueError, match="outside"):
        audit_sources(1, variation=Variation(unit_spread=2.0))
