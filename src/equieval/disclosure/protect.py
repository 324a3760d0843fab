"""Applying a profile's primary rules to one frame.

The order matters: counts first, then everything that is derived from them, so that no rate,
interval or mean is left that was computed from a count which is no longer shown. Whatever
cannot be recomputed from the protected counts is withheld.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from equieval.disclosure.columns import (
    BESIDE_COUNTS,
    MEAN_COLUMNS,
    RATE_COLUMNS,
    count_columns,
    uncovered_columns,
)
from equieval.disclosure.suppression import WITHHELD_MARK, CountRule

MARK = "mark"
"""Column of a frame that says what stands in place of a row's rate, or beside it."""

MARK_COLUMNS = ("row", "column", "mark", "rule")
_SAME_CONSTANT = 1e-6


@dataclass(frozen=True)
class RateRule:
    """How a profile treats a rate (numerator ÷ denominator × ``per``).

    Attributes
    ----------
    withheld_under : smallest exact numerator with a rate; 0 for none.
    withheld_mark : what stands in its place.
    only_per_at_least : the rule above holds for rates per this many or more (rare events).
    unreliable_under : rates with fewer events carry ``unreliable_mark``; 0 for none.
    fine_denominator : denominator from which a proportion may be given to 0.1 percentage
        points instead of 1; 0 leaves precision alone.
    """

    withheld_under: int = 0
    withheld_mark: str = WITHHELD_MARK
    only_per_at_least: float = 0.0
    unreliable_under: int = 0
    unreliable_mark: str = "[u]"
    fine_denominator: int = 0

    def marks(self, events: pd.Series) -> pd.Series:
        """Return the mark of each rate by the exact events behind it; empty where it has none.

        Events that are missing have no rate and no mark.
        """
        marks = pd.Series("", index=events.index, dtype="str")
        marks = marks.mask(events < self.unreliable_under, self.unreliable_mark)
        return marks.mask(events < self.withheld_under, self.withheld_mark)


@dataclass(frozen=True)
class Protected:
    """A frame that carries only what its profile allows.

    Attributes
    ----------
    data : same rows and columns as the frame handed in; withheld values are missing.
    withheld : one row per value withheld: ``row`` (position, from 0), ``column``, ``mark``
        (what a table shows in its place), ``rule`` (why, in words).
    flags : same columns: values that are shown and need a mark beside them.
    notes : sentences for the reader.
    uncovered : numeric columns that no primary rule covers (estimates of models, for instance).
    """

    data: pd.DataFrame
    withheld: pd.DataFrame
    flags: pd.DataFrame
    notes: tuple[str, ...] = ()
    uncovered: tuple[str, ...] = ()


@dataclass
class _Marks:
    rows: list[tuple[int, str, str, str]] = field(default_factory=list)

    def add(self, where: pd.Series, column: str, mark: str, rule: str) -> None:
        positions = np.flatnonzero(where.to_numpy(dtype=bool))
        self.rows.extend((int(position), column, mark, rule) for position in positions)

    def frame(self) -> pd.DataFrame:
        return marks_frame(self.rows)


def marks_frame(rows: Sequence[tuple[int, str, str, str]]) -> pd.DataFrame:
    """Return marks as a frame: ``row, column, mark, rule``."""
    return pd.DataFrame(rows, columns=list(MARK_COLUMNS))


def untouched(data: pd.DataFrame) -> Protected:
    """Return a frame of figures that are already published, as it is."""
    return Protected(data.copy(), _Marks().frame(), _Marks().frame())


def protect_frame(
    data: pd.DataFrame,
    counting: CountRule,
    rates: RateRule,
    *,
    mean_needs: int,
    also_counts: Iterable[str] = (),
) -> Protected:
    """Apply primary suppression and rounding to a frame.

    Parameters
    ----------
    data : one row per cell; counts under the names of `equieval.disclosure.columns`.
    counting, rates : the profile's rules.
    mean_needs : smallest ``n`` with a mean or median.
    also_counts : further columns that count people or events.

    Raises
    ------
    DataError : a count column holds text or a negative number.
    """
    exact = data.reset_index(drop=True)
    shown = exact.copy()
    withheld, flags = _Marks(), _Marks()
    counts = count_columns(exact, also_counts)
    for name in counts:
        protected, hidden = counting.apply(exact[name])
        whole = pd.api.types.is_integer_dtype(exact[name].dtype) and not protected.isna().any()
        shown[name] = protected.astype("int64") if whole else protected
        withheld.add(hidden, name, WITHHELD_MARK, "the count is small")
    for name in (column for column in RATE_COLUMNS if column in exact.columns):
        shown[name] = _protected_rates(name, exact, shown, counting, rates, withheld, flags)
    _withhold_means(exact, shown, mean_needs, withheld)
    _withhold_beside_counts(exact, shown, counting, counts, withheld)
    uncovered = uncovered_columns(exact, counts)
    shown.index = data.index
    return Protected(
        shown, withheld.frame(), flags.frame(), _notes(withheld.rows, uncovered), uncovered
    )


def _protected_rates(
    name: str,
    exact: pd.DataFrame,
    shown: pd.DataFrame,
    counting: CountRule,
    rule: RateRule,
    withheld: _Marks,
    flags: _Marks,
) -> pd.Series:
    recorded = exact[name].notna()
    missing = pd.Series(np.nan, index=exact.index)
    if not {"numerator", "denominator"} <= set(exact.columns):
        withheld.add(recorded, name, WITHHELD_MARK, "the counts behind the rate are not beside it")
        return missing
    per = _rate_constant(exact, name)
    if per is None:
        why = "the rate is not its numerator over its denominator, so it cannot be protected"
        withheld.add(recorded, name, WITHHELD_MARK, why)
        return missing
    numerator = exact["numerator"].astype("float64")
    if counting.exact:
        rate = exact[name].astype("float64")
    else:
        denominator = shown["denominator"].astype("float64")
        rate = per * shown["numerator"].astype("float64") / denominator.where(denominator > 0)
        rate = rate.where(recorded)
    small = (numerator < rule.withheld_under) & (per >= rule.only_per_at_least)
    if rule.fine_denominator:
        step = per * np.where(exact["denominator"] >= rule.fine_denominator, 0.001, 0.01)
        rate = (rate / step).round() * step
    rate = rate.mask(small)
    withheld.add(recorded & small, name, rule.withheld_mark, "too few events for a rate")
    behind = recorded & rate.isna() & ~small
    withheld.add(behind, name, WITHHELD_MARK, "a count behind the rate is withheld")
    unreliable = rate.notna() & (numerator < rule.unreliable_under)
    flags.add(unreliable, name, rule.unreliable_mark, "the rate rests on few events")
    return rate


def _rate_constant(exact: pd.DataFrame, name: str) -> pd.Series | None:
    """Return the constant of each row's rate (per 1 000 …), or None if it is no plain rate.

    Found from the exact values, by indicator where there are several, so that a rate that was
    standardised or smoothed is never taken for one that counts can reproduce.
    """
    events = exact["numerator"].astype("float64")
    constant = exact[name] * exact["denominator"] / events.where(events > 0)
    groups = exact["indicator"] if "indicator" in exact.columns else pd.Series("", exact.index)
    middle = constant.groupby(groups, dropna=False).transform("median")
    if ((constant - middle).abs() > _SAME_CONSTANT * middle.abs()).any():
        return None
    zero_elsewhere = (events == 0) & exact[name].notna() & (exact[name] != 0)
    if zero_elsewhere.any():
        return None
    # Where no row has an event, every rate is zero and any constant reproduces it; the largest
    # usual one makes the rule for rare events apply.
    return middle.fillna(1000.0)


def _withhold_means(
    exact: pd.DataFrame, shown: pd.DataFrame, mean_needs: int, withheld: _Marks
) -> None:
    for name in (column for column in MEAN_COLUMNS if column in exact.columns):
        if "n" in exact.columns:
            few = ~(exact["n"].astype("float64") >= mean_needs) & exact[name].notna()
            why = f"a mean or median needs at least {mean_needs} people"
        else:
            few = exact[name].notna()
            why = "the number of people behind the value is not beside it"
        shown[name] = exact[name].mask(few)
        withheld.add(few, name, WITHHELD_MARK, why)


def _withhold_beside_counts(
    exact: pd.DataFrame,
    shown: pd.DataFrame,
    counting: CountRule,
    counts: Sequence[str],
    withheld: _Marks,
) -> None:
    """Intervals and errors of exact counts give the counts away, rounded or not.

    Where a profile rounds, they go from every row: leaving them where rounding happened to
    change nothing would tell that the count is exactly the one shown.
    """
    derived = [name for name in BESIDE_COUNTS if name in exact.columns]
    if not counts and "rate" not in exact.columns:
        return
    hidden = pd.Series(data=not counting.exact, index=exact.index)
    if "rate" in exact.columns:
        hidden |= shown["rate"].isna()
    for name in derived:
        gone = hidden & exact[name].notna()
        shown[name] = exact[name].mask(gone)
        withheld.add(gone, name, WITHHELD_MARK, "it was computed from exact counts")


def _notes(
    withheld: Sequence[tuple[int, str, str, str]], uncovered: Sequence[str]
) -> tuple[str, ...]:
    notes = []
    if withheld:
        reasons = sorted({rule for _, _, _, rule in withheld})
        values = "1 value is" if len(withheld) == 1 else f"{len(withheld)} values are"
        notes.append(f"{values} withheld: {'; '.join(reasons)}.")
    if uncovered:
        notes.append(f"No primary rule covers: {', '.join(uncovered)}.")
    return tuple(notes)
