"""The cells of everything that is published together, and the sums that hold between them.

Beside the counts that are shown there are counts that a reader can form without seeing them: what
a total has beyond its listed parts, those without the event, a column that one denominator has
and another lacks. They are cells too, never published, and protected like the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations

import pandas as pd

from equieval.disclosure.bounds import Relation
from equieval.disclosure.hierarchy import Hierarchy, relations

ALL = "all"
COORDINATES = ("quantity", "unit", "period", "stratum")
_SERIES = ["quantity", "unit", "period"]
_REST = "(not listed)"


@dataclass(frozen=True)
class Grouping:
    """The strata of the counts.

    Attributes
    ----------
    levels : every stratum that is no total, those not known included.
    groups : group → the levels that it joins, where groups are published too.
    """

    levels: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]]

    def hierarchy(self) -> Hierarchy:
        """Return how levels add up to groups and to all."""
        return Hierarchy("stratum", {ALL: self._ways(), **{g: [m] for g, m in self.groups.items()}})

    def _ways(self) -> list[tuple[str, ...]]:
        joined = {level for members in self.groups.values() for level in members}
        others = tuple(level for level in self.levels if level not in joined)
        whole = [(*self.groups, *others, _REST)] if self.groups else []
        return [(*self.levels, _REST), *whole]


@dataclass(frozen=True)
class Quantities:
    """What is counted, and how counts of different things hang together.

    Attributes
    ----------
    columns : quantity → the source's columns that it adds up.
    within : numerator → denominator, by quantity.
    """

    columns: Mapping[str, frozenset[str]]
    within: Mapping[str, str]

    def differences(self) -> Iterator[tuple[str, str, str, bool]]:
        """Yield ``whole, part, rest, complement``: ``rest`` is what ``whole`` has beyond ``part``.

        ``complement`` is true where the rest are those without the event.
        """
        named = {columns: name for name, columns in self.columns.items()}
        for whole, part in permutations(self.columns, 2):
            is_complement = self.within.get(part) == whole
            if self.columns[part] < self.columns[whole]:
                rest = self.columns[whole] - self.columns[part]
                yield whole, part, named.get(rest, quantity_name(rest)), is_complement
            elif is_complement:
                yield whole, part, f"{whole} without {part}", True


def quantity_name(columns: frozenset[str]) -> str:
    """Return the name of the sum of some columns: one name for one count, wherever it is used."""
    return " + ".join(sorted(columns))


def all_cells(counts: pd.DataFrame, grouping: Grouping, quantities: Quantities) -> pd.DataFrame:
    """Return every cell that a reader sees or can form.

    Parameters
    ----------
    counts : `COORDINATES` and ``exact``, one row per count; NaN where a figure is missing.
        The stratum ``all`` is a published total; where there is none it is added up.

    Returns
    -------
    `COORDINATES`, ``exact``, ``published``, ``complement`` (those without the event) and
    ``absent`` (a stratum without a figure beside a total that has one; it counts as nothing).
    """
    wide = counts.set_index(list(COORDINATES))["exact"].unstack("stratum")
    wide = wide.reindex(columns=[*grouping.levels, ALL])
    listed = wide[list(grouping.levels)]
    wide[ALL] = wide[ALL].fillna(listed.sum(axis=1, skipna=False))
    wide[_REST] = (wide[ALL] - listed.sum(axis=1)).clip(lower=0.0)
    for group, levels in grouping.groups.items():
        wide[group] = wide[list(levels)].sum(axis=1, skipna=False)
    cells = _long(wide, "exact")
    cells = cells.assign(published=cells["stratum"] != _REST, complement=False, absent=False)
    gaps = listed.isna().astype("float64").where(wide[ALL].notna())
    absent = _long(gaps, "exact").query("exact == 1")
    absent = absent.assign(exact=0.0, published=False, complement=False, absent=True)
    found = [cells, absent, *_formed(cells, quantities)]
    every = pd.concat(found, ignore_index=True)
    return every.sort_values(list(COORDINATES)).reset_index(drop=True)


def _long(wide: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a frame with a column per stratum as one row per cell that has a value."""
    rows = wide.rename_axis(columns="stratum").reset_index()
    return rows.melt(id_vars=_SERIES, value_name=name).dropna(subset=[name])


def _formed(cells: pd.DataFrame, quantities: Quantities) -> Iterator[pd.DataFrame]:
    """Yield the cells of quantities that nobody publishes and anybody can form."""
    made = set(quantities.columns)
    keys = ["unit", "period", "stratum"]
    for whole, part, rest, complement in quantities.differences():
        if rest in made:
            continue
        made.add(rest)
        left = cells[cells["quantity"] == whole].drop(columns="quantity")
        right = cells.loc[cells["quantity"] == part, [*keys, "exact"]]
        both = left.merge(right, on=keys, suffixes=("", "_part"))
        beyond = (both["exact"] - both["exact_part"]).clip(lower=0.0)
        yield both.assign(
            quantity=rest,
            exact=beyond,
            published=False,
            complement=complement & (both["exact"] > 0),
        ).drop(columns="exact_part")


def all_relations(
    cells: pd.DataFrame, grouping: Grouping, quantities: Quantities
) -> list[Relation]:
    """Return every sum that holds between the cells of `all_cells`."""
    sums: dict[str, list[tuple[str, ...]]] = {}
    for whole, part, rest, _ in quantities.differences():
        ways = sums.setdefault(whole, [])
        if {part, rest} not in [set(way) for way in ways]:
            ways.append((part, rest))
    between = Hierarchy("quantity", sums)
    return list(relations(cells[list(COORDINATES)], [grouping.hierarchy(), between]))


def add_up(
    cells: pd.DataFrame,
    shown: pd.Series,
    grouping: Grouping,
    quantities: Quantities,
    *,
    totals: bool,
) -> tuple[pd.Series, pd.Series]:
    """Return sums as sums of their parts as shown, and which counts are such sums.

    A sum of counts as shown tells nothing beyond them. So a quantity that adds up two others
    (births: live births and stillbirths) is added up, and with ``totals`` groups and totals are
    too. A sum of which a part is withheld, missing or not listed is left as it is.
    """
    places = list(COORDINATES)
    frame = cells[[*places, "exact", "published"]].assign(shown=shown)
    derived = pd.Series(data=False, index=cells.index)
    if totals:
        wide = frame.set_index(places)["shown"].unstack("stratum")
        beyond = frame.set_index(places)["exact"].unstack("stratum")[_REST]
        of_all = wide[list(grouping.levels)].sum(axis=1, skipna=False)
        sums = {ALL: of_all.where(beyond.fillna(0.0) == 0)}
        sums |= {g: wide[list(m)].sum(axis=1, skipna=False) for g, m in grouping.groups.items()}
        frame, derived = _replaced(frame, derived, _long(pd.DataFrame(sums), "sum"))
    for whole, part, rest, _ in quantities.differences():
        if rest in quantities.columns:
            wide = frame.set_index(places)["shown"].unstack("quantity")
            both = (wide[part] + wide[rest]).rename("sum").reset_index().dropna(subset="sum")
            frame, derived = _replaced(frame, derived, both.assign(quantity=whole))
    return frame["shown"], derived


def _replaced(
    frame: pd.DataFrame, derived: pd.Series, sums: pd.DataFrame
) -> tuple[pd.DataFrame, pd.Series]:
    places = list(COORDINATES)
    found = sums.set_index(places)["sum"].reindex(pd.MultiIndex.from_frame(frame[places]))
    values = pd.Series(found.to_numpy(), frame.index).where(frame["published"])
    added = frame.assign(shown=frame["shown"].mask(values.notna(), values))
    return added, derived | values.notna()
