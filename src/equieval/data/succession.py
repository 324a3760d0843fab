"""Units that merged: one series under the name of the successor, from the beginning.

A trust that takes over another would otherwise seem to grow, and the other to stop. Counts are
added up, never split: before a merger the successor's figure is the sum of everybody who went
into it, and it is missing where one of them is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import pandas as pd

from equieval.data.observations import FIGURES
from equieval.data.periods import parse_period, period_label
from equieval.errors import DataError, did_you_mean
from equieval.protocol.sources import Succession

_KEYS = ["unit", "period", "stratum", "indicator"]
_WHERE = "data.succession"


def follow(
    tables: Mapping[str, pd.DataFrame],
    succession: Sequence[Succession],
    frequency: str,
    *,
    records: Collection[str] = (),
) -> dict[str, pd.DataFrame]:
    """Return the counts of each source with merged units under their last name.

    Parameters
    ----------
    tables : by source: ``unit, period, stratum, indicator, numerator, denominator``.
    succession : who passed into whom, and from which period on.
    frequency : how the periods are labelled.
    records : sources whose counts were made of records, so that a stratum without any is a true
        zero of zero; elsewhere it is missing.

    Returns
    -------
    The tables with the predecessors' rows added up under the last successor. Where a source has
    no figure of one of those that reported at the time, the sum is missing.

    Raises
    ------
    DataError : a unit that the sources do not have, or one that reports on after it went.
    """
    if not succession:
        return dict(tables)
    into = {row.predecessor: row.successor for row in succession}
    went = {row.predecessor: parse_period(row.period, frequency) for row in succession}
    came: dict[str, pd.Period] = {}
    for row in succession:
        earliest = came.get(row.successor, went[row.predecessor])
        came[row.successor] = min(earliest, went[row.predecessor])
    _refuse_unknown(tables.values(), into)
    _refuse_afterlife(tables, went, frequency)
    merged = {*into, *into.values()}
    followed: dict[str, pd.DataFrame] = {}
    for source, table in tables.items():
        concerned = table["unit"].isin(merged)
        rows = table[concerned]
        if source in records:
            rows = _with_empty_strata(rows)
        sums = _added_up(rows, into, went, came)
        followed[source] = pd.concat([table[~concerned], sums], ignore_index=True)
    return followed


def _refuse_unknown(tables: Iterable[pd.DataFrame], into: Mapping[str, str]) -> None:
    known = {str(unit) for table in tables for unit in table["unit"].unique()}
    for unit in into:
        if unit not in known:
            raise DataError(
                f"no source has the unit '{unit}', which is said to have merged",
                where=_WHERE,
                remedy=f"{did_you_mean(unit, known)}; leave out mergers of units that are not "
                "in the data",
            )


def _refuse_afterlife(
    tables: Mapping[str, pd.DataFrame], went: Mapping[str, pd.Period], frequency: str
) -> None:
    """Refuse figures of a unit whose successor reports already: they would count twice."""
    for source, table in tables.items():
        recorded = table[table[FIGURES].notna().any(axis=1)]
        for unit, period in went.items():
            later = recorded[(recorded["unit"] == unit) & (recorded["period"] >= period)]
            if not later.empty:
                last = period_label(later["period"].max(), frequency)
                raise DataError(
                    f"'{unit}' still reports in {last}, though its successor reports from "
                    f"{period_label(period, frequency)} on",
                    where=f"{_WHERE} and source '{source}'",
                    remedy="correct the period of the succession, or take out the rows that the "
                    "successor's figures hold already",
                )


def _with_empty_strata(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the zeros of strata in which a unit has no record, though it has some in others."""
    if rows.empty:
        return rows
    keys = ["unit", "period", "indicator"]
    places = rows.loc[rows[FIGURES].notna().all(axis=1), keys].drop_duplicates()
    grid = places.merge(rows[["indicator", "stratum"]].drop_duplicates(), on="indicator")
    empty = grid.merge(rows[_KEYS], on=_KEYS, how="left", indicator=True)
    empty = empty.loc[empty["_merge"] == "left_only", _KEYS]
    zeros = empty.assign(**dict.fromkeys(FIGURES, 0.0))
    return pd.concat([rows, zeros], ignore_index=True)


def _added_up(
    rows: pd.DataFrame,
    into: Mapping[str, str],
    went: Mapping[str, pd.Period],
    came: Mapping[str, pd.Period],
) -> pd.DataFrame:
    """Return the rows of merged units, added up by their last name."""
    members: dict[str, list[str]] = {}
    for unit in dict.fromkeys([*into, *into.values()]):
        members.setdefault(_last_name(unit, into), []).append(unit)
    sums = [
        _group(rows[rows["unit"].isin(units)], name, units, went, came)
        for name, units in members.items()
    ]
    return pd.concat([part[rows.columns] for part in sums], ignore_index=True)


def _last_name(unit: str, into: Mapping[str, str]) -> str:
    while unit in into:
        unit = into[unit]
    return unit


def _group(
    rows: pd.DataFrame,
    name: str,
    units: Sequence[str],
    went: Mapping[str, pd.Period],
    came: Mapping[str, pd.Period],
) -> pd.DataFrame:
    """Add up the units that became one; what lacks a part of those there at the time is missing.

    A unit is there until it goes. One that others passed into is there from then on, and from
    the beginning where it reports earlier.
    """
    there = rows.groupby(["period", "stratum", "indicator"], sort=False)[FIGURES]
    total = there.sum().reset_index()
    needed = pd.Series(0, index=total.index)
    for unit in units:
        expected = pd.Series(data=True, index=total.index)
        begins = came.get(unit)
        if begins is not None and not (rows.loc[rows["unit"] == unit, "period"] < begins).any():
            expected &= total["period"] >= begins
        if unit in went:
            expected &= total["period"] < went[unit]
        needed += expected.astype(int)
    counted = there.count().reset_index()
    for figure in FIGURES:
        total[figure] = total[figure].where(counted[figure] >= needed)
    return total.assign(unit=name)
