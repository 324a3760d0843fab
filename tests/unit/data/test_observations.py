"""The canonical table: complete, in order, and missing where nothing is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from equieval.data import Gap, Observations, load_observations
from equieval.errors import DataError
from equieval.protocol import Evaluation

Make = Callable[..., Evaluation]
Write = Callable[..., Path]

DECILES = {
    "dimension": "imd-decile",
    "levels": [str(number) for number in range(1, 11)],
    "direction": "1-is-most-deprived",
    "edition": "IMD 2019",
}


def year(label: str) -> pd.Period:
    return pd.Period(label, "Y")


@pytest.fixture
def loaded(root: Path, evaluation: Make, write: Write) -> Callable[..., Observations]:
    def load(*rows: str, **source: object) -> Observations:
        write(*rows)
        return load_observations(evaluation(**source), root)

    return load


def test_the_canonical_table_has_its_columns_types_and_order(
    loaded: Callable[..., Observations],
) -> None:
    table = loaded("2011,richer,9,1", "2010,all,20,2", "2010,richer,10,1", "2010,poorer,9,1").table
    assert list(table.columns) == [
        "unit",
        "period",
        "local-half",
        "indicator",
        "numerator",
        "denominator",
    ]
    assert table["period"].dtype == pd.PeriodDtype("Y-DEC")
    assert table["numerator"].dtype == table["denominator"].dtype == "float64"
    assert list(table["local-half"]) == ["poorer", "richer", "all"] * 2
    assert set(table["unit"]) == {"England"}


def test_an_absent_row_is_missing_and_not_zero(loaded: Callable[..., Observations]) -> None:
    observations = loaded("2010,poorer,10,1", "2010,richer,10,1", "2011,poorer,10,1")
    strata = observations.strata("stillbirth").set_index(["period", "stratum"])
    absent = strata.loc[(year("2011"), "richer")]
    assert absent[["numerator", "denominator", "rate"]].isna().all()


def test_an_empty_cell_is_missing_and_not_zero(loaded: Callable[..., Observations]) -> None:
    observations = loaded("2010,poorer,10,", "2010,richer,10,1")
    strata = observations.strata("stillbirth").set_index("stratum")
    assert strata.loc["poorer", ["numerator", "denominator", "rate"]].isna().all()


def test_a_zero_is_a_zero(loaded: Callable[..., Observations]) -> None:
    strata = loaded("2010,poorer,10,0", "2010,richer,0,0").strata("stillbirth")
    assert list(strata["numerator"]) == [0.0, 0.0]
    assert strata["rate"][0] == 0.0
    assert pd.isna(strata["rate"][1])


def test_rates_are_in_the_unit_of_the_indicator(loaded: Callable[..., Observations]) -> None:
    strata = loaded("2010,poorer,199,1", "2010,richer,100,0").strata("stillbirth")
    assert strata["rate"][0] == pytest.approx(1000 / 200)


def test_a_period_that_is_left_out_is_a_gap_on_a_complete_grid(
    loaded: Callable[..., Observations],
) -> None:
    rows = [f"{y},{half},10,1" for y in (2010, 2011, 2013) for half in ("poorer", "richer")]
    observations = loaded(*rows, "2014,poorer,,", "2014,richer,,")
    assert observations.gaps == (Gap("stillbirth", "England", year("2012")),)
    assert list(observations.periods("stillbirth").year) == [2010, 2011, 2012, 2013]
    strata = observations.strata("stillbirth")
    assert list(strata["period"].dt.year.unique()) == [2010, 2011, 2012, 2013, 2014]
    assert len(strata) == 10


def test_an_indicator_that_is_never_recorded_has_no_periods(
    loaded: Callable[..., Observations],
) -> None:
    observations = loaded("2010,poorer,10,", "2010,richer,10,")
    assert len(observations.periods("stillbirth")) == 0
    assert observations.gaps == ()


def test_the_published_total_goes_before_the_sum_of_strata(
    loaded: Callable[..., Observations],
) -> None:
    observations = loaded(
        *("2010,all,30,5", "2010,poorer,10,1", "2010,richer,10,1"),
        *("2011,poorer,10,1", "2011,richer,10,2", "2011,,5,1"),
        *("2012,all,30,", "2012,poorer,10,1", "2012,richer,10,", "2012,,5,0"),
    )
    overall = observations.overall("stillbirth").set_index("period")
    assert overall.loc[year("2010"), "numerator"] == 5
    assert overall.loc[year("2011"), "numerator"] == 4
    assert overall.loc[year("2011"), "denominator"] == 29
    assert pd.isna(overall.loc[year("2012"), "rate"])


def test_levels_that_are_not_known_stay_rows_of_their_own(
    loaded: Callable[..., Observations],
) -> None:
    observations = loaded("2010,poorer,10,1", "2010,richer,10,1", "2010,,5,1")
    ranked = observations.strata("stillbirth")
    assert list(ranked["stratum"]) == ["poorer", "richer"]
    everyone = observations.strata("stillbirth", missing_levels=True)
    assert list(everyone["stratum"]) == ["poorer", "richer", "missing"]


def test_a_stratum_without_records_is_zero_where_others_were_recorded(
    root: Path, evaluation: Make, write: Write
) -> None:
    write(
        *("2010,poorer,1", "2010,richer,0", "2011,poorer,0", "2012,poorer,", "2012,richer,"),
        header="year,half,stillborn",
    )
    indicators = {"stillbirth": {"numerator": "stillborn", "denominator": "all"}}
    observations = load_observations(evaluation(level="record", indicators=indicators), root)
    counts = observations.strata("stillbirth").set_index(["period", "stratum"])
    assert list(counts.loc[(year("2011"), "richer"), ["numerator", "denominator"]]) == [0, 0]
    # In 2012 nobody's outcome was recorded: that is no zero, however many births there were.
    assert counts.loc[year("2012"), ["numerator", "denominator"]].isna().all(axis=None)


def test_units_have_a_series_each(root: Path, evaluation: Make, write: Write) -> None:
    write(
        *("2010,A,poorer,10,1", "2010,A,richer,10,1", "2011,B,poorer,10,1", "2011,B,richer,10,1"),
        header="year,trust,half,live_births,stillbirths",
    )
    columns = {"period": "year", "unit": "trust"}
    observations = load_observations(evaluation(columns=columns), root)
    assert observations.units == ("A", "B")
    assert len(observations.strata("stillbirth")) == 2 * 2 * 2
    assert observations.gaps == ()


def test_quintiles_carry_the_direction_of_the_source(
    root: Path, evaluation: Make, write: Write
) -> None:
    rows = [f"2010,{decile},100,{decile}" for decile in range(1, 11)]
    write(*rows, header="year,decile,live_births,stillbirths")
    source = {"dimensions": {"imd-decile": "decile"}}
    reverse = DECILES | {
        "levels": [str(number) for number in range(10, 0, -1)],
        "direction": "1-is-least-deprived",
    }
    observations = load_observations(evaluation(equity=reverse, **source), root)
    assert observations.strata("stillbirth")["stratum"][0] == "10"
    quintiles = observations.grouped("quintiles")
    assert quintiles.levels == ("5", "4", "3", "2", "1")
    most = quintiles.strata("stillbirth").iloc[0]
    assert (most["stratum"], most["numerator"]) == ("5", 9 + 10)


def test_a_quintile_with_a_missing_decile_is_missing(
    root: Path, evaluation: Make, write: Write
) -> None:
    rows = [f"2010,{decile},100,{decile if decile != 3 else ''}" for decile in range(1, 11)]
    write(*rows, "2010,all,1000,60", header="year,decile,live_births,stillbirths")
    source = {"dimensions": {"imd-decile": "decile"}}
    quintiles = load_observations(evaluation(equity=DECILES, **source), root).grouped("quintiles")
    numerators = quintiles.strata("stillbirth").set_index("stratum")["numerator"]
    assert numerators.isna().to_dict() == {
        "1": False,
        "2": True,
        "3": False,
        "4": False,
        "5": False,
    }
    assert quintiles.overall("stillbirth")["numerator"][0] == 60


def test_only_ten_levels_make_quintiles(loaded: Callable[..., Observations]) -> None:
    observations = loaded("2010,poorer,10,1", "2010,richer,10,1")
    assert observations.grouped("none") is observations
    with pytest.raises(DataError, match="2 levels, not ten"):
        observations.grouped("quintiles")
    with pytest.raises(DataError, match="did you mean 'quintiles'"):
        observations.grouped("quintile")


def test_what_is_not_there_is_named(loaded: Callable[..., Observations]) -> None:
    observations = loaded("2010,all,10,1")
    assert len(observations.overall("stillbirth")) == 1
    with pytest.raises(DataError, match="in total only"):
        observations.strata("stillbirth")
    with pytest.raises(DataError, match="did you mean 'stillbirth'"):
        observations.overall("stilbirth")
