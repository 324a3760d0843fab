"""Which published counts add up to which: the margins of tables that are read together.

A dimension's levels add up in one or more ways: tenths to fifths and to all, months to years,
trusts to their local system, sixteen ethnic groups to five. Two tables that share a margin are
one table to whoever lays them side by side, so relations are drawn over all of them at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from equieval.disclosure.bounds import Relation


@dataclass(frozen=True)
class Hierarchy:
    """How the levels of one dimension add up.

    Attributes
    ----------
    dimension : the coordinate column that holds the levels.
    sums : whole → the ways in which parts make it up; a whole may be made up in several ways.
    """

    dimension: str
    sums: Mapping[str, Sequence[tuple[str, ...]]]

    @classmethod
    def of_groups(cls, dimension: str, group_of: Mapping[str, str], whole: str = "") -> Hierarchy:
        """Return levels that join into groups, and groups that join into a whole.

        >>> Hierarchy.of_groups("unit", {"RA1": "North", "RA2": "North"}, "all").sums["all"]
        [('North',)]
        """
        members: dict[str, list[str]] = {}
        for level, group in group_of.items():
            members.setdefault(group, []).append(level)
        sums = {group: [tuple(levels)] for group, levels in members.items()}
        return cls(dimension, {**sums, whole: [tuple(members)]} if whole else sums)

    @classmethod
    def of_periods(cls, dimension: str, periods: Sequence[pd.Period]) -> Hierarchy:
        """Return how shorter periods add up to the longer ones among them, calendar-wise."""
        labels = {period: str(period) for period in dict.fromkeys(periods)}
        sums: dict[str, list[tuple[str, ...]]] = {}
        for whole, label in labels.items():
            by_frequency: dict[str, list[pd.Period]] = {}
            for part in labels:
                inside = whole.start_time <= part.start_time and part.end_time <= whole.end_time
                if part is not whole and inside:
                    by_frequency.setdefault(part.freqstr, []).append(part)
            ways = [
                tuple(labels[part] for part in sorted(parts, key=lambda p: p.start_time))
                for frequency, parts in by_frequency.items()
                if len(parts)
                == len(pd.period_range(whole.start_time, whole.end_time, freq=frequency))
            ]
            if ways:
                sums[label] = ways
        return cls(dimension, sums)


def relations(cells: pd.DataFrame, hierarchies: Sequence[Hierarchy]) -> Iterator[Relation]:
    """Yield every sum that holds between cells.

    Parameters
    ----------
    cells : one row per cell, coordinate columns only; rows must be unique.
    hierarchies : for some of the columns. A whole of which a part is not among the cells gives
        no equation: list counts that are not published too, or the whole must not be.
    """
    columns = list(cells.columns)
    position = {row: place for place, row in enumerate(cells.itertuples(index=False, name=None))}
    for hierarchy in hierarchies:
        axis = columns.index(hierarchy.dimension)
        for row, place in position.items():
            for way in hierarchy.sums.get(row[axis], ()):
                parts = [position.get((*row[:axis], level, *row[axis + 1 :])) for level in way]
                known = tuple(part for part in parts if part is not None)
                if len(known) == len(parts):
                    yield Relation(place, known)
