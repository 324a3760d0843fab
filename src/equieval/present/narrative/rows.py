"""Reading rows of the Estimates table: which row, its result, its moment in time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from equieval.errors import InputError, did_you_mean
from equieval.present import numbers
from equieval.present.artefact import require
from equieval.present.periods import period_label
from equieval.present.wording import Result

RATIO_SCALES = ("relative", "ratio", "log")
AVERAGE = "average effect"
"""What estimands that average over the exposed periods say."""
SIDES = {"outcome": ("lower", "higher"), "gap": ("narrower", "wider")}
_GROWING = frozenset(side for _, side in SIDES.values())


@dataclass(frozen=True)
class Row:
    """One estimate as sentences need it."""

    result: Result
    df: object
    level: object
    ratio: bool
    when: str
    average: bool = False

    @property
    def moment(self) -> str:
        """Return ``"in 2022"``, or ``"on average up to 2022"``; "" where no time is known."""
        lead = "on average up to" if self.average else "in"
        if self.when:
            return f"{lead} {self.when}"
        return "on average after the start" if self.average else ""

    def number(self, decimals: int | None = None) -> str:
        """Return the size of the difference, without a sign."""
        return numbers.number(abs(self.result.estimate - self.result.null), decimals)

    def decimals(self) -> int:
        """Return the digits that suit the estimate (an interval may be far wider)."""
        if numbers.is_missing(self.result.estimate):
            return 2
        return numbers.decimals_for(self.result.estimate)

    def span(self, decimals: int | None = None) -> str:
        """Return ``95% interval 0.59 to 2.12``."""
        digits = self.decimals() if decimals is None else decimals
        return numbers.interval_words(
            self.result.ci_low, self.result.ci_high, level=self.level, decimals=digits
        )

    def difference(self, unit: str, quantity: str) -> str:
        """Return ``0.58 stillbirths per 1,000 births higher``, or ``17% higher``."""
        if self.ratio:
            return _ratio_side(self.result.estimate, quantity, self._percent_decimals())
        digits = self.decimals()
        if _is_zero(self.number(digits)):
            return "no different"
        amount = numbers.of_unit(self.number(digits), numbers.change_unit(unit))
        return f"{amount} {SIDES[quantity][self.result.side > 0]}"

    def uncertainty(self, quantity: str) -> str:
        """Return ``95% interval 0.91 lower to 2.08 higher; 3.1 degrees of freedom``."""
        if not self.result.known:
            return "interval not available"
        share = 0.95 if numbers.is_missing(self.level) else float(str(self.level))
        ends = f"{share * 100:g}% interval {self._ends(quantity)}"
        if self.df is None or self.df is pd.NA or self.df != self.df:
            return ends
        return f"{ends}; {numbers.degrees_of_freedom(self.df)} degrees of freedom"

    def _ends(self, quantity: str) -> str:
        low, high = self.result.ci_low, self.result.ci_high
        if self.ratio:
            digits = self._percent_decimals()
            return _from_to(*(_ratio_side(end, quantity, digits) for end in (low, high)))
        return ends_in_words(low, high, self.decimals(), quantity)

    def _percent_decimals(self) -> int:
        """One decimal where a ratio that differs from 1 would otherwise round to no difference."""
        values = (self.result.estimate, self.result.ci_low, self.result.ci_high)
        near = [value for value in values if value == value and round((value - 1) * 100) == 0]
        return 1 if near else 0


def ends_in_words(low: float, high: float, decimals: int, quantity: str) -> str:
    """Return an interval in words; two ends on one side are told from small to large.

    >>> ends_in_words(-3.49, -1.64, 2, "gap"), ends_in_words(-0.07, 4.3, 2, "outcome")
    ('1.64 to 3.49 narrower', '0.07 lower to 4.30 higher')
    """
    ends = []
    for end in (low, high):
        size = numbers.number(abs(end), decimals)
        ends.append("no different" if _is_zero(size) else f"{size} {SIDES[quantity][end > 0]}")
    return _from_to(*ends)


def _from_to(low: str, high: str) -> str:
    """Join both ends; those on one side share its word, the smaller one first."""
    (first, side), (second, other) = low.rsplit(" ", 1), high.rsplit(" ", 1)
    if side != other or side == "different":
        return f"{low} to {high}"
    small, large = (first, second) if side in _GROWING else (second, first)
    return f"{small} to {large} {side}"


def _is_zero(text: str) -> bool:
    return not text.strip("0.,")


def _ratio_side(value: float, quantity: str, decimals: int = 0) -> str:
    words = numbers.ratio_as_change(value, decimals)
    for plain, own in zip(SIDES["outcome"], SIDES[quantity], strict=True):
        words = words.replace(plain, own)
    return words


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
    """Return the rows that are ratios, or all the others."""
    if "scale" not in data.columns:
        return data.iloc[:0] if relative else data
    chosen = data["scale"].astype(str).isin(RATIO_SCALES)
    return data.loc[chosen if relative else ~chosen]


def _row(row: pd.Series) -> Row:
    scale = _text(row, "scale")
    # A relative concentration index is relative to the mean, but no ratio: equality is 0.
    ratio = scale in RATIO_SCALES and "concentration" not in _text(row, "estimand")
    values = [_float(row, name) for name in ("estimate", "ci_low", "ci_high")]
    if scale == "log":
        values = [math.exp(value) for value in values]
    moment = _text(row, "horizon") or _text(row, "time")
    return Row(
        Result(values[0], values[1], values[2], 1.0 if ratio else 0.0),
        row.get("df"),
        row.get("ci_level", 0.95),
        ratio,
        period_label(moment) if moment else "",
        AVERAGE in _text(row, "estimand"),
    )


def _float(row: pd.Series, name: str) -> float:
    value = row[name]
    return float("nan") if pd.isna(value) else float(value)


def _text(row: pd.Series, name: str) -> str:
    value = row.get(name)
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    return str(value)
