"""The audit: what the data can bear, before anything is estimated from them.

How complete the figures are, whether strata and published totals agree, where the series
breaks, and what would have to be done about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from equieval.data.coding import ALL
from equieval.data.observations import FIGURES, Observations, Protection
from equieval.data.periods import pandas_frequency, parse_period, spans
from equieval.data.supply import EVERY_UNIT, LOW, out_of_line
from equieval.present.periods import period_label
from equieval.protocol import Evaluation
from equieval.protocol.dimensions import dimension
from equieval.protocol.indicators import indicator as catalogued

_MOST_NAMED = 3
MERGED = ""
"""In place of a source: the break is one of organisations, and the counts follow them."""


@dataclass(frozen=True, eq=False)
class Audit:
    """What an audit of the observations found.

    Attributes
    ----------
    completeness : ``unit, period, stratum, indicator, recorded, withheld, numerator,
        denominator``; ``recorded`` is 1 where both counts are there, ``withheld`` is 1 where one
        is not because disclosure control keeps it back. A stratum that another source has and
        the unit's own never gives is not collected there, so it has no row.
    consistency : ``unit, period, indicator, part, total, sum_of_strata, difference``,
        one row for each published total that its strata do not add up to; ``part`` is
        ``numerator`` or ``denominator``, ``difference`` total minus sum.
    compared : how many published totals could be held against their strata.
    missing : ``unit, period, stratum, indicator, part, reason``, one row for each missing
        count that is not withheld; ``reason`` is what the parameters say, or empty.
    breaks : ``period, source, note``: first period after each break; units that merged have no
        source, as their counts are added up throughout.
    actions : further work needed, in words, without a count in them.
    profile : the disclosure profile that the observations were protected under, or empty.
    """

    completeness: pd.DataFrame
    consistency: pd.DataFrame
    compared: int
    missing: pd.DataFrame
    breaks: pd.DataFrame
    actions: tuple[str, ...]
    profile: str = ""


def audit(observations: Observations, evaluation: Evaluation) -> Audit:
    """Audit the observations of an evaluation.

    Parameters
    ----------
    observations : as loaded, before levels are joined.
    evaluation : with the block ``data``, for breaks and the reasons of what is missing.
    """
    rows = _collected(observations)
    protection = observations.protection
    withheld = _withheld(rows, protection)
    completeness = rows.assign(
        recorded=rows[FIGURES].notna().all(axis=1).astype("int64"),
        withheld=withheld.astype("int64"),
    )[["unit", "period", "stratum", "indicator", "recorded", "withheld", *FIGURES]]
    # Rounded totals and rounded strata need not agree, and say nothing of the source.
    exact = rows if protection is None or not protection.rounded else rows.iloc[:0]
    compared, consistency = _consistency(exact)
    missing = _missing(rows[~withheld], evaluation, observations)
    breaks = _breaks(observations, evaluation)
    return Audit(
        completeness=completeness,
        consistency=consistency,
        compared=compared,
        missing=missing,
        breaks=breaks,
        actions=(
            *_few(protection, completeness),
            *_actions(observations, consistency, missing, breaks),
        ),
        profile="" if protection is None else protection.profile,
    )


def _withheld(rows: pd.DataFrame, protection: Protection | None) -> pd.Series:
    """Return which cells lack a count because disclosure control keeps it back."""
    absent = rows[FIGURES].isna().any(axis=1)
    if protection is None:
        return absent & False
    keys = ["unit", "period", "stratum", "indicator"]
    kept_back = pd.MultiIndex.from_frame(protection.withheld[keys].astype(str))
    return absent & pd.MultiIndex.from_frame(rows[keys].astype(str)).isin(kept_back)


def _few(protection: Protection | None, completeness: pd.DataFrame) -> Iterator[str]:
    """Say which indicators lose cells to disclosure control, and what would help."""
    if protection is None:
        return
    for indicator, cells in completeness.groupby("indicator", sort=False):
        fewest = protection.rates.withheld_under
        lost = (cells["withheld"] == 1) | (cells["numerator"] < fewest)
        if lost.any():
            yield (
                f"Use fewer groups or longer periods for {catalogued(str(indicator)).in_text}: "
                f"under the disclosure profile '{protection.profile}' "
                f"{share_words(float(lost.mean()), 'cells')} have no rate, those with few events "
                "first, and measures and models are without them."
            )


def share_words(share: float, of: str) -> str:
    """Return a share in words from which no count follows.

    >>> share_words(0.124, "cells"), share_words(0.002, "counts")
    ('about 12% of cells', 'under 1% of counts')
    """
    return f"under 1% of {of}" if share < 0.01 else f"about {100 * share:.0f}% of {of}"


def _collected(observations: Observations) -> pd.DataFrame:
    """Return the rows without the strata that another source has and the unit's own never gives."""
    rows = observations.table.rename(columns={observations.dimension: "stratum"})
    giving = observations.provenance[["indicator", "unit", "source"]].drop_duplicates()
    there = rows.loc[rows[FIGURES].notna().all(axis=1), ["indicator", "unit", "stratum"]]
    by_source = there.drop_duplicates().merge(giving, on=["indicator", "unit"])
    by_source = by_source[["indicator", "source", "stratum"]].drop_duplicates()
    own = pd.MultiIndex.from_frame(
        giving.merge(by_source, on=["indicator", "source"])[["indicator", "unit", "stratum"]]
    )
    anywhere = pd.MultiIndex.from_frame(by_source[["indicator", "stratum"]])
    here = pd.MultiIndex.from_frame(rows[["indicator", "unit", "stratum"]])
    elsewhere = pd.MultiIndex.from_frame(rows[["indicator", "stratum"]]).isin(anywhere)
    return rows[here.isin(own) | ~elsewhere].reset_index(drop=True)


def _consistency(rows: pd.DataFrame) -> tuple[int, pd.DataFrame]:
    """Hold published totals against the sum of their strata, where all of these are there."""
    keys = ["unit", "period", "indicator"]
    parts = rows.melt([*keys, "stratum"], value_vars=FIGURES, var_name="part", value_name="count")
    is_total = parts["stratum"] == ALL
    totals = parts[is_total].set_index([*keys, "part"])["count"].rename("total")
    strata = parts[~is_total].groupby([*keys, "part"])["count"]
    complete = strata.count() == strata.size()
    sums = strata.sum()[complete].rename("sum_of_strata")
    both = pd.concat([totals.dropna(), sums], axis=1, join="inner")
    both["difference"] = both["total"] - both["sum_of_strata"]
    disagree = both[both["difference"] != 0].reset_index()
    return len(both), disagree.sort_values(["indicator", "unit", "period"], ignore_index=True)


def _missing(
    rows: pd.DataFrame, evaluation: Evaluation, observations: Observations
) -> pd.DataFrame:
    """List every missing count with the reason that the parameters give for its source."""
    parts = rows.melt(
        ["unit", "period", "stratum", "indicator"],
        value_vars=FIGURES,
        var_name="part",
        value_name="count",
    )
    absent = parts[parts["count"].isna()].drop(columns="count").reset_index(drop=True)
    reasons = {
        (source.id, indicator, parse_period(label, observations.frequency)): reason
        for source in evaluation.data.sources
        for indicator, by_period in source.missing_because.items()
        for label, reason in by_period.items()
    }
    giving: dict[tuple[str, str], list[str]] = {}
    for row in observations.provenance.drop_duplicates(
        ["indicator", "unit", "source"]
    ).itertuples():
        giving.setdefault((str(row.indicator), str(row.unit)), []).append(str(row.source))
    every = [source.id for source in evaluation.data.sources]
    said = [
        next(
            (
                reasons[source, indicator, period]
                for source in giving.get((indicator, unit), every)
                if (source, indicator, period) in reasons
            ),
            "",
        )
        for indicator, unit, period in zip(
            absent["indicator"], absent["unit"], absent["period"], strict=True
        )
    ]
    return absent.assign(reason=pd.Series(said, dtype="str"))


def _breaks(observations: Observations, evaluation: Evaluation) -> pd.DataFrame:
    """List the breaks that the parameters name, those where the source changes, and mergers."""
    found = [
        (parse_period(known.period, observations.frequency), source.id, known.note)
        for source in evaluation.data.sources
        for known in source.breaks
    ]
    series = observations.provenance.groupby(["indicator", "unit"], sort=False)
    former = series["source"].shift()
    changes = observations.provenance[
        former.notna() & (observations.provenance["source"] != former)
    ]
    for _, change in changes.drop_duplicates(["indicator", "period", "source"]).iterrows():
        note = f"{catalogued(str(change['indicator'])).name} comes from another source from here on"
        found.append((change["period"], str(change["source"]), note))
    for row in evaluation.data.succession:
        note = (
            f"{row.predecessor} reports as {row.successor} from here on; their counts are added "
            "up throughout"
        )
        found.append((parse_period(row.period, observations.frequency), MERGED, note))
    frequency = pandas_frequency(observations.frequency)
    return pd.DataFrame(
        {
            "period": pd.PeriodIndex([period for period, _, _ in found], freq=frequency),
            "source": pd.Series([source for _, source, _ in found], dtype="str"),
            "note": pd.Series([note for _, _, note in found], dtype="str"),
        }
    ).sort_values(["period", "source"], ignore_index=True)


def _actions(
    observations: Observations,
    consistency: pd.DataFrame,
    missing: pd.DataFrame,
    breaks: pd.DataFrame,
) -> Iterator[str]:
    """Say what the findings ask for. Counts stay out: words pass no disclosure profile."""
    several = len(observations.units) > 1
    coded = f"groups ({dimension(observations.dimension).label})"
    gaps = pd.DataFrame(
        [(gap.indicator, gap.unit, gap.period) for gap in observations.gaps],
        columns=["indicator", "unit", "period"],
    )
    for indicator in observations.indicators:
        name = catalogued(indicator).in_text
        absent = missing[missing["indicator"] == indicator]
        explained = pd.MultiIndex.from_frame(
            absent.loc[absent["reason"] != "", ["unit", "period"]].drop_duplicates()
        )
        inside = gaps[gaps["indicator"] == indicator]
        inside = inside[~pd.MultiIndex.from_frame(inside[["unit", "period"]]).isin(explained)]
        for when, units in alike(inside):
            where = f" of {of_units(units)}" if several else ""
            yield f"Obtain {name}{where} for {when}: the series has a gap there."
        known = pd.MultiIndex.from_frame(inside[["unit", "period"]])
        absent = absent[~pd.MultiIndex.from_frame(absent[["unit", "period"]]).isin(known)]
        for reason, rows in absent.groupby("reason"):
            for when, units in alike(rows):
                where = f" of {of_units(units)}" if several else ""
                figures = f"figures of {name}{where} for {when}"
                if reason:
                    why = str(reason).rstrip(".")
                    yield f"Obtain the {figures}, where there are any; missing because: {why}."
                else:
                    yield f"Obtain the missing {figures}."
        yield from supply_doubts(observations, indicator)
        unequal = consistency.loc[consistency["indicator"] == indicator, "period"]
        if not unequal.empty:
            yield (
                f"Ask why the strata of {name} do not add up to the published total in "
                f"{spans(unequal)}."
            )
        if observations.missing_levels and _has_unplaced(observations, indicator):
            yield (
                f"Improve the coding of {coded}: part of {name} is not placed in any of its levels."
            )
    unmended = breaks[breaks["source"] != MERGED]
    for period, note in zip(unmended["period"], unmended["note"], strict=True):
        when = period_label(period)
        yield f"Check definitions on both sides of the break at {when}: {str(note).rstrip('.')}."
    for source in observations.sources:
        if source.status != "final":
            yield (
                f"Run again when the final figures of “{source.title}” are out: those used are "
                f"{'partly ' if source.status == 'mixed' else ''}provisional."
            )


def supply_doubts(observations: Observations, indicator: str) -> Iterator[str]:
    """Ask after periods whose counts are far out of line with those around them, in sentences."""
    name, several = catalogued(indicator).in_text, len(observations.units) > 1
    for side, rows in out_of_line(observations, indicator).groupby("side", sort=False):
        than = "far below" if side == LOW else "far above"
        likely = "a gap in supply, since missing is not zero" if side == LOW else "counted twice"
        every = rows["unit"] == EVERY_UNIT
        for when, units in (*alike(rows[every]), *alike(rows[~every])):
            where = f" of {of_units(units) if units != (EVERY_UNIT,) else 'all units'}"
            yield (
                f"Ask whether the figures of {name}{where if several else ''} for {when} are "
                f"right: counts are {than} those of the periods around (likely {likely})."
            )


def alike(rows: pd.DataFrame) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the periods of rows in words, with the units that they are the same for."""
    periods: dict[str, list[str]] = {}
    for unit, cells in rows.groupby("unit"):
        periods.setdefault(spans(cells["period"]), []).append(str(unit))
    for when, units in periods.items():
        yield when, tuple(units)


def of_units(units: tuple[str, ...]) -> str:
    """Return units in words: ``A and B``; more than three are counted."""
    if len(units) > _MOST_NAMED:
        return f"{len(units)} units"
    *others, last = units
    return f"{', '.join(others)} and {last}" if others else last


def _has_unplaced(observations: Observations, indicator: str) -> bool:
    """Whether any of an indicator's denominator lies in a stratum that is not known."""
    table = observations.table
    unplaced = table[observations.dimension].isin(observations.missing_levels)
    return bool((table.loc[unplaced & (table["indicator"] == indicator), "denominator"] > 0).any())
