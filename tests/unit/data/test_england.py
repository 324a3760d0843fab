"""The shipped table of England holds the figures that the ONS published."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from equieval.data import Observations, audit, load_observations
from equieval.protocol import Evaluation

PROJECT = Path(__file__).parents[3]
TABLE = PROJECT / "data" / "england-births-and-deaths-by-imd-decile.csv"
# Office for National Statistics, Child and infant mortality 2022 (tables 18, 21, 25) and
# Births 2023 (table 9): stillbirths per 1,000 total births, to four decimals.
PUBLISHED_RATES = {"2010": 5.0774, "2019": 3.8280, "2022": 3.9318, "2023": 3.9414}

DECILES = {
    "dimension": "imd-decile",
    "levels": [str(number) for number in range(1, 11)],
    "direction": "1-is-most-deprived",
    "edition": "as published",
}
SOURCE = {
    "path": "data/england-births-and-deaths-by-imd-decile.csv",
    "dimensions": {"imd-decile": "imd_decile"},
    "indicators": {
        "stillbirth": {"numerator": "stillbirths", "denominator": ["live_births", "stillbirths"]},
        "neonatal-mortality": {"numerator": "neonatal_deaths", "denominator": "live_births"},
        "infant-mortality": {"numerator": "infant_deaths", "denominator": "live_births"},
    },
    "breaks": [{"period": 2023, "note": "the row comes from the second publication"}],
    "missing_because": {"neonatal-mortality": {"2023": "not in the second publication"}},
}


@pytest.fixture
def of_england(evaluation: Callable[..., Evaluation]) -> Evaluation:
    return evaluation(equity=DECILES, **SOURCE)


@pytest.fixture
def england(of_england: Evaluation) -> Observations:
    return load_observations(of_england, PROJECT)


@pytest.mark.parametrize(("year", "rate"), PUBLISHED_RATES.items())
def test_stillbirth_rates_are_the_published_ones(
    england: Observations, year: str, rate: float
) -> None:
    overall = england.overall("stillbirth").set_index("period")["rate"]
    assert overall[pd.Period(year, "Y")] == pytest.approx(rate, abs=5e-5)


def test_deciles_add_up_to_the_published_total_in_every_year_and_column() -> None:
    table = pd.read_csv(TABLE)
    counts = ["live_births", "stillbirths", "neonatal_deaths", "infant_deaths"]
    totals = table[table["imd_decile"] == "all"].set_index("year")[counts]
    deciles = table[table["imd_decile"] != "all"].groupby("year")[counts].sum(min_count=10)
    pd.testing.assert_frame_equal(totals, deciles, check_dtype=False)


def test_the_table_covers_every_year_and_decile_once() -> None:
    table = pd.read_csv(TABLE, dtype=str)
    places = set(zip(table["year"], table["imd_decile"], strict=True))
    levels = ["all", *(str(number) for number in range(1, 11))]
    assert places == {(str(year), level) for year in range(2010, 2024) for level in levels}
    assert len(table) == len(places)


def test_deaths_of_2023_are_missing_and_not_zero(england: Observations) -> None:
    for indicator in ("neonatal-mortality", "infant-mortality"):
        strata = england.strata(indicator).set_index("period").loc["2023"]
        assert len(strata) == 10
        assert strata["numerator"].isna().all()
        assert strata["rate"].isna().all()
        total = england.overall(indicator).set_index("period").loc["2023"]
        assert total[["numerator", "rate"]].isna().all()
        assert england.periods(indicator)[-1] == pd.Period("2022", "Y")
    assert england.periods("stillbirth")[-1] == pd.Period("2023", "Y")


def test_the_audit_tells_the_break_and_why_deaths_are_missing(
    england: Observations, of_england: Evaluation
) -> None:
    found = audit(england, of_england)
    assert found.consistency.empty
    # 14 years of stillbirths and births, 13 of deaths: 3 denominators over 14 years.
    assert found.compared == 14 + 13 + 13 + 3 * 14
    assert list(found.breaks["period"]) == [pd.Period("2023", "Y")]
    reasons = found.missing.groupby("indicator")["reason"].unique()
    assert list(reasons["neonatal-mortality"]) == ["not in the second publication"]
    assert list(reasons["infant-mortality"]) == [""]
    assert any(
        "2023, where there are any; missing because: not in the second publication" in action
        for action in found.actions
    )


def test_quintiles_join_neighbouring_deciles(england: Observations) -> None:
    strata = england.grouped("quintiles").strata("stillbirth").set_index(["period", "stratum"])
    most = strata.loc[(pd.Period("2010", "Y"), "1")]
    # Deciles 1 and 2 of 2010: 633 + 526 stillbirths among 100,439 + 89,393 live births.
    assert most["numerator"] == 633 + 526
    assert most["denominator"] == 100_439 + 89_393 + 633 + 526
    assert england.grouped("quintiles").dimension == "imd-quintile"


def test_the_readme_names_publisher_licence_and_every_column() -> None:
    words = (TABLE.parent / "README.md").read_text(encoding="utf-8")
    assert "Office for National Statistics" in words
    flat = " ".join(words.split())
    assert "Contains public sector information licensed under the [Open Government" in flat
    for column in pd.read_csv(TABLE, nrows=0).columns:
        assert f"`{column}`" in words
