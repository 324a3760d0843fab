"""Where the data are, which columns hold what, and what is known to be wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from equieval.protocol.fields import (
    Block,
    Columns,
    Flag,
    IndicatorId,
    OneOrMoreLabels,
    PeriodLabel,
    Problem,
    Slug,
    Text,
    UnusableValueError,
    Url,
    filled_in,
    one_or_many_of,
    repeated,
)
from equieval.protocol.indicators import INDICATORS, rolling_window_trap
from equieval.protocol.periods import Frequency

Format = Literal["csv", "parquet", "duckdb", "sql"]
_SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".duckdb": "duckdb",
    ".sql": "sql",
}

#: What a record-level denominator can be instead of a column.
RecordRule = Literal["known", "all"]
RECORD_RULES: tuple[RecordRule, ...] = get_args(RecordRule)


def _project_path(value: object) -> object:
    if not isinstance(value, str):
        return value
    remedy = "write it relative to the project's folder, with forward slashes: 'data/births.csv'"
    if "://" in value:
        raise UnusableValueError("a path is needed, not an address", remedy)
    if "\\" in value or value.startswith(("/", "~")) or value[1:2] == ":":
        raise UnusableValueError(f"'{value}' is not relative to the project", remedy)
    if ".." in PurePosixPath(value).parts:
        raise UnusableValueError(f"'{value}' leaves the project's folder", remedy)
    return value


def _denominator(value: object) -> tuple[str, ...] | str:
    if isinstance(value, str) and value in RECORD_RULES:
        return value
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not names:
        raise UnusableValueError("one column name or a list of them is needed", "name the columns")
    if not all(isinstance(name, str) and name.strip() for name in names):
        raise UnusableValueError("column names are text", "put each name in quotes")
    if repeated(names):
        raise UnusableValueError(
            f"listed more than once: {', '.join(repeated(names))}", "name each once"
        )
    return tuple(name.strip() for name in names)


Denominator = Annotated[
    tuple[str, ...] | RecordRule,
    PlainValidator(_denominator),
    PlainSerializer(lambda value: value if isinstance(value, str) else list(value)),
    WithJsonSchema(one_or_many_of({"type": "string", "minLength": 1}, at_least=1)),
]
ProjectPath = Annotated[
    Text, BeforeValidator(_project_path), WithJsonSchema({"type": "string", "minLength": 1})
]
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]


class Publication(Block):
    """The publication that rows come from, where a file joins several."""

    title: Text = Field(description="Title of the publication.")
    edition: Text = Field(description="Which edition and tables.")
    url: Url | None = Field(default=None, description="Its address.")


class Break(Block):
    """A period from which the rows are not quite comparable with those before."""

    period: PeriodLabel = Field(description="First period after the break.")
    note: Text = Field(description="What changed.")
    publication: Publication | None = Field(
        default=None,
        description="The publication that the rows from this period on come from, if another.",
    )


class SourceColumns(Block):
    """The columns that say when and where."""

    period: Text = Field(description="Column with the period.")
    unit: Text | None = Field(
        default=None, description="Column with the unit; left out, all rows are design.unit."
    )


class SourceIndicator(Block):
    """Which columns give an indicator's numerator and denominator."""

    model_config = ConfigDict(json_schema_extra=filled_in("denominator"))

    numerator: Columns = Field(
        description="Columns summed to the numerator; record level: one 0/1 column."
    )
    denominator: Denominator = Field(
        description="Columns summed to the denominator; record level: 'known' (the default: rows "
        "with the numerator recorded), 'all', or one 0/1 column.",
    )
    window: Annotated[int, Field(strict=True, ge=1)] | None = Field(
        default=None,
        description="Months that one row covers, where it is not the indicator's published window.",
    )


def _denominator_by_level(columns: Any, records: bool) -> Any:
    """At record level the denominator defaults to ``known``; elsewhere every word is a column."""
    if not isinstance(columns, Mapping):
        return columns
    if records:
        return {"denominator": "known", **columns}
    if isinstance(columns.get("denominator"), str):
        return {**columns, "denominator": [columns["denominator"]]}
    return columns


class Source(Block):
    """One file or query."""

    model_config = ConfigDict(json_schema_extra=filled_in("format"))

    id: Slug = Field(description="Short name of the source.")
    title: Text = Field(description="What it is, as its publisher calls it.")
    publisher: Text = Field(description="Who publishes or controls it.")
    url: Url | None = Field(default=None, description="Where it is published.")
    edition: Text = Field(description="Which edition, tables or extract date.")
    licence: Text = Field(description="Under which terms it may be used.")
    status: Literal["final", "provisional", "mixed"] = Field(
        description="Whether its figures may still change."
    )
    open: Flag = Field(default=False, description="True where anyone may have the data.")
    path: ProjectPath = Field(
        description="File, relative to the project's folder; for 'sql' the file with the query."
    )
    format: Format = Field(
        description="csv, parquet, duckdb or sql; left out, it follows from the path's ending."
    )
    query: Text | None = Field(
        default=None, description="For 'duckdb': the query that gives the rows."
    )
    connection: VariableName | None = Field(
        default=None,
        description="For 'sql': the environment variable that holds the SQLAlchemy URL; never the "
        "URL itself.",
    )
    level: Literal["aggregated", "record"] = Field(
        default="aggregated", description="Counts per row, or one row per person."
    )
    columns: SourceColumns = Field(description="The columns that say when and where.")
    dimensions: dict[Slug, Text] = Field(
        default_factory=dict, description="Dimension of inequality: its column."
    )
    total: OneOrMoreLabels = Field(
        default=(),
        description="Values of the dimension's column that mean 'all', where totals are published.",
    )
    indicators: dict[IndicatorId, SourceIndicator] = Field(
        min_length=1, description="Indicator: its columns."
    )
    breaks: tuple[Break, ...] = Field(default=(), description="Breaks in the series.")
    missing_because: dict[IndicatorId, dict[PeriodLabel, Text]] = Field(
        default_factory=dict,
        description="Indicator: period: why it is missing there. Missing is missing, never zero.",
    )
    linkage: Text | None = Field(
        default=None, description="How records were linked, where they were."
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, given: Any) -> Any:
        """Take the format from the path's ending, and read denominators by the level."""
        if not isinstance(given, Mapping):
            return given
        filled = dict(given)
        path = given.get("path")
        suffix = PurePosixPath(path).suffix.lower() if isinstance(path, str) else ""
        if "format" not in given and suffix in _SUFFIXES:
            filled["format"] = _SUFFIXES[suffix]
        indicators = given.get("indicators")
        if isinstance(indicators, Mapping):
            records = given.get("level") == "record"
            filled["indicators"] = {
                id: _denominator_by_level(columns, records) for id, columns in indicators.items()
            }
        return filled

    def window_of(self, indicator_id: str) -> int:
        """Return how many months one value of an indicator covers in this source.

        Records are counted period by period, so theirs never roll.
        """
        stated = self.indicators[indicator_id].window
        if stated is not None:
            return stated
        return 1 if self.level == "record" else INDICATORS[indicator_id].window

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong between the fields of the source."""
        if self.format == "duckdb" and self.query is None:
            yield Problem(("query",), "a DuckDB source needs a query", "add 'query: SELECT …'")
        if self.format != "duckdb" and self.query is not None:
            yield Problem(
                ("query",),
                f"a query has no meaning for a {self.format} source",
                "remove it, or put the query in a .sql file and name that as the path",
            )
        if self.format == "sql" and self.connection is None:
            yield Problem(
                ("connection",),
                "a database source needs a connection",
                "name the environment variable that holds its SQLAlchemy URL",
            )
        if self.format != "sql" and self.connection is not None:
            yield Problem(("connection",), f"a {self.format} source has no connection", "remove it")
        for id in self.missing_because:
            if id not in self.indicators:
                yield Problem(
                    ("missing_because", id),
                    f"the source does not provide '{id}', so it cannot be missing from it",
                    "name one of its indicators: " + ", ".join(self.indicators),
                )
        if len(self.dimensions) > 1 and self.total:
            yield Problem(
                ("total",),
                "'total' is ambiguous for a source with several dimensions",
                "give each dimension a source of its own",
            )
        for id, columns in self.indicators.items():
            for problem in self._column_problems(columns):
                yield problem.below("indicators", id)

    def _column_problems(self, columns: SourceIndicator) -> Iterator[Problem]:
        if self.level == "aggregated":
            return
        if len(columns.numerator) > 1:
            yield Problem(
                ("numerator",),
                "record level takes one 0/1 column as numerator",
                "derive the column beforehand, or aggregate the source",
            )
        if not isinstance(columns.denominator, str) and len(columns.denominator) > 1:
            yield Problem(
                ("denominator",),
                "record level takes 'known', 'all' or one 0/1 column as denominator",
                "name one of them",
            )


class Succession(Block):
    """One organisation that passed into another: a merger has a row for each that went."""

    predecessor: Text = Field(description="The unit that reported until then.")
    successor: Text = Field(description="The unit that reports in its place.")
    period: PeriodLabel = Field(description="First period in which the successor reports.")


def _successions(rows: tuple[Succession, ...]) -> Iterator[Problem]:
    """Yield units that went twice, into themselves, or in a circle."""
    for unit in repeated(row.predecessor for row in rows):
        yield Problem(
            (),
            f"'{unit}' has two successors, and its counts cannot be split",
            "keep the one that took over its births, or leave the unit out of the analysis",
        )
    into = {row.predecessor: row.successor for row in rows}
    for position, row in enumerate(rows):
        seen, unit = {row.predecessor}, row.successor
        while unit in into and unit not in seen:
            seen.add(unit)
            unit = into[unit]
        if unit == row.predecessor:
            yield Problem(
                (position, "successor"),
                f"'{row.predecessor}' passes into itself",
                "name the unit that reports from this period on",
            )


class Data(Block):
    """All sources, and how long one period is."""

    frequency: Frequency = Field(description="How long one period of the analysis is.")
    sources: tuple[Source, ...] = Field(min_length=1, description="Files and queries.")
    succession: tuple[Succession, ...] = Field(
        default=(),
        description="Mergers of units: counts of predecessors are added up under the name of "
        "the successor throughout.",
    )

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong within and between the sources."""
        for problem in _successions(self.succession):
            yield problem.below("succession")
        for id in repeated(source.id for source in self.sources):
            yield Problem(("sources",), f"two sources are called '{id}'", "give each its own id")
        for position, source in enumerate(self.sources):
            for problem in source.problems():
                yield problem.below("sources", position)
            for id in source.indicators:
                window = source.window_of(id)
                remedy = rolling_window_trap(window, self.frequency)
                if remedy:
                    yield Problem(
                        ("sources", position, "indicators", id),
                        f"'{id}' is published over {window} months and cannot be analysed by "
                        f"{self.frequency}",
                        remedy,
                    )
