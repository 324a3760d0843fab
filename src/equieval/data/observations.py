"""The canonical table: what was observed, by unit, period, stratum and indicator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from equieval.data.coding import ALL
from equieval.data.periods import pandas_frequency, period_label
from equieval.disclosure.protect import MARK, RateRule
from equieval.disclosure.suppression import WITHHELD_MARK
from equieval.errors import DataError, did_you_mean
from equieval.protocol.indicators import indicator as catalogued

FIGURES = ["numerator", "denominator"]

_PER_QUINTILE = 2
_QUINTILES = 5


@dataclass(frozen=True)
class SourceRecord:
    """What is kept of a source: who published it, under which terms, and its fingerprint.

    Attributes
    ----------
    id, title, publisher, edition, licence : as the parameters name them.
    status : ``final``, ``provisional`` or ``mixed``.
    open : whether anyone may have the data.
    digest : ``sha256:…`` for open data, ``hmac-sha256:…`` otherwise.
    rows : number of rows read; None for private records, where it is a count of people.
    path : file, relative to the project's folder.
    """

    id: str
    title: str
    publisher: str
    edition: str
    licence: str
    status: str
    open: bool
    digest: str
    rows: int | None
    path: str


@dataclass(frozen=True)
class Gap:
    """A period inside a unit's series of an indicator for which nothing is recorded."""

    indicator: str
    unit: str
    period: pd.Period


@dataclass(frozen=True, eq=False)
class Protection:
    """What a disclosure profile did to observations.

    Attributes
    ----------
    profile : its id.
    withheld : ``unit, period, stratum, indicator``: cells of which a count is withheld.
    rounded : whether counts that are shown are not the exact ones.
    rates : cells with too few events for a rate, where their counts are shown nevertheless: they
        are marked, and kept from everything that is computed.
    """

    profile: str
    withheld: pd.DataFrame
    rounded: bool = True
    rates: RateRule = field(default_factory=RateRule)

    def marks(self, cells: pd.DataFrame, indicator: str) -> pd.Series:
        """Return what stands in place of, or beside, the rate of each cell; empty where nothing.

        ``cells`` has ``unit, period, numerator``, and ``stratum`` unless it is of all strata
        together: those are withheld where their counts are missing and any count is withheld.
        """
        keys = ["unit", "period", *(["stratum"] if "stratum" in cells else [])]
        kept_back = self.withheld.loc[self.withheld["indicator"] == indicator, keys]
        places = pd.MultiIndex.from_frame(cells[keys].astype(str))
        hidden = places.isin(pd.MultiIndex.from_frame(kept_back.astype(str)))
        missing = cells[FIGURES].isna().any(axis=1)
        return self.rates.marks(cells["numerator"]).mask(hidden & missing, WITHHELD_MARK)

    def joined(self, group_of: Mapping[str, str]) -> Protection:
        """Return what it is for strata that are joined: a part withheld withholds the whole."""
        joined = self.withheld["stratum"].replace(dict(group_of))
        return replace(self, withheld=self.withheld.assign(stratum=joined).drop_duplicates())


@dataclass(frozen=True, eq=False)
class Observations:
    """Counts on a complete grid of periods and strata; what is missing is NaN, never zero.

    Attributes
    ----------
    table : ``unit, period, <dimension>, indicator, numerator, denominator``, one row per
        unit, period, stratum and indicator; ``period`` is of pandas' Period type, counts
        are float64. The stratum ``all`` is a published total.
    dimension : id of the dimension, which names its column.
    levels : its levels, most deprived or disadvantaged first, whatever their numbers.
    missing_levels : codes of strata that are not known; kept as rows, never ranked.
    direction : what level 1 means in the source; None where levels are not numbers.
    frequency : ``month``, ``quarter``, ``year`` or ``financial-year``.
    sources : where the counts come from.
    gaps : periods inside a series for which nothing is recorded.
    provenance : ``indicator, unit, period, source``: which source gave which period of a unit.
    protection : what a disclosure profile did to the counts; None where they are as recorded.
    """

    table: pd.DataFrame
    dimension: str
    levels: tuple[str, ...]
    frequency: str
    sources: tuple[SourceRecord, ...]
    missing_levels: tuple[str, ...] = ()
    direction: str | None = None
    gaps: tuple[Gap, ...] = ()
    provenance: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["indicator", "unit", "period", "source"])
    )
    protection: Protection | None = None

    @property
    def indicators(self) -> tuple[str, ...]:
        """The indicators that the sources give, in their order."""
        return tuple(self.table["indicator"].unique())

    @property
    def units(self) -> tuple[str, ...]:
        """The units, in the order of their names."""
        return tuple(sorted(self.table["unit"].unique()))

    def label(self, period: pd.Period) -> str:
        """Return a period as the parameters write it (``2019``, ``2019-04``, ``2019/20``)."""
        return period_label(period, self.frequency)

    def periods(self, indicator: str) -> pd.PeriodIndex:
        """Return the periods from an indicator's first recorded one to its last, with gaps.

        A period is recorded when any unit has both counts in any stratum.
        """
        rows = self._rows(indicator)
        recorded = rows.loc[rows[FIGURES].notna().all(axis=1), "period"]
        if recorded.empty:
            return pd.PeriodIndex([], freq=pandas_frequency(self.frequency))
        return pd.period_range(recorded.min(), recorded.max())

    def strata(
        self, indicator: str, *, missing_levels: bool = False, counts: bool = False
    ) -> pd.DataFrame:
        """Return the counts and rates of each stratum, most deprived first.

        Parameters
        ----------
        indicator : id of the indicator.
        missing_levels : whether the strata that are not known follow the levels.
        counts : whether events that are too few for a rate are given too, where the disclosure
            profile shows them: to be shown, never to be computed from.

        Returns
        -------
        ``unit, period, stratum, numerator, denominator, rate``: every unit, period and
        level that the sources cover, in that order; ``rate`` in the indicator's own unit.
        Protected observations have ``mark`` too: what stands in place of the rate (``*`` or
        ``[x]``) or beside it (``[u]``).

        Raises
        ------
        DataError : there is no such indicator, or it is published in total only.
        """
        wanted = self.levels + (self.missing_levels if missing_levels else ())
        rows = self._rows(indicator)
        rows = rows[rows[self.dimension].isin(wanted)]
        if rows.empty:
            raise DataError(
                f"{indicator} is there in total only, not by {self.dimension}",
                where=", ".join(source.path for source in self.sources),
                remedy=f"name a source that has it by {self.dimension}",
            )
        cells = rows.rename(columns={self.dimension: "stratum"})
        return self._rated(cells[["unit", "period", "stratum", *FIGURES]], indicator, counts)

    def overall(self, indicator: str, *, counts: bool = False) -> pd.DataFrame:
        """Return the counts and rate of all strata together.

        The published total is taken where both of its counts are there; otherwise the
        sum of all strata, those not known included, where it is complete. ``counts`` as in
        `strata`.

        Returns
        -------
        ``unit, period, numerator, denominator, rate``, and ``mark`` as in `strata`.

        Raises
        ------
        DataError : there is no such indicator.
        """
        rows = self._rows(indicator)
        is_total = rows[self.dimension] == ALL
        keys = ["unit", "period"]
        strata = rows[~is_total].groupby(keys)[FIGURES]
        # The grid is complete, so fewer counts than strata means that one is missing.
        sums = strata.sum(min_count=rows.loc[~is_total, self.dimension].nunique())
        totals = rows[is_total].set_index(keys)[FIGURES]
        overall = totals.reindex(rows.set_index(keys).index.unique())
        from_strata = sums.reindex(overall.index)
        better = overall.isna().any(axis=1) & from_strata.notna().all(axis=1)
        overall = overall.mask(better, from_strata)
        return self._rated(overall.reset_index(), indicator, counts)

    def grouped(self, grouping: str) -> Observations:
        """Return the observations with their levels joined; what joins a missing is missing.

        Parameters
        ----------
        grouping : ``quintiles`` joins ten levels two by two from the most deprived on;
            ``none`` leaves them. Quintiles are numbered in the direction of the source.

        Raises
        ------
        DataError : the levels are not ten, or the grouping is unknown.
        """
        if grouping == "none":
            return self
        if grouping != "quintiles":
            raise DataError(
                f"'{grouping}' is no way to join levels",
                where="equity.grouping",
                remedy=did_you_mean(grouping, ["none", "quintiles"]),
            )
        if len(self.levels) != _PER_QUINTILE * _QUINTILES:
            raise DataError(
                f"{self.dimension} has {len(self.levels)} levels, not ten",
                where="equity.grouping",
                remedy="quintiles are joined from deciles; set grouping: none",
            )
        quintiles = [str(number) for number in range(1, _QUINTILES + 1)]
        if self.direction == "1-is-least-deprived":
            quintiles.reverse()
        quintile_of = {
            level: quintiles[place // _PER_QUINTILE] for place, level in enumerate(self.levels)
        }
        return self._joined(quintile_of, tuple(quintiles))

    def _joined(self, group_of: Mapping[str, str], groups: tuple[str, ...]) -> Observations:
        """Join levels into groups of equal numbers of levels."""
        dimension = self.dimension.replace("decile", "quintile")
        joins = self.table[self.dimension].isin(group_of)
        table = self.table.assign(
            **{self.dimension: self.table[self.dimension].replace(dict(group_of))}
        ).rename(columns={self.dimension: dimension})
        keys = ["unit", "period", dimension, "indicator"]
        joined = (
            table[joins]
            .groupby(keys, sort=False)[FIGURES]
            .sum(min_count=len(group_of) // len(groups))
            .reset_index()
        )
        others = table[~joins]
        strata = (*groups, *self.missing_levels, ALL)
        return replace(
            self,
            table=in_order(
                pd.concat([joined, others], ignore_index=True),
                dimension,
                strata,
                self.indicators,
            ),
            dimension=dimension,
            levels=groups,
            protection=self.protection and self.protection.joined(group_of),
        )

    def _rated(self, rows: pd.DataFrame, indicator: str, counts: bool) -> pd.DataFrame:
        """Add the rate and, under a disclosure profile, its mark."""
        if self.protection is None:
            return _rated(rows, indicator)
        marks = self.protection.marks(rows, indicator).to_numpy()
        few = rows["numerator"] < self.protection.rates.withheld_under
        kept = rows.assign(numerator=rows["numerator"].mask(few))
        rated = _rated(kept, indicator).assign(**{MARK: marks})
        return rated.assign(numerator=rows["numerator"].to_numpy()) if counts else rated

    def _rows(self, indicator: str) -> pd.DataFrame:
        rows = self.table[self.table["indicator"] == indicator]
        if rows.empty:
            raise DataError(
                f"no source gives the indicator '{indicator}'",
                where="data.sources",
                remedy=did_you_mean(indicator, self.indicators),
            )
        return rows


def in_order(
    table: pd.DataFrame, dimension: str, strata: tuple[str, ...], indicators: tuple[str, ...]
) -> pd.DataFrame:
    """Return the canonical table's columns, and its rows in canonical order.

    Indicators in the order of the sources, then units by name, periods, and strata from
    the most deprived to those not known and the total. The order of the rows in a file
    leaves no trace.
    """
    places = {
        dimension: {stratum: place for place, stratum in enumerate(strata)},
        "indicator": {indicator: place for place, indicator in enumerate(indicators)},
    }

    def place(column: pd.Series) -> pd.Series:
        return column.map(places[str(column.name)]) if column.name in places else column

    ordered = table.sort_values(["indicator", "unit", "period", dimension], key=place)
    return ordered[["unit", "period", dimension, "indicator", *FIGURES]].reset_index(drop=True)


def _rated(rows: pd.DataFrame, indicator: str) -> pd.DataFrame:
    """Add the rate; over a denominator of zero there is none."""
    denominator = rows["denominator"].where(rows["denominator"] > 0)
    rate = catalogued(indicator).per * rows["numerator"] / denominator
    return rows.assign(rate=rate).reset_index(drop=True)
