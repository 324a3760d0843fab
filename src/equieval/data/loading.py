"""From the sources of an evaluation to its observations."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from equieval.data.coding import ALL, Coding
from equieval.data.counts import Counted, count_source
from equieval.data.digests import file_digest, text_digest
from equieval.data.observations import FIGURES, Gap, Observations, SourceRecord, in_order
from equieval.data.periods import period_label
from equieval.data.sources import source_path
from equieval.data.succession import follow
from equieval.errors import DataError, did_you_mean
from equieval.protocol import Evaluation
from equieval.protocol.sources import Source

_KEYS = ["indicator", "unit", "period", "stratum"]


def load_observations(evaluation: Evaluation, root: Path) -> Observations:
    """Read, check and count all sources of an evaluation.

    Reads the blocks ``data``, ``equity`` and ``design`` (for the unit of sources that
    have no column for it). Levels are those of the source; the study joins them by
    `Observations.grouped` where ``equity.grouping`` asks for it. Units that merged are followed
    under their last name.

    Parameters
    ----------
    evaluation : the validated evaluation.
    root : the project's folder, where the sources' paths start.

    Raises
    ------
    DataError : a source cannot be used; the message names file, row, column and value.
    """
    coding = _coding(evaluation)
    sources = evaluation.data.sources
    counted = {source.id: count_source(source, coding, root) for source in sources}
    records = [source.id for source in sources if source.level == "record"]
    tables = follow(
        {id: found.table for id, found in counted.items()},
        evaluation.data.succession,
        coding.frequency,
        records=records,
    )
    _check_one_source_each(tables, coding)
    indicators = tuple(dict.fromkeys(name for source in sources for name in source.indicators))
    enumerated = [tables[id] for id in records]
    rows = pd.concat(list(tables.values()), ignore_index=True)
    filled = pd.concat(
        [
            _complete(rows[rows["indicator"] == name], _recorded_places(enumerated, name), coding)
            for name in indicators
        ],
        ignore_index=True,
    )
    table = in_order(
        filled.rename(columns={"stratum": coding.dimension}),
        coding.dimension,
        (*coding.levels, *coding.missing_levels, ALL),
        indicators,
    )
    return Observations(
        table=table,
        dimension=coding.dimension,
        levels=coding.levels,
        frequency=coding.frequency,
        sources=tuple(_record(source, counted[source.id], coding, root) for source in sources),
        missing_levels=coding.missing_levels,
        direction=evaluation.equity.direction,
        gaps=_gaps(table),
        provenance=_provenance(tables),
    )


def _coding(evaluation: Evaluation) -> Coding:
    equity = evaluation.equity
    return Coding(
        dimension=equity.dimension,
        levels=tuple(equity.levels),
        missing_levels=tuple(equity.missing_levels),
        frequency=evaluation.data.frequency,
        unit=evaluation.design.unit,
    )


def _check_one_source_each(tables: dict[str, pd.DataFrame], coding: Coding) -> None:
    """Refuse a figure that two sources give: which of them is meant cannot be known."""
    rows = pd.concat([table.assign(source=id) for id, table in tables.items()], ignore_index=True)
    twice = rows[rows.duplicated(_KEYS, keep=False)].sort_values(_KEYS)
    if not twice.empty:
        first = twice.iloc[0]
        same = twice[(twice[_KEYS] == first[_KEYS]).all(axis=1)]
        sources = " and ".join(f"'{id}'" for id in same["source"])
        period = period_label(first["period"], coding.frequency)
        number = int(rows.duplicated(_KEYS).sum())
        raise DataError(
            f"the sources {sources} both give {first['indicator']}: {number} figures twice, "
            f"the first for {first['unit']}, {period}, {first['stratum']}",
            where="data.sources",
            remedy="let each period of an indicator come from one source; where an audit sets "
            "sources side by side, say in the unit who reports it: 'Trust A (national)'",
        )


def _recorded_places(enumerated: list[pd.DataFrame], indicator: str) -> pd.MultiIndex:
    """Return the units and periods in which records of an indicator were counted."""
    places = [
        table.loc[
            (table["indicator"] == indicator) & table[FIGURES].notna().all(axis=1),
            ["unit", "period"],
        ]
        for table in enumerated
    ]
    if not places:
        return pd.MultiIndex.from_arrays([[], []], names=["unit", "period"])
    return pd.MultiIndex.from_frame(pd.concat(places).drop_duplicates())


def _complete(rows: pd.DataFrame, recorded: pd.MultiIndex, coding: Coding) -> pd.DataFrame:
    """Return one indicator's rows on the grid of its units, periods and strata.

    A stratum that an aggregated source leaves out is missing. A stratum without records,
    where records of the unit and period were counted, is a true zero of zero.
    """
    indicator = str(rows["indicator"].iloc[0])
    present = set(rows["stratum"])
    by_level = bool(present - {ALL})
    absent_levels = [level for level in coding.levels if level not in present]
    if by_level and absent_levels and recorded.empty:
        known = sorted(present - {ALL})
        raise DataError(
            f"no row of {indicator} is of {coding.dimension} "
            + ", ".join(f"'{level}'" for level in absent_levels),
            where="equity.levels",
            remedy=did_you_mean(absent_levels[0], known) + "; list the levels of the data",
        )
    strata = [
        *(coding.levels if by_level else ()),
        *(level for level in coding.missing_levels if level in present),
        *([ALL] if ALL in present else ()),
    ]
    grid = pd.MultiIndex.from_product(
        [
            sorted(rows["unit"].unique()),
            pd.period_range(rows["period"].min(), rows["period"].max()),
            strata,
        ],
        names=["unit", "period", "stratum"],
    )
    given = rows.set_index(["unit", "period", "stratum"])[FIGURES]
    filled = given.reindex(grid)
    truly_none = ~grid.isin(given.index) & grid.droplevel("stratum").isin(recorded)
    truly_none &= grid.get_level_values("stratum") != ALL
    filled.loc[truly_none, FIGURES] = 0.0
    return filled.reset_index().assign(indicator=indicator)


def _gaps(table: pd.DataFrame) -> tuple[Gap, ...]:
    """Return the periods inside each unit's series for which nothing is recorded."""
    recorded = (
        table.assign(recorded=table[FIGURES].notna().all(axis=1))
        .groupby(["indicator", "unit", "period"], sort=False)["recorded"]
        .any()
        .reset_index()
    )
    gaps: list[Gap] = []
    for (indicator, unit), series in recorded.groupby(["indicator", "unit"], sort=False):
        there = series.loc[series["recorded"], "period"]
        if there.empty:
            continue
        inside = (series["period"] > there.min()) & (series["period"] < there.max())
        for period in series.loc[inside & ~series["recorded"], "period"]:
            gaps.append(Gap(str(indicator), str(unit), period))
    return tuple(gaps)


def _provenance(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return which source gave which period of which unit and indicator."""
    keys = ["indicator", "unit", "period"]
    given = [
        table.loc[table[FIGURES].notna().any(axis=1), keys].drop_duplicates().assign(source=id)
        for id, table in tables.items()
    ]
    together = pd.concat(given, ignore_index=True)
    return together.sort_values([*keys, "source"], ignore_index=True)


def _record(source: Source, counted: Counted, coding: Coding, root: Path) -> SourceRecord:
    private_records = source.level == "record" and not source.open
    return SourceRecord(
        id=source.id,
        title=source.title,
        publisher=source.publisher,
        edition=source.edition,
        licence=source.licence,
        status=source.status,
        open=source.open,
        digest=_digest(source, counted, coding, root),
        rows=None if private_records else counted.rows,
        path=source.path,
    )


def _digest(source: Source, counted: Counted, coding: Coding, root: Path) -> str:
    """Fingerprint a file by its bytes, and a database by its counts in canonical order."""
    if source.format != "sql":
        return file_digest(source_path(source, root), open_data=source.open, root=root)
    ordered = counted.table.sort_values(_KEYS)
    labels = [period_label(period, coding.frequency) for period in ordered["period"]]
    text = ordered.assign(period=labels).to_csv(index=False, lineterminator="\n")
    return text_digest(text, open_data=source.open, root=root)
