"""Reading rows of the Estimates table: which row, its result, its moment in time."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from equieval.errors import InputError, did_you_mean
from equieval.present import numbers
from equieval.present.artefact import require
from equieval.present.periods import period_label
from equieval.present.wording import Result

RELATIVE = "relative"


@dataclass(frozen=True)
class Row:
    """One estimate as sentences need it."""

    result: Result
    df: object
    level: object
    scale: str
    when: str

    def number(self, decimals: int | None = None) -> str:
        """Return the size of the difference, without a sign."""
        return numbers.number(abs(self.result.estimate - self.result.null), decimals)

    def decimals(self) -> int:
        """Return the digits that suit the estimate (an interval may be far wider)."""
        if numbers.is_missing(self.result.estimate):
            return 2
        return numbers.decimals_for(self.result.estimate)

    def uncertainty(self) -> str:
        """Return ``95% interval −0.91 to 2.08; 3.1 degrees of freedom``."""
        words = numbers.interval_words(
            self.result.ci_low, self.result.ci_high, level=self.level, decimals=self.decimals()
        )
        if self.df is None or (isinstance(self.df, float) and pd.isna(self.df)):
            return words
        return f"{words}; {numbers.degrees_of_freedom(self.df)} degrees of freedom"


def row_of(data: pd.DataFrame, estimate_id: str | None, where: str) -> Row:
    """Return the row with this id, or the first row.

    Raises
    ------
    InputError : no row has the id, or the frame is no Estimates table.
    """
    require(data, ("estimate", "ci_low", "ci_high"), where)
    rows = data
    if estimate_id is not None:
        require(data, ("id",), where)
        rows = data.loc[data["id"] == estimate_id]
        if rows.empty:
            raise InputError(
                f"no estimate has the id '{estimate_id}'",
                where=where,
                remedy=did_you_mean(estimate_id, data["id"].astype(str)),
            )
    return _row(rows.iloc[0])


def of_scale(data: pd.DataFrame, *, relative: bool) -> pd.DataFrame:
    """Return the rows on the relative scale, or all the others."""
    if "scale" not in data.columns:
        return data.iloc[:0] if relative else data
    chosen = data["scale"].astype(str) == RELATIVE
    return data.loc[chosen if relative else ~chosen]


def _row(row: pd.Series) -> Row:
    scale = _text(row, "scale") or "absolute"
    null = 1.0 if scale == RELATIVE else 0.0
    moment = _text(row, "horizon") or _text(row, "time")
    return Row(
        Result(_float(row, "estimate"), _float(row, "ci_low"), _float(row, "ci_high"), null),
        row.get("df"),
        row.get("ci_level", 0.95),
        scale,
        period_label(moment) if moment else "",
    )


def _float(row: pd.Series, name: str) -> float:
    value = row[name]
    return float("nan") if pd.isna(value) else float(value)


def _text(row: pd.Series, name: str) -> str:
    value = row.get(name)
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    return str(value)
