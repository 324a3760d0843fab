"""Whatever is wrong with a source is said with file, row, column, value and remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from equieval.data import SourceError, load_observations
from equieval.errors import DataError
from equieval.protocol import Evaluation

Make = Callable[..., Evaluation]
Write = Callable[..., Path]

GOOD = ("2010,all,200,3", "2010,poorer,100,2", "2010,richer,100,1")


def complaint(evaluation: Evaluation, root: Path) -> str:
    with pytest.raises(DataError) as caught:
        load_observations(evaluation, root)
    assert caught.value.exit_code == 2
    assert caught.value.remedy
    return str(caught.value)


@pytest.mark.parametrize(
    ("row", "column", "value", "what"),
    [
        ("2011,poorer,100,-4", "stillbirths", "-4", "negative"),
        ("2011,poorer,100,2.5", "stillbirths", "2.5", "no fraction"),
        ("2011,poorer,many,2", "live_births", "many", "not a number"),
        ("2011,poorer,NaN,2", "live_births", "NaN", "not a number"),
        ("2011,poorer,[c],2", "live_births", "[c]", "a figure that is not given"),
        ("2011,poorer,100,<5", "stillbirths", "<5", "a figure that is not given"),
        ("2011,poorer,100,*", "stillbirths", "*", "a figure that is not given"),
        ('2011,poorer,"1,200",2', "live_births", "1,200", "not a number"),
        ("2011,poorer,1e3,2", "live_births", "1e3", "digits"),
        ("2011,poorer,99999999999999999,2", "live_births", "99999999999999999", "too large"),
        ("2011,porer,100,2", "half", "porer", "did you mean 'poorer'"),
        ("20l1,poorer,100,2", "year", "20l1", "not a year"),
        ("01/04/2011,poorer,100,2", "year", "01/04/2011", "write it as"),
        (",poorer,100,2", "year", "", "period is empty"),
        ("=2011,poorer,100,2", "year", "=2011", "not a year"),
    ],
)
def test_a_bad_cell_is_named(
    root: Path, evaluation: Make, write: Write, row: str, column: str, value: str, what: str
) -> None:
    write(*GOOD, row)
    said = complaint(evaluation(), root)
    assert "data/births.csv" in said
    assert "row 5" in said
    assert f"column '{column}'" in said
    assert what in said
    if value:
        assert f"value '{value}'" in said


def test_a_numerator_above_its_denominator_is_refused(
    root: Path, evaluation: Make, write: Write
) -> None:
    write(*GOOD, "2011,poorer,5,7", header="year,half,births,stillbirths")
    indicators = {"stillbirth": {"numerator": "stillbirths", "denominator": "births"}}
    said = complaint(evaluation(indicators=indicators), root)
    assert "row 5, column 'stillbirths', value '7 of 5'" in said
    assert "greater than its denominator" in said


def test_a_repeated_row_names_the_row_that_it_repeats(
    root: Path, evaluation: Make, write: Write
) -> None:
    write(*GOOD, "2010-06-30,poorer,100,2")
    said = complaint(evaluation(), root)
    assert "row 5, value '2010, poorer'" in said
    assert "row 3" in said


def test_all_problems_come_at_once_in_row_order_and_the_rest_are_counted(
    root: Path, evaluation: Make, write: Write
) -> None:
    write(*(f"{year},poorer,100,-1" for year in range(1950, 1995)), "2010,pooorer,x,1")
    with pytest.raises(SourceError) as caught:
        load_observations(evaluation(), root)
    rows = [problem.row for problem in caught.value.problems]
    assert caught.value.total == 47
    assert rows == list(range(2, 22))
    assert "47 problems in data/births.csv (the first 20 are listed)" in str(caught.value)


def test_rows_are_numbered_as_in_the_file_when_some_are_blank(
    root: Path, evaluation: Make, write: Write
) -> None:
    write("", *GOOD, "", "", "2011,poorer,100,-4", "", "2012,poorer,100,x")
    with pytest.raises(SourceError) as caught:
        load_observations(evaluation(), root)
    assert [problem.row for problem in caught.value.problems] == [8, 10]


def test_rows_of_commas_only_are_no_rows(root: Path, evaluation: Make, write: Write) -> None:
    write(*GOOD, ",,,", ",,,")
    assert len(load_observations(evaluation(), root).table) == 3


def test_a_missing_column_is_named_with_the_closest(
    root: Path, evaluation: Make, write: Write
) -> None:
    write(*GOOD, header="Year,half,live_births,stilbirths")
    said = complaint(evaluation(), root)
    assert "no columns 'year', 'stillbirths'" in said
    assert "did you mean 'Year'" in said
    assert "did you mean 'stilbirths'" in said


def test_a_column_that_is_there_twice_is_refused(
    root: Path, evaluation: Make, write: Write
) -> None:
    write(*(f"{row},9" for row in GOOD), header="year,half,live_births,stillbirths,live_births")
    assert "more than one column 'live_births'" in complaint(evaluation(), root)


def test_a_file_that_is_not_there_is_named_with_the_closest(
    root: Path, evaluation: Make, write: Write
) -> None:
    write(*GOOD, name="birth.csv")
    said = complaint(evaluation(), root)
    assert "data/births.csv is not there" in said
    assert "did you mean 'birth.csv'" in said
    assert str(root) not in said


def test_a_name_that_reads_as_several_files_is_refused(root: Path, evaluation: Make) -> None:
    assert "rename the file" in complaint(evaluation(path="data/*.csv"), root)


def test_a_folder_that_is_not_there_is_said(root: Path, evaluation: Make) -> None:
    said = complaint(evaluation(path="dta/births.csv"), root)
    assert "no such folder" in said


def test_a_folder_is_no_file(root: Path, evaluation: Make) -> None:
    assert "data is a folder" in complaint(evaluation(path="data", format="csv"), root)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is empty"),
        (b"year,half,live_births,stillbirths\n", "a header and no rows"),
        (b"\nyear,half,live_births,stillbirths\n2010,all,1,0\n", "begins with an empty row"),
        (b"year;half;live_births;stillbirths\n2010;all;1;0\n", "separated by ';'"),
        (b"year,half,live_births,stillbirths\n2010,all,1\0,0\n", "NUL character"),
        (b"year,half,live_births,stillbirths\n2010,caf\xe9,1,0\n", "not UTF-8"),
        ("year,half\n2010,all\n".encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04 workbook", "no CSV file"),
        (b"<!DOCTYPE html>\n<title>Not found</title>\n", "is a web page"),
        (b"Births and deaths\n\nyear,half,live_births,stillbirths\n", "row 3 has 4"),
        (b'year,half,live_births,stillbirths\n2010,"all,1,0\n2011,all,1,0\n', "cannot be read"),
        (b'year,half,live_births,stillbirths\n2010,"all"x,1,0\n', "cannot be read"),
        (b"year,half,live_births,stillbirths\n2010,all,1\n", "3 cells under a header of 4"),
        (b"year,half,live_births,stillbirths\n2010,all,1,200,0\n", "5 cells under a header"),
        (b"year,half,live_births,stillbirths\r\n2010,all,1,0\n2011,all,1,0\r\n", "line ending"),
    ],
)
def test_a_file_that_is_no_table_is_refused(
    root: Path, evaluation: Make, content: bytes, what: str
) -> None:
    (root / "data" / "births.csv").write_bytes(content)
    said = complaint(evaluation(), root)
    assert what in said
    assert "data/births.csv" in said


def test_the_row_of_a_strange_byte_is_named(root: Path, evaluation: Make) -> None:
    header = b"year,half,live_births,stillbirths\n"
    rows = b"2010,all,100,1\n" * 80_000
    (root / "data" / "births.csv").write_bytes(header + rows + b"2011,\xff,1,0\n")
    assert "row 80002" in complaint(evaluation(), root)


def test_a_utf8_mark_at_the_start_is_no_part_of_the_header(root: Path, evaluation: Make) -> None:
    text = "\ufeffyear,half,live_births,stillbirths\r\n" + "\r\n".join(GOOD)
    (root / "data" / "births.csv").write_bytes(text.encode())
    assert len(load_observations(evaluation(), root).table) == 3


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"year,half\n2010,all\n", "not a Parquet file"), (b"PAR1 half of it", "cut off")],
)
def test_a_file_that_is_no_parquet_is_refused(
    root: Path, evaluation: Make, content: bytes, what: str
) -> None:
    (root / "data" / "births.parquet").write_bytes(content)
    assert what in complaint(evaluation(path="data/births.parquet"), root)


def test_a_damaged_parquet_is_refused_without_a_traceback(root: Path, evaluation: Make) -> None:
    (root / "data" / "births.parquet").write_bytes(b"PAR1" + b"\x00" * 40 + b"PAR1")
    assert "cannot be read" in complaint(evaluation(path="data/births.parquet"), root)


def test_a_level_that_no_row_has_is_refused(root: Path, evaluation: Make, write: Write) -> None:
    write("2010,poorer,100,2", "2011,poorer,100,2")
    said = complaint(evaluation(), root)
    assert "no row of stillbirth is of local-half 'richer'" in said


def test_an_empty_level_is_refused_unless_listed(
    root: Path, evaluation: Make, write: Write
) -> None:
    write(*GOOD, "2010,,10,0")
    listed = load_observations(evaluation(), root)
    assert "missing" in set(listed.table["local-half"])
    halves = {"dimension": "local-half", "levels": ["poorer", "richer"]}
    said = complaint(evaluation(equity=halves), root)
    assert "row 5, column 'half'" in said
    assert "equity.missing_levels" in said


def test_two_sources_may_not_give_the_same_figure(
    root: Path, evaluation: Make, write: Write
) -> None:
    write(*GOOD)
    write(*GOOD, name="again.csv")
    said = complaint(evaluation({"id": "again", "path": "data/again.csv"}), root)
    assert "'again' and 'births'" in said or "'births' and 'again'" in said
    assert "3 figures twice" in said


RECORDS = {"level": "record", "indicators": {"stillbirth": {"numerator": "stillborn"}}}


@pytest.mark.parametrize(
    ("indicator", "row", "what"),
    [
        ({}, "2010,poorer,2,1", "either is an event or is not"),
        ({"denominator": "counted"}, "2010,poorer,1,", "either belongs to the denominator"),
        ({"denominator": "counted"}, "2010,poorer,1,0", "lies outside its denominator"),
    ],
)
def test_records_are_checked_one_by_one_and_private_ones_are_not_quoted(
    root: Path, evaluation: Make, write: Write, indicator: dict[str, Any], row: str, what: str
) -> None:
    write("2010,richer,0,1", row, header="year,half,stillborn,counted")
    indicators = {"stillbirth": {"numerator": "stillborn", **indicator}}
    said = complaint(evaluation(level="record", indicators=indicators, open=False), root)
    assert "row 3" in said
    assert what in said
    assert "value" not in said.split("row 3")[1].split(";")[0]


def test_cells_of_parquet_are_checked_like_those_of_csv(root: Path, evaluation: Make) -> None:
    rows = {"year": [2010, 2010], "half": ["poorer", "richer"], "live_births": [10.5, 10.0]}
    pd.DataFrame(rows | {"stillbirths": [1, -1]}).to_parquet(root / "data" / "births.parquet")
    with pytest.raises(SourceError) as caught:
        load_observations(evaluation(path="data/births.parquet"), root)
    assert [(p.row, p.column, p.value) for p in caught.value.problems] == [
        (1, "live_births", "10.5"),
        (2, "stillbirths", "-1"),
    ]
