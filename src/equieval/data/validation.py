"""What can be wrong with a source, told row by row.

A source is read whole before anything is said about it, so that its owner gets one list
of everything to correct. Each problem names row, column, value and remedy. Rows are
numbered as a spreadsheet numbers them: the header is row 1.
"""

# ruff: noqa: S608 - the queries that are put together here come from the modules beside.

from __future__ import annotations

import codecs
import csv
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from equieval.errors import DataError, did_you_mean

SHOWN = 20
"""Problems that are listed; the others are counted."""

_CHUNK = 1 << 20
_LARGEST_FIELD = 1 << 20


@dataclass(frozen=True, order=True)
class RowProblem:
    """One thing to correct: ``row``, ``column``, ``value`` (None if withheld), what, remedy."""

    row: int
    column: str
    value: str | None
    what: str
    remedy: str

    def __str__(self) -> str:
        place = f"row {self.row}"
        if self.column:
            place += f", column '{self.column}'"
        if self.value is not None:
            place += f", value '{self.value}'"
        return f"{place}: {self.what}; {self.remedy}"


class SourceError(DataError):
    """A source holds rows that cannot be used.

    Attributes
    ----------
    problems : the first of them, in row order.
    total : how many there are.
    """

    def __init__(self, file: str, source: str, problems: Sequence[RowProblem], total: int) -> None:
        noun = "problem" if total == 1 else "problems"
        heading = f"{total} {noun} in {file}"
        if total > len(problems):
            heading += f" (the first {len(problems)} are listed)"
        listed = "".join(f"\n  {problem}" for problem in problems)
        super().__init__(
            f"{heading}:{listed}",
            where=f"source '{source}', {file}",
            remedy="correct these rows in the source and run again",
        )
        self.problems = tuple(problems)
        self.total = total


@dataclass
class Findings:
    """The problems of one source while it is being read.

    Parameters
    ----------
    source, file : id and path of the source, for the message.
    show_values : whether cells may be quoted; those of private records may not.
    row_of : turns the ordinal of a record (1, 2, …) into the row of the file.
    """

    source: str
    file: str
    show_values: bool = True
    row_of: Callable[[int], int] = lambda ordinal: ordinal
    _problems: list[RowProblem] = field(default_factory=list)
    _total: int = 0

    def add(self, row: int, column: str, value: str | None, what: str, remedy: str) -> None:
        """Note one problem, by the row of the file."""
        shown = value if self.show_values else None
        self._problems.append(RowProblem(row, column, shown, what, remedy))
        self._total += 1

    def collect(
        self,
        connection: duckdb.DuckDBPyConnection,
        rows: str,
        column: str,
        say: Callable[[str | None, int | None], tuple[str, str]],
    ) -> None:
        """Note the problems that a query finds.

        ``rows`` selects ``row`` (ordinal), ``value`` and ``other`` (the ordinal of a
        second row, or NULL); ``say`` makes what and remedy of value and second row.
        """
        found = connection.execute(
            f"SELECT row, value, other, count(*) OVER () FROM ({rows}) ORDER BY row LIMIT {SHOWN}"
        ).fetchall()
        for ordinal, value, other, _ in found:
            what, remedy = say(value, None if other is None else self.row_of(other))
            shown = None if value is None or not self.show_values else str(value)
            self._problems.append(RowProblem(self.row_of(ordinal), column, shown, what, remedy))
        self._total += found[0][3] if found else 0

    def raise_if_any(self) -> None:
        """Raise what was found, if anything was.

        Raises
        ------
        SourceError : with the first problems in row order and their number.
        """
        if self._problems:
            first = sorted(self._problems, key=lambda found: (found.row, found.column))[:SHOWN]
            raise SourceError(self.file, self.source, first, self._total)


def check_file(path: Path, file: str) -> None:
    """Check that a source's file is there, is a file and holds something.

    Raises
    ------
    DataError : it is not, with the name that comes closest.
    """
    if any(sign in file for sign in "*?["):
        raise DataError(
            f"the name {file} reads as a pattern of several files",
            where=file,
            remedy="rename the file to one without *, ? and [",
        )
    if path.is_dir():
        raise DataError(f"{file} is a folder", where=file, remedy="name a file inside it")
    if not path.exists():
        folder = path.parent
        there = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
        hint = f": {did_you_mean(path.name, there)}" if there else " (there is no such folder)"
        raise DataError(
            f"the file {file} is not there",
            where=file,
            remedy=f"check the path, which starts at the project's folder{hint}",
        )
    try:
        with path.open("rb") as content:
            empty = not content.read(1)
    except OSError as problem:
        raise DataError(
            f"the file {file} cannot be opened ({problem.strerror})",
            where=file,
            remedy="check its permissions",
        ) from problem
    if empty:
        raise DataError(f"the file {file} is empty", where=file, remedy="export the data again")


def check_columns(needed: Iterable[str], present: Sequence[str], file: str) -> None:
    """Check that every column that the parameters name is in the source, once.

    Raises
    ------
    DataError : naming all that are missing, each with the name that comes closest.
    """
    wanted = list(dict.fromkeys(needed))
    if missing := [name for name in wanted if name not in present]:
        hints = "; ".join(f"'{name}': {did_you_mean(name, present)}" for name in missing)
        noun = "column" if len(missing) == 1 else "columns"
        raise DataError(
            f"{file} has no {noun} " + ", ".join(f"'{name}'" for name in missing),
            where=f"{file}, row 1",
            remedy=f"correct the parameters or the header ({hints})",
        )
    if twice := [name for name in wanted if list(present).count(name) > 1]:
        raise DataError(
            f"{file} has more than one column " + ", ".join(f"'{name}'" for name in twice),
            where=f"{file}, row 1",
            remedy="give each column a name of its own",
        )


@dataclass(frozen=True)
class CsvLayout:
    """The outline of a CSV file: ``header``, number of ``records``, ``blank`` rows."""

    header: tuple[str, ...]
    records: int
    blank: tuple[int, ...]

    def row_of(self, ordinal: int) -> int:
        """Return the row of a record (1, 2, …): the header and blank rows count too."""
        row = ordinal + 1
        while (row_with_blanks := ordinal + 1 + bisect_right(self.blank, row)) != row:
            row = row_with_blanks
        return row


def check_csv(path: Path, file: str, source: str) -> CsvLayout:
    """Read a CSV's outline: UTF-8, a header, and rows as long as the header.

    DuckDB drops the rest of a file without a word when a quotation mark is never closed,
    so the outline is taken independently of it and held against what it returns.

    Raises
    ------
    DataError : it is not such a file.
    SourceError : rows are longer or shorter than the header.
    """
    _check_encoding(path, file)
    findings = Findings(source, file)
    header: tuple[str, ...] = ()
    blank: list[int] = []
    row = 0
    former = csv.field_size_limit(_LARGEST_FIELD)
    try:
        with path.open(encoding="utf-8-sig", newline="") as content:
            for row, cells in enumerate(csv.reader(content, strict=True), start=1):
                if row == 1:
                    header = tuple(cells)
                    _check_header(header, file)
                elif not cells:
                    blank.append(row)
                elif len(header) == 1 < len(cells):
                    raise DataError(
                        f"row 1 of {file} is one cell, while row {row} has {len(cells)}",
                        where=f"{file}, row 1",
                        remedy="take out what stands above the names of the columns (a title, "
                        "notes), so that they come first",
                    )
                elif len(cells) != len(header):
                    noun = "cell" if len(cells) == 1 else "cells"
                    found = f"{len(cells)} {noun} under a header of {len(header)}"
                    findings.add(row, "", None, found, "check its commas and quotation marks")
    except csv.Error as problem:
        raise DataError(
            f"{file} cannot be read as CSV ({problem})",
            where=f"{file}, at or after row {row + 1}",
            remedy="close each quotation mark, and write one inside a cell twice",
        ) from problem
    finally:
        csv.field_size_limit(former)
    findings.raise_if_any()
    records = row - 1 - len(blank)
    if records < 1:
        raise DataError(
            f"{file} has a header and no rows", where=file, remedy="export the data again"
        )
    return CsvLayout(header, records, tuple(blank))


def _check_header(header: tuple[str, ...], file: str) -> None:
    if not header:
        raise DataError(
            f"{file} begins with an empty row",
            where=f"{file}, row 1",
            remedy="put the names of the columns in row 1",
        )
    if len(header) == 1 and (found := next((s for s in ";\t|" if s in header[0]), None)):
        name = "tabs" if found == "\t" else f"'{found}'"
        raise DataError(
            f"the columns of {file} are separated by {name}",
            where=f"{file}, row 1",
            remedy="save it with commas between the columns",
        )


def _check_encoding(path: Path, file: str) -> None:
    """Refuse what is no UTF-8 text, naming the row where it stops being so."""
    with path.open("rb") as content:
        start = content.read(4)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise DataError(
                f"{file} is written in UTF-16", where=file, remedy="save it as CSV UTF-8"
            )
        if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1", b"\x1f\x8b")):
            raise DataError(
                f"{file} is no CSV file: it is a workbook, an archive or a Parquet file",
                where=file,
                remedy="save it as CSV UTF-8, or name its true format in the parameters",
            )
        if start.startswith(b"<"):
            raise DataError(
                f"{file} is a web page or XML, no CSV file",
                where=file,
                remedy="download the data themselves, not the page that offers them",
            )
        content.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        row = 1
        while True:
            chunk = content.read(_CHUNK)
            pending = decoder.getstate()[0]
            if (at := chunk.find(b"\0")) >= 0:
                lines = chunk[:at].count(b"\n")
                raise DataError(
                    f"{file} holds a NUL character",
                    where=f"{file}, row {row + lines}",
                    remedy="export it again as plain text; the file may be damaged",
                )
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as problem:
                lines = (pending + chunk)[: problem.start].count(b"\n")
                raise DataError(
                    f"{file} is not UTF-8 text",
                    where=f"{file}, row {row + lines}",
                    remedy="save it as CSV UTF-8 (in Excel: 'CSV UTF-8 (comma delimited)')",
                ) from problem
            if not chunk:
                return
            row += chunk.count(b"\n")


def check_parquet(path: Path, file: str) -> None:
    """Check that a file begins and ends as Parquet files do.

    Raises
    ------
    DataError : it does not.
    """
    with path.open("rb") as content:
        start = content.read(4)
        content.seek(-min(4, path.stat().st_size), 2)
        end = content.read(4)
    if start != b"PAR1" or end != b"PAR1":
        damaged = start == b"PAR1"
        raise DataError(
            f"{file} is cut off" if damaged else f"{file} is not a Parquet file",
            where=file,
            remedy=(
                "copy or export it again"
                if damaged
                else "export it as Parquet, or name its true format in the parameters"
            ),
        )
