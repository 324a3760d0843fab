"""The same figures give the same observations, whatever form they come in."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from equieval.data import load_observations
from equieval.errors import DataError
from equieval.protocol import Evaluation

Make = Callable[..., Evaluation]

COUNTS = pd.DataFrame(
    [
        (2010, "all", 30, 3),
        (2010, "poorer", 12, 2),
        (2010, "richer", 18, 1),
        (2011, "all", 29, 2),
        (2011, "poorer", 14, 2),
        (2011, "richer", 15, 0),
    ],
    columns=["year", "half", "births", "stillbirths"],
)
OF_BIRTHS = {"stillbirth": {"numerator": "stillbirths", "denominator": "births"}}


def as_records(counts: pd.DataFrame) -> pd.DataFrame:
    """One row per birth, stillborn or not."""
    parts = counts[counts["half"] != "all"]
    records = parts.loc[parts.index.repeat(parts["births"])].reset_index(drop=True)
    ordinal = records.groupby(["year", "half"]).cumcount()
    return records[["year", "half"]].assign(
        stillborn=(ordinal < records["stillbirths"]).astype(int), everyone=1
    )


def table_of(evaluation: Evaluation, root: Path, *, totals: bool = True) -> pd.DataFrame:
    table = load_observations(evaluation, root).table
    return table if totals else table[table["local-half"] != "all"].reset_index(drop=True)


@pytest.fixture
def canonical(root: Path, evaluation: Make) -> pd.DataFrame:
    COUNTS.to_csv(root / "data" / "births.csv", index=False)
    return table_of(evaluation(indicators=OF_BIRTHS), root)


@pytest.mark.parametrize("numbers", ["int64", "float64", "Int64", "str"])
def test_parquet_gives_what_csv_gives(
    root: Path, evaluation: Make, canonical: pd.DataFrame, numbers: str
) -> None:
    typed = COUNTS.astype({"year": numbers, "births": numbers, "stillbirths": numbers})
    typed.assign(half=typed["half"].astype("category")).to_parquet(root / "data" / "b.parquet")
    table = table_of(evaluation(indicators=OF_BIRTHS, path="data/b.parquet"), root)
    pd.testing.assert_frame_equal(table, canonical)


def test_dates_of_parquet_fall_into_their_period(
    root: Path, evaluation: Make, canonical: pd.DataFrame
) -> None:
    dated = COUNTS.assign(year=pd.to_datetime(COUNTS["year"].astype(str) + "-06-30 13:00"))
    dated.to_parquet(root / "data" / "b.parquet")
    table = table_of(evaluation(indicators=OF_BIRTHS, path="data/b.parquet"), root)
    pd.testing.assert_frame_equal(table, canonical)


@pytest.mark.parametrize("denominator", ["known", "all", "everyone"])
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_records_are_counted_to_what_the_aggregated_table_holds(
    root: Path, evaluation: Make, canonical: pd.DataFrame, form: str, denominator: str
) -> None:
    records = as_records(COUNTS)
    if form == "csv":
        records.to_csv(root / "data" / "r.csv", index=False)
    else:
        records.to_parquet(root / "data" / "r.parquet")
    indicators = {"stillbirth": {"numerator": "stillborn", "denominator": denominator}}
    table = table_of(evaluation(level="record", path=f"data/r.{form}", indicators=indicators), root)
    expected = canonical[canonical["local-half"] != "all"].reset_index(drop=True)
    pd.testing.assert_frame_equal(table, expected)


def test_a_duckdb_query_gives_what_csv_gives(
    root: Path, evaluation: Make, canonical: pd.DataFrame
) -> None:
    with duckdb.connect(str(root / "data" / "b.duckdb")) as database:
        database.register("counts", COUNTS)
        database.execute("CREATE TABLE births AS SELECT * FROM counts")
    source = {"path": "data/b.duckdb", "query": "SELECT * FROM births ORDER BY births;"}
    table = table_of(evaluation(indicators=OF_BIRTHS, **source), root)
    pd.testing.assert_frame_equal(table, canonical)


@pytest.fixture
def database(root: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A source whose rows are in a SQLite database behind an address."""
    file = root / "births.sqlite"
    with sqlite3.connect(file) as connection:
        COUNTS.astype({"births": float}).to_sql("births", connection, index=False)
    monkeypatch.setenv("BIRTHS_DATABASE", f"sqlite:///{file}")
    (root / "data" / "b.sql").write_text("SELECT * FROM births;\n", encoding="utf-8")
    return {"path": "data/b.sql", "connection": "BIRTHS_DATABASE", "indicators": OF_BIRTHS}


def test_a_database_gives_what_csv_gives(
    root: Path, evaluation: Make, canonical: pd.DataFrame, database: dict[str, Any]
) -> None:
    pd.testing.assert_frame_equal(table_of(evaluation(**database), root), canonical)


def test_a_database_s_fingerprint_follows_its_rows(
    root: Path, evaluation: Make, database: dict[str, Any]
) -> None:
    def digest() -> str:
        return load_observations(evaluation(**database), root).sources[0].digest

    before = digest()
    assert before == digest()
    with sqlite3.connect(root / "births.sqlite") as connection:
        connection.execute("UPDATE births SET stillbirths = 1 WHERE half = 'poorer'")
    assert digest() != before


def test_a_database_that_is_not_named_or_not_there_is_said_without_its_address(
    root: Path, evaluation: Make, database: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIRTHS_DATABASE", "sqlite:////no/such/place/secret.sqlite")
    with pytest.raises(DataError) as caught:
        load_observations(evaluation(**database), root)
    assert "did not answer" in str(caught.value)
    assert "secret" not in str(caught.value)
    monkeypatch.setenv("BIRTHS_DATABASE", "no address with a password")
    with pytest.raises(DataError, match="holds no address") as caught:
        load_observations(evaluation(**database), root)
    assert "password" not in str(caught.value)
    monkeypatch.delenv("BIRTHS_DATABASE")
    with pytest.raises(DataError, match="BIRTHS_DATABASE is not set"):
        load_observations(evaluation(**database), root)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.permutations(list(range(len(COUNTS)))), columns=st.permutations(range(4)))
def test_the_order_of_rows_and_columns_leaves_no_trace(
    root: Path,
    evaluation: Make,
    canonical: pd.DataFrame,
    rows: list[int],
    columns: list[int],
) -> None:
    COUNTS.iloc[rows, columns].to_csv(root / "data" / "births.csv", index=False)
    table = table_of(evaluation(indicators=OF_BIRTHS), root)
    pd.testing.assert_frame_equal(table, canonical)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_records_leaves_no_trace(
    root: Path, evaluation: Make, canonical: pd.DataFrame, seed: int
) -> None:
    shuffled = np.random.default_rng(seed).permutation(len(as_records(COUNTS)))
    as_records(COUNTS).iloc[shuffled].to_csv(root / "data" / "births.csv", index=False)
    indicators = {"stillbirth": {"numerator": "stillborn"}}
    table = table_of(evaluation(level="record", indicators=indicators), root)
    expected = canonical[canonical["local-half"] != "all"].reset_index(drop=True)
    pd.testing.assert_frame_equal(table, expected)


@pytest.mark.parametrize(
    "name", ['a "quoted" name', "select", "naïve; DROP TABLE cells --", "Half, or so", "row"]
)
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_any_column_name_is_only_a_name(
    root: Path, evaluation: Make, canonical: pd.DataFrame, name: str, form: str
) -> None:
    renamed = COUNTS.rename(columns={"half": name})
    if form == "csv":
        renamed.to_csv(root / "data" / "n.csv", index=False)
    else:
        renamed.to_parquet(root / "data" / "n.parquet")
    source = {"path": f"data/n.{form}", "dimensions": {"local-half": name}}
    table = table_of(evaluation(indicators=OF_BIRTHS, **source), root)
    pd.testing.assert_frame_equal(table, canonical)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_project_folder_may_be_called_anything(
    tmp_path: Path, evaluation: Make, canonical: pd.DataFrame, form: str
) -> None:
    root = tmp_path / "copy [2] of 'births' *"
    (root / "data").mkdir(parents=True)
    COUNTS.to_csv(root / "data" / "births.csv", index=False)
    COUNTS.to_parquet(root / "data" / "births.parquet")
    table = table_of(evaluation(indicators=OF_BIRTHS, path=f"data/births.{form}"), root)
    pd.testing.assert_frame_equal(table, canonical)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_endings_and_quotation_marks_leave_no_trace(
    root: Path, evaluation: Make, canonical: pd.DataFrame, newline: str
) -> None:
    lines = COUNTS.assign(half='"' + COUNTS["half"] + '"').astype(str).agg(" , ".join, axis=1)
    text = newline.join(["year,half,births,stillbirths", *lines.str.replace(' "', '"')])
    text = text.replace('" ', '"')
    (root / "data" / "births.csv").write_bytes(text.encode())
    pd.testing.assert_frame_equal(table_of(evaluation(indicators=OF_BIRTHS), root), canonical)


def test_further_dimensions_of_a_table_are_added_up(
    root: Path, evaluation: Make, canonical: pd.DataFrame
) -> None:
    halves = COUNTS[COUNTS["half"] != "all"]
    girls = halves.assign(sex="girl", births=halves["births"] // 2, stillbirths=0)
    boys = halves.assign(sex="boy", births=halves["births"] - girls["births"])
    crossed = {"dimensions": {"local-half": "half", "sex": "sex"}, "total": []}
    pd.concat([girls, boys]).to_csv(root / "data" / "births.csv", index=False)
    table = table_of(evaluation(indicators=OF_BIRTHS, **crossed), root)
    expected = canonical[canonical["local-half"] != "all"].reset_index(drop=True)
    pd.testing.assert_frame_equal(table, expected)


def test_a_total_among_further_dimensions_is_not_counted_twice(
    root: Path, evaluation: Make
) -> None:
    halves = COUNTS[COUNTS["half"] != "all"]
    pd.concat([halves.assign(sex="girl"), halves.assign(sex="Total")]).to_csv(
        root / "data" / "births.csv", index=False
    )
    crossed = {"dimensions": {"local-half": "half", "sex": "sex"}, "total": []}
    with pytest.raises(DataError, match="cannot be told from its parts"):
        load_observations(evaluation(indicators=OF_BIRTHS, **crossed), root)


@pytest.mark.parametrize(
    ("frequency", "labels", "written"),
    [
        ("month", ["2010-01", "2010-02-28", "2010-03"], ["2010-01", "2010-02", "2010-03"]),
        ("financial-year", ["2010-11", "2011/12", "2012/2013"], ["2010/11", "2011/12", "2012/13"]),
    ],
)
def test_periods_come_in_any_of_their_spellings(
    root: Path, evaluation: Make, frequency: str, labels: list[str], written: list[str]
) -> None:
    rows = [(label, half, 10, 1) for label in labels for half in ("poorer", "richer")]
    pd.DataFrame(rows, columns=COUNTS.columns).to_csv(root / "data" / "births.csv", index=False)
    observations = load_observations(evaluation(indicators=OF_BIRTHS, frequency=frequency), root)
    assert [observations.label(p) for p in observations.periods("stillbirth")] == written
