"""Reading a source: CSV, Parquet, a query on a DuckDB file, a query on a database.

Whatever the source, the columns that the evaluation names arrive in one temporary table
inside DuckDB, as text and with the number of their record. From there they are checked
and counted (`equieval.data.counts`); rows leave DuckDB only as counts.

DuckDB is opened so that it can touch the one file of the source and nothing else: no
other path, no network, no extension, no change of these settings. Column names come
from parameters; they are only ever quoted identifiers. A query is one SELECT statement,
on a database that is opened read-only.
"""

# ruff: noqa: S608 - names from parameters are quoted identifiers, values quoted literals.

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import sqlalchemy
import sqlalchemy.exc

from equieval.data.validation import (
    Findings,
    check_columns,
    check_csv,
    check_file,
    check_parquet,
)
from equieval.errors import DataError
from equieval.protocol.sources import Source

_BATCH = 50_000
_WHITE = "' ' || chr(9) || chr(10) || chr(13) || chr(160)"


@dataclass(frozen=True)
class Cells:
    """The named columns of one source, as text, inside DuckDB.

    The table ``cells`` has ``row`` (ordinal of the record) and the columns ``cell_0``,
    ``cell_1``, … of type VARCHAR; an empty cell is NULL.

    Attributes
    ----------
    connection : the confined DuckDB connection.
    columns : from the source's name of a column to its name in ``cells``.
    findings : collects what is wrong with the rows.
    rows : number of records.
    """

    connection: duckdb.DuckDBPyConnection
    columns: dict[str, str]
    findings: Findings
    rows: int


@contextmanager
def open_cells(source: Source, needed: Iterable[str], root: Path) -> Iterator[Cells]:
    """Open a source and bring the columns ``needed`` into DuckDB as text.

    Parameters
    ----------
    source : the source as the parameters describe it.
    needed : names of the columns to read.
    root : the project's folder; the source's path starts there.

    Raises
    ------
    DataError : the source is not there, cannot be read, or lacks a column.
    """
    names = list(dict.fromkeys(needed))
    show_values = source.open or source.level == "aggregated"
    file = source.path
    findings = Findings(source.id, file, show_values=show_values)
    path = source_path(source, root)
    check_file(path, file)
    connection = _confined(None if source.format == "sql" else path)
    try:
        try:
            match source.format:
                case "csv":
                    _read_csv(connection, source, names, path, findings)
                case "parquet":
                    check_parquet(path, file)
                    connection.execute(
                        f"CREATE TEMP VIEW origin AS SELECT * FROM read_parquet({_literal(path)})"
                    )
                    _read_typed(connection, names, file)
                case "duckdb":
                    _attach(connection, source, path)
                    _read_typed(connection, names, file)
                case "sql":
                    _copy_query(connection, source, path)
                    _read_typed(connection, names, file)
        except duckdb.Error as problem:
            said = _first_line(problem).replace(f"{root}{os.sep}", "")
            raise DataError(
                f"{file} cannot be read: {said}",
                where=f"source '{source.id}'",
                remedy="check that the file is whole and that its format is the one named",
            ) from problem
        counted = connection.execute("SELECT count(*) FROM cells").fetchone()
        rows = int(counted[0]) if counted else 0
        if rows == 0:
            raise DataError(
                f"{file} has no rows",
                where=f"source '{source.id}'",
                remedy="check the source and, where there is one, its query",
            )
        yield Cells(connection, _cell_names(names), findings, rows)
    finally:
        connection.close()


def source_path(source: Source, root: Path) -> Path:
    """Return where a source's file is; its path starts at the project's folder."""
    return root / source.path


def _cell_names(names: list[str]) -> dict[str, str]:
    return {name: f"cell_{number}" for number, name in enumerate(names)}


def _quoted(name: str) -> str:
    """Return a column's name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _literal(value: object) -> str:
    """Return a text as an SQL literal."""
    return "'" + str(value).replace("'", "''") + "'"


def _confined(path: Path | None) -> duckdb.DuckDBPyConnection:
    """Open DuckDB in memory, with access to one file at most."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": 1,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    allowed = [] if path is None else [str(path), f"{path}.wal"]
    # Records must not spill to disk outside the folder that their owner chose.
    connection.execute("SET temp_directory = ''")
    connection.execute(f"SET allowed_paths = [{', '.join(map(_literal, allowed))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _read_csv(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    names: list[str],
    path: Path,
    findings: Findings,
) -> None:
    """Bring the columns of a CSV in; its own column names never reach DuckDB's parser."""
    layout = check_csv(path, source.path, source.id)
    check_columns(names, layout.header, source.path)
    findings.row_of = layout.row_of
    places = [f"place_{number}" for number in range(len(layout.header))]
    columns = ", ".join(f"{_literal(place)}: 'VARCHAR'" for place in places)
    try:
        connection.execute(
            f"""
            CREATE TEMP TABLE origin AS
            SELECT row_number() OVER () AS row, * FROM read_csv(
                {_literal(path)}, auto_detect = false, header = true, delim = ',', quote = '"',
                escape = '"', columns = {{{columns}}}, compression = 'none', parallel = false)
            """
        )
        counted = connection.execute("SELECT count(*) FROM origin").fetchone()
    except duckdb.InvalidInputException:
        counted = None
    # The rows were read once already to take the outline; a second reading that differs
    # means that the file has no single meaning.
    if counted is None or counted[0] != layout.records:
        raise DataError(
            f"{source.path} can be read in more than one way",
            where=f"source '{source.id}'",
            remedy="save it as CSV UTF-8 with one kind of line ending",
        )
    chosen = "".join(
        f", {_text(places[layout.header.index(name)])} AS {cell}"
        for name, cell in _cell_names(names).items()
    )
    connection.execute(
        f"CREATE TEMP TABLE cells AS SELECT row{chosen} FROM origin "
        f"WHERE coalesce({', '.join(_text(place) for place in places)}) IS NOT NULL"
    )


def _read_typed(connection: duckdb.DuckDBPyConnection, names: list[str], file: str) -> None:
    """Turn the named columns of ``origin`` into text, each type in its plainest spelling."""
    described_columns = connection.execute("DESCRIBE SELECT * FROM origin").fetchall()
    types = {str(row[0]): str(row[1]).upper() for row in described_columns}
    check_columns(names, list(types), file)
    chosen = "".join(
        f", {_text(_plain(_quoted(name), types[name]))} AS {cell}"
        for name, cell in _cell_names(names).items()
    )
    connection.execute(
        f"CREATE TEMP TABLE cells AS SELECT row_number() OVER () AS row{chosen} FROM origin"
    )


def _text(expression: str) -> str:
    return f"nullif(trim({expression}, {_WHITE}), '')"


def _plain(column: str, kind: str) -> str:
    """Return the SQL that spells a typed column as a CSV would: 3, not 3.0; 2024-03-31."""
    if kind in {"FLOAT", "DOUBLE"} or kind.startswith("DECIMAL"):
        number = f"CAST({column} AS DOUBLE)"
        return (
            f"CASE WHEN isnan({number}) THEN NULL "
            f"WHEN abs({number}) < 1e15 AND {number} = trunc({number}) "
            f"THEN CAST(CAST({number} AS BIGINT) AS VARCHAR) ELSE CAST({number} AS VARCHAR) END"
        )
    if kind == "BOOLEAN":
        return f"CAST(CAST({column} AS INTEGER) AS VARCHAR)"
    if kind.startswith("TIMESTAMP"):
        return f"CAST(CAST({column} AS DATE) AS VARCHAR)"
    return f"CAST({column} AS VARCHAR)"


def _attach(connection: duckdb.DuckDBPyConnection, source: Source, path: Path) -> None:
    """Attach a DuckDB file read-only and name the query's rows ``origin``."""
    query = _one_select(source.query or "", source)
    connection.execute(f"ATTACH {_literal(path)} AS source_file (READ_ONLY)")
    connection.execute("USE source_file")
    connection.execute(f"CREATE TEMP VIEW origin AS SELECT * FROM ({query})")


def _copy_query(connection: duckdb.DuckDBPyConnection, source: Source, query_file: Path) -> None:
    """Run a query on a database by SQLAlchemy and copy its rows into DuckDB in batches."""
    query = _one_select(query_file.read_text(encoding="utf-8"), source)
    engine = _engine(source)
    try:
        with engine.connect() as database:
            if engine.dialect.name == "postgresql":
                database = database.execution_options(postgresql_readonly=True)
            elif engine.dialect.name == "sqlite":
                database.exec_driver_sql("PRAGMA query_only = ON")
            # Nothing is ever committed: the transaction ends with the connection.
            streamed = database.execution_options(stream_results=True, no_parameters=True)
            rows = streamed.exec_driver_sql(query)
            names = list(rows.keys())
            columns = ", ".join(f"{_quoted(name)} VARCHAR" for name in names)
            connection.execute(f"CREATE TEMP TABLE origin ({columns})")
            while batch := rows.fetchmany(_BATCH):
                texts = [[_spelt(cell) for cell in column] for column in zip(*batch, strict=True)]
                unnested = ", ".join("unnest(?::VARCHAR[])" for _ in names)
                connection.execute(f"INSERT INTO origin SELECT {unnested}", texts)
    except sqlalchemy.exc.SQLAlchemyError as problem:
        # The message of the driver may quote the address with its password: only its kind.
        kind = type(getattr(problem, "orig", None) or problem).__name__
        raise DataError(
            f"the database of source '{source.id}' did not answer the query ({kind})",
            where=f"source '{source.id}', {source.path}",
            remedy=f"run the query by hand at the address in {source.connection}",
        ) from None
    finally:
        engine.dispose()


def _engine(source: Source) -> sqlalchemy.Engine:
    """Return the engine of the address that the source's environment variable holds."""
    variable = source.connection or ""
    where = f"source '{source.id}', environment variable {variable}"
    address = os.environ.get(variable)
    if not address:
        raise DataError(
            f"{variable} is not set",
            where=where,
            remedy="set it to the SQLAlchemy URL of the database, for this session only",
        )
    try:
        return sqlalchemy.create_engine(address)
    except (sqlalchemy.exc.ArgumentError, ImportError) as problem:
        raise DataError(
            f"{variable} holds no address that SQLAlchemy can open ({type(problem).__name__})",
            where=where,
            remedy="write it as dialect+driver://user@host/database, with the driver installed",
        ) from None


def _spelt(cell: object) -> str | None:
    """Spell a database's value as a CSV would."""
    match cell:
        case None:
            return None
        case bool():
            return str(int(cell))
        case float() | Decimal():
            number = float(cell)
            if math.isnan(number):
                return None
            return str(int(number)) if number.is_integer() else str(cell)
        case _:
            return str(cell)


def _one_select(query: str, source: Source) -> str:
    """Return a query when it is a single SELECT.

    Raises
    ------
    DataError : it is none, or several statements, or something else.
    """
    where = f"source '{source.id}', query"
    try:
        statements = duckdb.extract_statements(query)
    except duckdb.Error as problem:
        if source.format == "duckdb":
            raise DataError(
                f"the query is not SQL that DuckDB reads: {_first_line(problem)}",
                where=where,
                remedy="correct the query",
            ) from problem
        # Another database's dialect: what can be held here is that it is one SELECT.
        bare = query.strip().rstrip(";")
        selects = bool(re.match(r"(select|with)\b", bare, re.IGNORECASE)) and ";" not in bare
    else:
        selects = [s.type for s in statements] == [duckdb.StatementType.SELECT]
    if not selects:
        raise DataError(
            "a query must be one SELECT statement",
            where=where,
            remedy="write a single SELECT, without anything before or after it",
        )
    return query.strip().rstrip("; \n\t")


def _first_line(problem: Exception) -> str:
    return str(problem).strip().split("\n", 1)[0]
