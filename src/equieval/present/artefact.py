"""What a maker returns: a picture, a table, or a statement in words."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from equieval.errors import InputError, did_you_mean
from equieval.present.periods import period_key

TABLE_FORMATS = (
    "text",
    "count",
    "rate",
    "change",
    "ratio",
    "percent",
    "df",
    "period",
    "interval",
    "change-interval",
)


@dataclass(frozen=True)
class Picture:
    """A figure with its words.

    Attributes
    ----------
    title : the finding, in plain text; the page sets it above the figure.
    subtitle : what is drawn: quantity, unit, population, period.
    alt : alternative text that states the result with its numbers.
    data : exactly the numbers that are drawn.
    figure : the drawing; the title is not in it, the source is.
    note : what a reader has to know to read the figure, or "".
    """

    title: str
    subtitle: str
    alt: str
    data: pd.DataFrame
    figure: Figure = field(repr=False)
    note: str = ""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    key : the column of the data.
    label : its heading.
    unit : printed under the heading, e.g. ``"per 1,000 births"``.
    format : one of `TABLE_FORMATS`; ``"interval"`` prints ``key`` to ``upper``.
    align : ``"left"`` or ``"right"``; by default numbers stand right.
    upper : the data column of an interval's upper end.
    decimals : digits after the point; by default from the size of the column's numbers.
    by_row : the data column from whose size each row takes its own digits, where rows have
        different units.
    """

    key: str
    label: str
    unit: str = ""
    format: str = "text"
    align: str = ""
    upper: str = ""
    decimals: int | None = None
    by_row: str = ""

    def __post_init__(self) -> None:
        if self.format not in TABLE_FORMATS:
            raise InputError(
                f"a table has no format '{self.format}'",
                where=f"column '{self.key}'",
                remedy=did_you_mean(self.format, TABLE_FORMATS),
            )
        if self.format.endswith("interval") and not self.upper:
            raise InputError(
                "an interval needs the column of its upper end",
                where=f"column '{self.key}'",
                remedy="give Column(..., upper='ci_high')",
            )

    @property
    def numeric(self) -> bool:
        """Whether the cells are numbers, set right-aligned in even figures."""
        if self.align:
            return self.align == "right"
        return self.format not in ("text", "period")


@dataclass(frozen=True)
class Table:
    """A table with its words.

    Attributes
    ----------
    caption : what the table shows, with population and period.
    data : one row per printed row.
    columns : the printed columns, from left to right.
    note : printed under the table, or "".
    row_header : the column whose cells head their rows; by default the first one.
    grouped_by : the column of the data whose values head groups of neighbouring rows, or "".
    """

    caption: str
    data: pd.DataFrame
    columns: tuple[Column, ...]
    note: str = ""
    row_header: str = ""
    grouped_by: str = ""

    def __post_init__(self) -> None:
        wanted = [name for c in self.columns for name in (c.key, c.upper) if name]
        wanted += [name for name in (self.row_header, self.grouped_by) if name]
        require(self.data, wanted, f"table '{self.caption}'")


@dataclass(frozen=True)
class Statement:
    """Words that follow from numbers.

    Attributes
    ----------
    markdown : the words.
    numbers : the rows that they were written from.
    """

    markdown: str
    numbers: pd.DataFrame


def require(data: pd.DataFrame, columns: list[str] | tuple[str, ...], where: str) -> None:
    """Refuse a frame that lacks a column, or that has no rows.

    Raises
    ------
    InputError : names the column, and the one that comes close.
    """
    for name in columns:
        if name not in data.columns:
            raise InputError(
                f"the frame has no column '{name}'",
                where=where,
                remedy=did_you_mean(name, [str(column) for column in data.columns]),
            )
    if data.empty:
        raise InputError(
            "the frame has no rows",
            where=where,
            remedy="hand over at least one row, or leave the artefact out of the page",
        )


def plain_frame(data: pd.DataFrame) -> pd.DataFrame:
    """Return a copy with periods and categories as text, ready for CSV and JSON."""
    plain = data.reset_index(drop=True).copy()
    for name in plain.columns:
        kind = plain[name].dtype
        if isinstance(kind, pd.PeriodDtype | pd.CategoricalDtype):
            plain[name] = plain[name].astype(object).map(period_key, na_action="ignore")
        elif isinstance(kind, np.dtype) and kind.kind == "O":
            plain[name] = plain[name].map(
                lambda value: period_key(value) if isinstance(value, pd.Period) else value
            )
    return plain
