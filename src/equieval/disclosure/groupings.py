"""Counts of the same people in other groups and over other periods, which readers may have too.

Tenths and fifths, sixteen ethnic categories and five groups, months and years: published apart,
each may be safe, and together they are one table. What ties them are the cells that both add up
to: a fifth in a year is two tenths in a year, and twelve months of a fifth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import pandas as pd

from equieval.disclosure.bounds import Relation
from equieval.disclosure.cells import ALL, COORDINATES
from equieval.disclosure.ledger import Entry
from equieval.disclosure.suppression import CountRule

_ORDER = ("M", "Q-DEC", "Y-DEC", "Y-MAR")
_CODES = {
    **dict.fromkeys("ABC", "white"),
    **dict.fromkeys("DEFG", "mixed"),
    **dict.fromkeys("HJKL", "asian"),
    **dict.fromkeys("MNP", "black"),
    **dict.fromkeys("RS", "other"),
}
"""The ethnic categories of the NHS Data Dictionary (the 2001 census's sixteen), by broad group."""


@dataclass(frozen=True)
class Grid:
    """How counts are cut: by which levels of a dimension, and over which periods.

    Attributes
    ----------
    dimension, levels : the dimension's id and its levels.
    frequency : of the periods, as pandas names it (``M``, ``Q-DEC``, ``Y-DEC``, ``Y-MAR``).
    """

    dimension: str
    levels: tuple[str, ...]
    frequency: str


@dataclass(frozen=True)
class Beside:
    """Counts that a version shows beside the present one, cut otherwise.

    Attributes
    ----------
    name : the version, for messages.
    grid : how it cuts them.
    rule : how its profile shows counts.
    find : quantity, unit, period and stratum → what it shows there; None where it has no such
        count.
    """

    name: str
    grid: Grid
    rule: CountRule
    find: Callable[[tuple[str, ...]], Entry | None]


@dataclass(frozen=True)
class Tied:
    """Cells of other versions and of both together, behind the present ones.

    Attributes
    ----------
    cells : `COORDINATES`, ``exact``, ``shown`` (NaN where it is not), ``version`` (whose cell it
        is; empty for one that only joins others), ``place`` of its rule in the versions.
    relations : sums over present cells (by their position) and these (behind them).
    """

    cells: pd.DataFrame
    relations: tuple[Relation, ...]


def joined_levels(one: Grid, other: Grid) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return the groups that both grids add up to: group → levels of the one, of the other.

    >>> tenths = Grid("imd-decile", tuple(map(str, range(1, 11))), "M")
    >>> fifths = Grid("imd-quintile", tuple("12345"), "M")
    >>> joined_levels(tenths, fifths)["2"]
    (('3', '4'), ('2',))
    """
    keys = _keys(one.dimension, other.dimension)
    shared: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {ALL: ((ALL,), (ALL,))}
    if keys is None:
        return shared
    sides = []
    for key_of, grid in zip(keys, (one, other), strict=True):
        members: dict[str, list[str]] = {}
        for level in grid.levels:
            members.setdefault(key_of(level), []).append(level)
        sides.append(members)
    for group in sides[0].keys() & sides[1].keys() - {""}:
        shared[group] = (tuple(sides[0][group]), tuple(sides[1][group]))
    return dict(sorted(shared.items()))


def _keys(one: str, other: str) -> tuple[Callable[[str], str], Callable[[str], str]] | None:
    """Return what each side's levels are filed under, where the two dimensions nest."""
    if one == other:
        return str, str
    ways: dict[tuple[str, str], tuple[Callable[[str], str], Callable[[str], str]]] = {
        ("imd-decile", "imd-quintile"): (_fifth_of_tenth, str),
        ("ethnic-category", "ethnic-group"): (_broad_group, _broad_group),
    }
    if (one, other) in ways:
        return ways[one, other]
    if (other, one) in ways:
        return ways[other, one][::-1]
    return None


def _fifth_of_tenth(level: str) -> str:
    return str((int(level) + 1) // 2) if level.isdigit() else ""


def _broad_group(level: str) -> str:
    """Return the broad ethnic group of a code or a name; empty where it has none.

    >>> _broad_group("H"), _broad_group("Asian or Asian British: Indian"), _broad_group("Z")
    ('asian', 'asian', '')
    """
    if level.upper() in _CODES:
        return _CODES[level.upper()]
    first = level.casefold().replace(":", " ").replace("-", " ").split(" ")[0]
    return first if first in set(_CODES.values()) else ""


def joined_period(one: str, other: str) -> str | None:
    """Return the frequency that both add up to: the longer, where the shorter lies within it.

    >>> joined_period("M", "Y-MAR"), joined_period("Y-DEC", "Y-MAR")
    ('Y-MAR', None)
    """
    if one == other:
        return one
    short, long = sorted((one, other), key=_ORDER.index)
    return None if (short, long) == ("Y-DEC", "Y-MAR") else long


def tied_cells(cells: pd.DataFrame, own: Grid, versions: Sequence[Beside]) -> Tied:
    """Return what other versions show of the same counts, and the sums that tie it to these.

    Parameters
    ----------
    cells : `COORDINATES` and ``exact`` of the present counts, one row each.
    own : how they are cut.
    versions : what readers have beside them.
    """
    positions = {
        row: place
        for place, row in enumerate(cells[list(COORDINATES)].itertuples(index=False, name=None))
    }
    exact = cells["exact"].to_numpy()
    found: dict[tuple[str, ...], int] = {}
    rows: list[tuple[str, str, str, str, float, float, str, int]] = []
    relations: list[Relation] = []

    def add(key: tuple[str, ...], row: tuple[str, ...], value: float, shown: float, n: int) -> int:
        if key not in found:
            found[key] = len(positions) + len(rows)
            version = versions[n].name if n >= 0 else ""
            rows.append((row[0], row[1], row[2], row[3], value, shown, version, n))
        return found[key]

    for number, version in enumerate(versions):
        for join, ours, theirs in _joins(cells, own, version.grid):
            mine = [positions.get(row) for row in ours]
            entries = [(row, version.find(row)) for row in theirs]
            if any(place is None for place in mine) or any(e is None for _, e in entries):
                continue
            parts = tuple(place for place in mine if place is not None)
            whole = add(("", *join), join, float(sum(exact[list(parts)])), np.nan, -1)
            relations.append(Relation(whole, parts))
            beside = tuple(
                add((version.name, *row), row, entry.exact, entry.shown, number)
                for row, entry in entries
                if entry is not None
            )
            relations.append(Relation(whole, beside))
        relations += _own_totals(found, version)
    columns = [*COORDINATES, "exact", "shown", "version", "place"]
    return Tied(pd.DataFrame(rows, columns=columns), tuple(relations))


def _own_totals(found: dict[tuple[str, ...], int], version: Beside) -> Iterator[Relation]:
    """Yield the totals of another version over its own levels, where all of them were found."""
    for key, place in found.items():
        name, *row, stratum = key
        if name == version.name and stratum == ALL:
            parts = [found.get((name, *row, level)) for level in version.grid.levels]
            known = tuple(part for part in parts if part is not None)
            if len(known) == len(parts):
                yield Relation(place, known)


def _joins(
    cells: pd.DataFrame, own: Grid, other: Grid
) -> Iterator[tuple[tuple[str, ...], list[tuple[str, ...]], list[tuple[str, ...]]]]:
    """Yield each cell that both grids add up to, with its parts in the one and in the other."""
    frequency = joined_period(own.frequency, other.frequency)
    if frequency is None:
        return
    periods = sorted(set(cells["period"].astype(str)))
    wholes = sorted({_within(period, own.frequency, frequency) for period in periods})
    groups = joined_levels(own, other)
    places = list(dict.fromkeys(zip(cells["quantity"], cells["unit"], strict=True)))
    for (quantity, unit), whole, (group, sides) in product(places, wholes, groups.items()):
        parts: list[list[tuple[str, ...]]] = [
            [
                (quantity, unit, period, level)
                for period in _parts(whole, frequency, grid.frequency)
                for level in levels
            ]
            for grid, levels in zip((own, other), sides, strict=True)
        ]
        join = f"{group} ({own.dimension} and {other.dimension})"
        yield (quantity, unit, f"{whole} ({frequency})", join), parts[0], parts[1]


@cache
def _within(period: str, frequency: str, longer: str) -> str:
    return str(pd.Period(period, freq=frequency).asfreq(longer))


@cache
def _parts(whole: str, frequency: str, shorter: str) -> tuple[str, ...]:
    span = pd.Period(whole, freq=frequency)
    return tuple(
        str(period)
        for period in pd.period_range(
            span.start_time.normalize(), span.end_time.normalize(), freq=shorter
        )
    )
