"""Placing rows: which unit, period and stratum each record of a source belongs to."""

# ruff: noqa: S608 - every name in these statements is ours (cell_0, …); values are bound.

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from equieval.data.periods import parse_period, period_label
from equieval.data.sources import Cells
from equieval.errors import DataError, did_you_mean
from equieval.protocol.sources import Source

ALL = "all"
"""The stratum of a published total."""

MISSING = "missing"
"""The level of a row whose stratum is not recorded, where the evaluation lists it."""

_TOTALS_BY_ANOTHER_NAME = ("all", "total", "england")


@dataclass(frozen=True)
class Coding:
    """How the cells that place a row are read.

    Attributes
    ----------
    dimension : id of the dimension of inequality.
    levels : its levels, most deprived or disadvantaged first.
    missing_levels : codes that say that the level is not known; kept as rows of their own.
    frequency : length of a period.
    unit : the unit of a source that has no column for it.
    """

    dimension: str
    levels: tuple[str, ...]
    missing_levels: tuple[str, ...]
    frequency: str
    unit: str


def placing_columns(source: Source, coding: Coding) -> list[str]:
    """Name the columns that say where a row belongs.

    Further dimensions of records are left unread; those of aggregated rows are read, as
    their rows have to be added up over them.
    """
    names = [source.columns.period]
    if source.columns.unit:
        names.append(source.columns.unit)
    names += [
        column
        for dimension, column in source.dimensions.items()
        if dimension == coding.dimension or source.level == "aggregated"
    ]
    return names


def place_rows(cells: Cells, source: Source, coding: Coding) -> None:
    """Make the table ``placed``: each row of ``cells`` with ``unit, period, stratum, part``.

    ``part`` tells apart the rows that a further dimension splits a stratum into. What
    cannot be read is NULL there and noted in the findings.
    """
    _read_periods(cells, source, coding)
    _read_levels(cells, source, coding)
    unit = "$unit::VARCHAR"
    if source.columns.unit:
        unit = cells.columns[source.columns.unit]
        _collect_empty(cells, source.columns.unit, "the unit")
    stratum, join = f"'{ALL}'", ""
    if column := source.dimensions.get(coding.dimension):
        level = cells.columns[column]
        stratum = f"CASE WHEN {level} IS NULL THEN '{MISSING}' ELSE level_of.label END"
        join = f"LEFT JOIN level_of ON level_of.raw = {level}"
    further = _further_dimensions(cells, source, coding)
    cells.connection.execute(
        f"CREATE TEMP TABLE placed AS SELECT cells.*, {unit} AS unit, "
        f"period_of.label AS period, {stratum} AS stratum, "
        f"concat_ws(', ', {', '.join(further) or 'NULL'}) AS part "
        f"FROM cells LEFT JOIN period_of ON period_of.raw = "
        f"{cells.columns[source.columns.period]} {join}",
        None if source.columns.unit else {"unit": coding.unit},
    )


def _read_periods(cells: Cells, source: Source, coding: Coding) -> None:
    """Read each distinct period once; note the rows whose period cannot be read."""
    remedies: dict[str, str] = {}

    def read(cell: str) -> str | None:
        try:
            return period_label(parse_period(cell, coding.frequency), coding.frequency)
        except DataError as problem:
            remedies[cell] = problem.remedy
            return None

    column = source.columns.period
    _translate(cells, column, "period_of", read)
    frequency = coding.frequency.replace("-", " ")
    _collect_empty(cells, column, "the period")
    _collect_unread(
        cells, column, "period_of", lambda cell: (f"this is not a {frequency}", remedies[cell])
    )


def _read_levels(cells: Cells, source: Source, coding: Coding) -> None:
    """Read each distinct level once; note the rows whose level is unknown."""
    column = source.dimensions.get(coding.dimension)
    if column is None:
        return
    known = {level: level for level in (*coding.levels, *coding.missing_levels)}
    if source.level == "aggregated":
        known |= dict.fromkeys(source.total, ALL)
    _translate(cells, column, "level_of", known.get)
    _collect_unread(
        cells,
        column,
        "level_of",
        lambda cell: (
            f"this is no level of {coding.dimension} that the parameters list",
            f"{did_you_mean(cell, known)} (equity.levels, equity.missing_levels, total)",
        ),
    )
    if MISSING not in coding.missing_levels:
        remedy = f"fill it in, or list '{MISSING}' under equity.missing_levels"
        _collect_empty(cells, column, f"the {coding.dimension}", remedy)


def _further_dimensions(cells: Cells, source: Source, coding: Coding) -> list[str]:
    """Return the cells of the dimensions that are added up; note totals among them.

    Rows and their total added up would count everything twice.
    """
    if source.level == "record":
        return []
    further = {
        column: cells.columns[column]
        for dimension, column in source.dimensions.items()
        if dimension != coding.dimension
    }
    for column, cell in further.items():
        names = ", ".join(f"'{name}'" for name in _TOTALS_BY_ANOTHER_NAME)
        cells.findings.collect(
            cells.connection,
            f"SELECT row, {cell} AS value, NULL AS other FROM cells "
            f"WHERE {cell} IS NULL OR lower({cell}) IN ({names})",
            column,
            lambda _, __: (
                f"a total of this dimension cannot be told from its parts, "
                f"which are added up over {coding.dimension}",
                "leave the row out, or give each dimension a source of its own",
            ),
        )
    return list(further.values())


def _translate(cells: Cells, column: str, table: str, read: Callable[[str], str | None]) -> None:
    """Make a table ``raw, label`` of the distinct cells of a column."""
    cell = cells.columns[column]
    distinct = cells.connection.execute(
        f"SELECT DISTINCT {cell} FROM cells WHERE {cell} IS NOT NULL"
    ).fetchall()
    raw = [str(row[0]) for row in distinct]
    cells.connection.execute(
        f"CREATE TEMP TABLE {table} AS "
        "SELECT unnest($raw::VARCHAR[]) AS raw, unnest($label::VARCHAR[]) AS label",
        {"raw": raw, "label": [read(cell) for cell in raw]},
    )


def _collect_unread(
    cells: Cells, column: str, table: str, say: Callable[[str], tuple[str, str]]
) -> None:
    """Note the rows whose cell has no label."""
    cell = cells.columns[column]
    cells.findings.collect(
        cells.connection,
        f"SELECT row, {cell} AS value, NULL AS other FROM cells "
        f"WHERE {cell} IN (SELECT raw FROM {table} WHERE label IS NULL)",
        column,
        lambda value, _: say(value or ""),
    )


def _collect_empty(
    cells: Cells, column: str, what: str, remedy: str = "fill it in, or delete the row"
) -> None:
    """Note the rows whose cell is empty."""
    cells.findings.collect(
        cells.connection,
        f"SELECT row, NULL AS value, NULL AS other FROM cells "
        f"WHERE {cells.columns[column]} IS NULL",
        column,
        lambda _, __: (f"{what} is empty", remedy),
    )
