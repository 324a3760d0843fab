"""Counting: from the rows of a source to numerators and denominators.

An aggregated source holds one row per unit, period and stratum; its columns are added
up. A record-level source holds one row per birth, woman or contact; it is counted inside
DuckDB, and only the counts come out. Both give the same rows:

``unit, period, stratum, indicator, numerator, denominator``, NaN where a figure is missing.
"""

# ruff: noqa: S608 - every name in these statements is ours (cell_0, …); values are bound.

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from equieval.data.coding import Coding, place_rows, placing_columns
from equieval.data.periods import parse_period
from equieval.data.sources import Cells, open_cells
from equieval.protocol.sources import Source, SourceIndicator

_NUMBER = "[+-]?[0-9]+([.][0-9]*)?"
_LARGEST_EXACT = 2**53
#: What publications write where a figure is withheld or not known: [c], *, <5, n/a, two dots.
_MARKS = re.compile(r"\[[a-z]+\]|[*:.–—-]+|<\s*\d+|n/?a|suppressed", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Counted:
    """The counts of one source: ``table`` (columns above) and the ``rows`` that it had."""

    table: pd.DataFrame
    rows: int


def count_source(source: Source, coding: Coding, root: Path) -> Counted:
    """Read one source, check every row, and count it.

    Parameters
    ----------
    source : the source as the parameters describe it.
    coding : how periods and levels are read.
    root : the project's folder.

    Raises
    ------
    DataError : the source is not there, cannot be read, or lacks a column.
    SourceError : rows hold impossible or unreadable values.
    """
    records = source.level == "record"
    needed = [*placing_columns(source, coding), *_counted_columns(source)]
    with open_cells(source, needed, root) as cells:
        place_rows(cells, source, coding)
        if records:
            _check_flags(cells, source)
        else:
            _check_counts(cells, source)
            _check_possible(cells, source)
            _check_once(cells, source)
        cells.findings.raise_if_any()
        tables = [
            cells.connection.execute(
                _count_records(cells, source, indicator)
                if records
                else _add_up(cells, source, indicator)
            )
            .df()
            .assign(indicator=indicator)
            for indicator in source.indicators
        ]
        rows = cells.rows
    table = pd.concat(tables, ignore_index=True)
    labels = table["period"].unique()
    periods = {label: parse_period(label, coding.frequency) for label in labels}
    return Counted(
        pd.DataFrame(
            {
                "unit": table["unit"].astype("str"),
                "period": pd.PeriodIndex(table["period"].map(periods)),
                "stratum": table["stratum"].astype("str"),
                "indicator": table["indicator"].astype("str"),
                "numerator": table["numerator"].astype("float64"),
                "denominator": table["denominator"].astype("float64"),
            }
        ),
        rows,
    )


def _counted_columns(source: Source) -> list[str]:
    """Name the columns that are counted or added up, each once."""
    names: list[str] = []
    for columns in source.indicators.values():
        names += (*columns.numerator, *_denominator_columns(columns))
    return list(dict.fromkeys(names))


def _denominator_columns(columns: SourceIndicator) -> tuple[str, ...]:
    """Return the columns of a denominator: none where records follow a rule (known, all)."""
    return () if isinstance(columns.denominator, str) else columns.denominator


def _number(cell: str) -> str:
    """Return the SQL that reads a plainly written number, NULL for anything else."""
    return f"CAST(CASE WHEN regexp_full_match({cell}, '{_NUMBER}') THEN {cell} END AS DOUBLE)"


def _sum(cells: Cells, names: Iterable[str]) -> str:
    """Return the SQL of a sum of count columns; a missing part makes the sum missing."""
    return "(" + " + ".join(_number(cells.columns[name]) for name in names) + ")"


def _not_a_count(value: str | None) -> tuple[str, str]:
    """Say what is wrong with a cell that should hold a count, and what to do."""
    missing = "leave the cell empty where the figure is missing"
    if _MARKS.fullmatch(value or ""):
        return "this stands for a figure that is not given", "leave the cell empty"
    try:
        number = float(value or "")
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        return "this is not a number", f"write a count in digits only; {missing}"
    if number < 0:
        return "a count cannot be negative", f"correct it; {missing}"
    if number > _LARGEST_EXACT:
        return "this is too large for a count", "check the column and its unit"
    if number != int(number):
        return "a count has no fraction", "give the count, not a rate or a percentage"
    return "a count is written in digits only", "write it without exponent or separators"


def _check_counts(cells: Cells, source: Source) -> None:
    """Note cells that are no counts: text, negative, broken, too large to be exact."""
    for name in _counted_columns(source):
        cell = cells.columns[name]
        number = _number(cell)
        cells.findings.collect(
            cells.connection,
            f"SELECT row, {cell} AS value, NULL AS other FROM cells WHERE {cell} IS NOT NULL "
            f"AND ({number} IS NULL OR {number} < 0 OR {number} <> trunc({number}) "
            f"OR {number} > {_LARGEST_EXACT})",
            name,
            lambda value, _: _not_a_count(value),
        )


def _check_possible(cells: Cells, source: Source) -> None:
    """Note rows whose numerator is greater than its denominator."""
    for indicator, columns in source.indicators.items():
        numerator = _sum(cells, columns.numerator)
        denominator = _sum(cells, _denominator_columns(columns))
        what = f"the numerator of {indicator} is greater than its denominator"
        cells.findings.collect(
            cells.connection,
            f"SELECT row, format('{{:.0f}} of {{:.0f}}', {numerator}, {denominator}) AS value, "
            f"NULL AS other FROM cells WHERE {numerator} > {denominator}",
            " + ".join(columns.numerator),
            lambda _, __, what=what: (  # type: ignore[misc]
                what,
                "correct one of the two, or the columns that the parameters name",
            ),
        )


def _check_once(cells: Cells, source: Source) -> None:
    """Note rows that repeat a unit, period and stratum."""
    unit = "unit" if source.columns.unit else "NULL"
    cells.findings.collect(
        cells.connection,
        f"SELECT row, concat_ws(', ', {unit}, period, stratum, nullif(part, '')) AS value, "
        "first_row AS other FROM (SELECT *, min(row) OVER (PARTITION BY unit, period, stratum, "
        "part) AS first_row FROM placed WHERE unit IS NOT NULL AND period IS NOT NULL "
        "AND stratum IS NOT NULL) WHERE row > first_row",
        "",
        lambda _, first: (
            f"this repeats the unit, period and stratum of row {first}",
            "keep one of the two; if they are parts of one figure, add them up first",
        ),
    )


def _check_flags(cells: Cells, source: Source) -> None:
    """Note cells of records that are neither 0 nor 1, and events outside the denominator."""
    for columns in source.indicators.values():
        event = cells.columns[columns.numerator[0]]
        _collect_records(
            cells,
            columns.numerator[0],
            f"{event} NOT IN ('0', '1')",
            "a record either is an event or is not",
            "write 1 or 0, and leave the cell empty where it is not known",
        )
        if isinstance(columns.denominator, str):
            continue
        within = cells.columns[columns.denominator[0]]
        _collect_records(
            cells,
            columns.denominator[0],
            f"{within} IS NULL OR {within} NOT IN ('0', '1')",
            "a record either belongs to the denominator or does not",
            "write 1 or 0 in every row",
        )
        _collect_records(
            cells,
            columns.numerator[0],
            f"{event} = '1' AND {within} = '0'",
            f"this event lies outside its denominator, '{columns.denominator[0]}'",
            "correct one of the two columns",
        )


def _collect_records(cells: Cells, column: str, condition: str, what: str, remedy: str) -> None:
    cells.findings.collect(
        cells.connection,
        f"SELECT row, {cells.columns[column]} AS value, NULL AS other FROM cells WHERE {condition}",
        column,
        lambda _, __: (what, remedy),
    )


def _add_up(cells: Cells, source: Source, indicator: str) -> str:
    """Return the query of an aggregated source's figures of one indicator.

    Rows are added up over further dimensions; a missing part makes the sum missing.
    """
    columns = source.indicators[indicator]
    numerator = _sum(cells, columns.numerator)
    denominator = _sum(cells, _denominator_columns(columns))
    return (
        "SELECT unit, period, stratum, "
        f"CASE WHEN count({numerator}) = count(*) THEN sum({numerator}) END AS numerator, "
        f"CASE WHEN count({denominator}) = count(*) THEN sum({denominator}) END AS denominator "
        "FROM placed GROUP BY unit, period, stratum"
    )


def _count_records(cells: Cells, source: Source, indicator: str) -> str:
    """Return the query that counts the records of one indicator.

    Where a unit recorded the outcome of nobody in a period, its figures are missing.
    """
    columns = source.indicators[indicator]
    event = f"CAST({cells.columns[columns.numerator[0]]} AS DOUBLE)"
    match columns.denominator:
        case "known":
            size = f"count({event})"
        case "all":
            size = "count(*)"
        case names:
            size = f"sum(CAST({cells.columns[names[0]]} AS DOUBLE))"
    recorded = f"sum(count({event})) OVER (PARTITION BY unit, period) > 0"
    return (
        "SELECT unit, period, stratum, "
        f"CASE WHEN {recorded} THEN coalesce(sum({event}), 0) END AS numerator, "
        f"CASE WHEN {recorded} THEN {size} END AS denominator "
        "FROM placed GROUP BY unit, period, stratum"
    )
