"""What the sources of an audit report, matched by organisation, period and group.

A source's unit "Trust A (national)" stands for the organisation "Trust A" unless the parameters
say otherwise. Two sources are compared organisation by organisation where they share some;
otherwise for the whole place, where both have all of it. Missing is missing, never zero: what one
of two sources lacks is compared in neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from equieval.data import ALL, Observations, parse_period
from equieval.data.observations import FIGURES
from equieval.errors import DataError, DesignError, did_you_mean
from equieval.protocol import Evaluation
from equieval.protocol.audited import KIND_WORDS, AuditedSource, Tolerances
from equieval.protocol.evaluation import Audit

_REPORTER = re.compile(r"\s*\([^()]*\)\s*$")
_KEYS = ["organisation", "period", "stratum"]
REFERENCE = "_reference"
"""Ending of the columns of the source that another one is held against."""


@dataclass(frozen=True, eq=False)
class Reported:
    """What each source of an audit reports of one outcome.

    Attributes
    ----------
    cells : ``source, organisation, period, stratum, numerator, denominator``: every cell that a
        source means to give; NaN where it is missing. The stratum ``all`` is everybody, those
        of unknown group included.
    sources : as the parameters describe them, in their order.
    reference : id of the source that the others are held against.
    outcome : id of the indicator.
    place : what the organisations make up together.
    levels, missing_levels : the groups, and those that are not known.
    tolerances : what still counts as agreement.
    units : ``unit, source, organisation``: what each unit as written stands for.
    """

    cells: pd.DataFrame
    sources: tuple[AuditedSource, ...]
    reference: str
    outcome: str
    place: str
    levels: tuple[str, ...]
    missing_levels: tuple[str, ...]
    tolerances: Tolerances
    units: pd.DataFrame

    def of(self, source: str) -> pd.DataFrame:
        """Return the cells of one source."""
        return self.cells[self.cells["source"] == source]

    def organisations(self, source: str) -> tuple[str, ...]:
        """Return the organisations that a source reports for."""
        return tuple(dict.fromkeys(self.of(source)["organisation"]))

    def groups(self, source: str) -> tuple[str, ...]:
        """Return the levels that a source gives, unknown ones left out."""
        given = set(self.of(source)["stratum"])
        return tuple(level for level in self.levels if level in given)

    def unknown(self, source: str) -> tuple[str, ...]:
        """Return the levels for people of unknown group that a source has."""
        given = set(self.of(source)["stratum"])
        return tuple(level for level in self.missing_levels if level in given)

    def label(self, source: str) -> str:
        """Return what a source is called: its kind, with its id where two are of one kind."""
        audited = next(one for one in self.sources if one.source == source)
        alike = sum(one.kind == audited.kind for one in self.sources) > 1
        kind = KIND_WORDS[audited.kind]
        return f"{kind} ({source})" if alike else kind

    def counting_everyone(self) -> tuple[str, ...]:
        """Return the sources that mean to count everybody, the reference first."""
        every = [one.source for one in self.sources if one.counts == "everyone"]
        return (self.reference, *(id for id in every if id != self.reference))

    def others(self) -> tuple[AuditedSource, ...]:
        """Return the sources that are held against the reference."""
        return tuple(one for one in self.sources if one.source != self.reference)

    def pooled(self, source: str) -> pd.DataFrame:
        """Return a source's counts over all its complete organisations and periods.

        ``stratum, numerator, denominator``. An organisation's period with a missing group is left
        out whole, so that all groups are of the same places and times.
        """
        return _summed(_complete(self.of(source)), ["stratum"])

    def pooled_by_organisation(self, source: str) -> pd.DataFrame:
        """Return ``organisation, stratum, numerator, denominator``, as `pooled`."""
        return _summed(_complete(self.of(source)), ["organisation", "stratum"])

    def matched(self, source: str, reference: str | None = None) -> pd.DataFrame:
        """Return the cells that two sources share.

        ``organisation, period, stratum, numerator, denominator, numerator_reference,
        denominator_reference``; the organisation is the place where they share none.
        """
        against = self.reference if reference is None else reference
        mine, other = self.of(source), self.of(against)
        shared = set(mine["organisation"]) & set(other["organisation"])
        if shared:
            mine, other = (rows[rows["organisation"].isin(shared)] for rows in (mine, other))
        else:
            mine, other = self._whole(source), self._whole(against)
        pairs = mine[[*_KEYS, *FIGURES]].merge(
            other[[*_KEYS, *FIGURES]], on=_KEYS, suffixes=("", REFERENCE)
        )
        return pairs.dropna().reset_index(drop=True)

    def _whole(self, source: str) -> pd.DataFrame:
        """Return a source's cells for the whole place; none where it lacks a part of it."""
        rows = self.of(source)
        if self.place in set(rows["organisation"]):
            return rows[rows["organisation"] == self.place]
        parts = set(self.cells["organisation"]) - {self.place}
        if set(rows["organisation"]) != parts:
            return rows.iloc[:0]
        sums = rows.groupby(["period", "stratum"])[FIGURES].sum(min_count=len(parts)).reset_index()
        return sums.assign(organisation=self.place, source=source)


def reported(
    evaluation: Evaluation, observations: Observations, outcome: str | None = None
) -> Reported:
    """Match what the sources of an audit report.

    Parameters
    ----------
    evaluation : with the blocks ``data, outcomes, equity, design``; the design is an audit.
    observations : in the groups of the evaluation.
    outcome : id of the indicator; by default the primary one.

    Raises
    ------
    DataError : a source gives no figure, or two sources write the same unit.
    DesignError : the evaluation is no audit, or a source cannot be matched with the reference.
    """
    design = evaluation.design
    if not isinstance(design, Audit):
        raise DesignError(
            f"design '{design.type}' sets no sources side by side",
            where="design.type",
            remedy="set type: audit and list its sources",
        )
    indicator = evaluation.outcomes.primary.indicator if outcome is None else outcome
    frame = observations.table.rename(columns={observations.dimension: "stratum"})
    frame = frame[frame["indicator"] == indicator]
    frame = frame[_in_audit(frame["period"], evaluation, design)]
    giving = set(_giving(evaluation, indicator))
    sources = tuple(one for one in design.sources if one.source in giving)
    units = [_units(one, at, observations, indicator) for at, one in enumerate(sources)]
    cells = [
        _cells(one, at, frame, own, indicator)
        for at, (one, own) in enumerate(zip(sources, units, strict=True))
    ]
    found = Reported(
        cells=pd.concat(cells, ignore_index=True),
        sources=sources,
        reference=design.reference_source,
        outcome=indicator,
        place=design.place,
        levels=observations.levels,
        missing_levels=observations.missing_levels,
        tolerances=design.tolerances,
        units=pd.concat(units, ignore_index=True),
    )
    if design.reference_source in giving:
        for other in found.others():
            _check_match(found, other.source)
    return found


def _giving(evaluation: Evaluation, indicator: str) -> Iterator[str]:
    for source in evaluation.data.sources:
        if indicator in source.indicators:
            yield source.id


def _in_audit(periods: pd.Series, evaluation: Evaluation, design: Audit) -> pd.Series:
    """Whether each period lies between the audit's first period and its horizon."""
    frequency = evaluation.data.frequency
    inside = periods <= parse_period(evaluation.outcomes.primary.horizon, frequency)
    if design.first_period is not None:
        inside &= periods >= parse_period(design.first_period, frequency)
    left_out = [parse_period(label, frequency) for label in design.exclude_periods]
    return inside & ~periods.isin(left_out)


def _units(
    audited: AuditedSource, position: int, observations: Observations, indicator: str
) -> pd.DataFrame:
    """Return what each unit of a source stands for: ``unit, source, organisation``."""
    given = observations.provenance[observations.provenance["indicator"] == indicator]
    units = sorted(set(given.loc[given["source"] == audited.source, "unit"]))
    shared = set(units) & set(given.loc[given["source"] != audited.source, "unit"])
    if shared:
        raise DataError(
            f"the source '{audited.source}' and another one both report as '{min(shared)}'",
            where="data.sources",
            remedy="say in the unit who reports it: 'Trust A (national)'",
        )
    unknown = [unit for unit in audited.organisations if unit not in units]
    if unknown:
        raise DesignError(
            f"the source '{audited.source}' has no unit '{unknown[0]}'",
            where=f"design.sources.{position}.organisations",
            remedy=did_you_mean(unknown[0], units),
        )
    names = [audited.organisations.get(unit) or _REPORTER.sub("", unit) or unit for unit in units]
    return pd.DataFrame({"unit": units, "source": audited.source, "organisation": names}, dtype=str)


def _cells(
    audited: AuditedSource,
    position: int,
    frame: pd.DataFrame,
    units: pd.DataFrame,
    indicator: str,
) -> pd.DataFrame:
    """Return the cells that one source means to give, with what it lacks as NaN."""
    rows = frame[frame["unit"].isin(units["unit"])]
    there = rows[rows[FIGURES].notna().all(axis=1)]
    if there.empty:
        raise DataError(
            f"the source '{audited.source}' has no figure of {indicator} in the audit's periods",
            where=f"design.sources.{position}.source",
            remedy="supply its figures, widen the periods, or take it off the audit",
        )
    strata = [level for level in rows["stratum"].unique() if level in set(there["stratum"])]
    rows = rows[rows["stratum"].isin(strata)]
    cells = pd.concat([rows[rows["stratum"] != ALL], _totals(rows)], ignore_index=True)
    cells = cells.merge(units[["unit", "organisation"]], on="unit")
    # Several units may stand for one organisation; a missing part makes the sum missing.
    sums = cells.groupby(_KEYS, sort=False)[FIGURES].sum(skipna=False).reset_index()
    return sums.assign(source=audited.source)[["source", *_KEYS, *FIGURES]]


def _totals(rows: pd.DataFrame) -> pd.DataFrame:
    """Return everybody by unit and period: the published total, or the sum of all strata."""
    keys = ["unit", "period"]
    parts = rows[rows["stratum"] != ALL]
    every = parts.groupby(keys)[FIGURES].sum(min_count=parts["stratum"].nunique())
    published = rows[rows["stratum"] == ALL].set_index(keys)[FIGURES]
    totals = published.reindex(every.index)
    totals = totals.mask(totals.isna().any(axis=1), every)
    return totals.reset_index().assign(stratum=ALL)


def _complete(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the organisations' periods for which every stratum is there."""
    there = rows.assign(there=rows[FIGURES].notna().all(axis=1))
    whole = there.groupby(["organisation", "period"])["there"].transform("all")
    return rows[whole]


def _summed(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return rows.groupby(keys, sort=False)[FIGURES].sum().reset_index()


def _check_match(found: Reported, source: str) -> None:
    """Refuse a source that has nothing in common with the reference."""
    pairs = found.matched(source)
    if len(pairs):
        return
    mine, other = found.organisations(source), found.organisations(found.reference)
    where = "design.sources"
    if not set(mine) & set(other) and (
        found._whole(source).empty or found._whole(found.reference).empty
    ):
        raise DesignError(
            f"the sources '{source}' and '{found.reference}' cannot be matched: one reports for "
            f"{_few(mine)}, the other for {_few(other)}",
            where=where,
            remedy="say under 'organisations' what each unit stands for, and name the whole under "
            f"design.place ({did_you_mean(mine[0], other)})",
        )
    raise DesignError(
        f"the sources '{source}' and '{found.reference}' have no period in common for which both "
        "have a figure",
        where=where,
        remedy="use editions that overlap, or take the source off the audit",
    )


def _few(names: tuple[str, ...]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
