"""How unequal an outcome is between groups, by each source of an audit, and what could be.

Rates and inequality measures come from each source by itself, over the organisations and periods
for which it gives every group. The protocol's reference source carries the primary estimand.
Where a source shows people of unknown group, bounds say what the gap could be if they differ from
those known (`equieval.methods.missing_groups`).
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from equieval.data import ALL, Observations
from equieval.errors import DesignError
from equieval.methods.inequality import measures
from equieval.methods.missing_groups import missing_group_bounds, plausibility_needed
from equieval.methods.proportions import wilson
from equieval.methods.reference import against_reference
from equieval.protocol import Evaluation, indicator
from equieval.study.analysis import CI_LEVEL, Analysis
from equieval.study.audit_reported import Reported, reported
from equieval.study.audit_rows import PLAUSIBILITY, ids, slug, taken, with_cells
from equieval.study.missing_bounds import bound_row, factor_word, needed_once, needed_row

PAGE = "inequality"
PLAUSIBILITIES = (1.0, 1.5, PLAUSIBILITY, 3.0, math.inf)
"""How unlike those known the people of unknown group may be, as factors; infinity is anything."""

SAMPLING = "sampling of people, binomial"
BOUNDED = (
    "bounds widened by the Wilson limits of all counts (MOVER); the estimate is among those known"
)


def inequality(evaluation: Evaluation, observations: Observations) -> Analysis:
    """Measure the inequality between groups in each source, for every outcome.

    Frames, of the primary outcome: ``rates, measures, bounds, by_organisation`` as the functions
    below return them.

    Raises
    ------
    DataError, DesignError : the sources cannot be matched, or the reference source cannot carry
        the primary measure.
    """
    rows: list[dict[str, Any]] = []
    frames: dict[str, pd.DataFrame] = {}
    for outcome in evaluation.outcomes.indicators:
        found = reported(evaluation, observations, outcome)
        tables = {
            "rates": rates(found),
            "measures": measured(evaluation, found),
            "bounds": bounds(evaluation, found),
            "by_organisation": by_organisation(evaluation, found),
        }
        if not frames:
            _require_primary(evaluation, found, tables["measures"])
        rows += _rows(evaluation, observations, found, tables)
        frames = frames or tables
    return with_cells(rows, frames)


def rates(found: Reported) -> pd.DataFrame:
    """Return each group's rate in each source, with Wilson intervals.

    ``id, source, label, stratum, numerator, denominator, rate, estimate, ci_low, ci_high`` (the
    last two but one the same): the levels, those of
    unknown group, and everybody (``all``; not of samples).
    """
    per = indicator(found.outcome).per
    tables = []
    for source in found.sources:
        counts = found.pooled(source.source)
        wanted = [*found.levels, *found.missing_levels]
        if source.counts == "everyone":
            wanted.append(ALL)
        counts = counts.set_index("stratum")
        counts = counts.reindex([s for s in wanted if s in counts.index]).reset_index()
        interval = wilson(counts["numerator"], counts["denominator"], ci_level=CI_LEVEL, per=per)
        tables.append(
            counts.assign(
                source=source.source,
                label=found.label(source.source),
                id=ids(PAGE, found.outcome, "rate", source.source, counts["stratum"]),
                rate=interval["estimate"],
                estimate=interval["estimate"],
                ci_low=interval["ci_low"],
                ci_high=interval["ci_high"],
            )
        )
    return pd.concat(tables, ignore_index=True)


def measured(evaluation: Evaluation, found: Reported) -> pd.DataFrame:
    """Return the protocol's inequality measures in each source that gives the groups for them.

    ``id, source, label, stratum, measure, scale, estimate, std_error, ci_low, ci_high, method,
    people, events`` (the last two those of the smallest group behind it); positive, or above 1,
    is worse. ``stratum`` is the group compared with the reference group, or
    ``all`` where the groups are ordered. A source without every ordered group, or without the
    reference group, has no row.
    """
    tables = []
    for source in found.sources:
        table = _measures(evaluation, found, found.pooled(source.source))
        names = _measure_ids(found, source.source, table)
        tables.append(
            table.assign(id=names, source=source.source, label=found.label(source.source))
        )
    return pd.concat(tables, ignore_index=True)


def by_organisation(evaluation: Evaluation, found: Reported) -> pd.DataFrame:
    """Return the measures of the reference source by organisation: `measured`, ``organisation``."""
    tables = []
    if found.reference in {source.source for source in found.sources}:
        counts = found.pooled_by_organisation(found.reference)
        for organisation, own in counts.groupby("organisation", sort=False):
            table = _measures(evaluation, found, own)
            names = _measure_ids(found, found.reference, table, slug(organisation))
            tables.append(table.assign(id=names, organisation=str(organisation)))
    if len(tables) < 2:
        return _measures(evaluation, found, pd.DataFrame()).assign(id="", organisation="")
    return pd.concat(tables, ignore_index=True)


def bounds(evaluation: Evaluation, found: Reported) -> pd.DataFrame:
    """Return what the gaps could be if people of unknown group differ from those known.

    ``id, source, label, plausibility, measure, stratum, known, low, high, ci_low, ci_high, people,
    events``, as `equieval.methods.missing_groups.missing_group_bounds`; for the sources that count
    everybody and show who is of unknown group. ``known_id`` is the key of the bounds without
    chance, ``needed`` the plausibility at which the gap may vanish or turn round (infinity: at
    none), ``needed_id`` its key.
    """
    details = indicator(found.outcome)
    columns = ["id", "source", "label", "plausibility", "measure", "stratum", "known", "low",
               "high", "ci_low", "ci_high", "people", "events", "known_id", "needed",
               "needed_id"]  # fmt: skip
    tables = []
    for source in found.counting_everyone():
        unknown, levels = found.unknown(source), found.groups(source)
        if not unknown or levels != found.levels:
            continue
        counts = found.pooled(source)
        if not (counts.loc[counts["stratum"].isin(unknown), "denominator"] > 0).any():
            continue
        given: dict[str, Any] = {
            "polarity": "high" if details.polarity == "high" else "low",
            "reference": _reference_group(evaluation),
        }
        counts = counts[counts["stratum"] != ALL]
        table = missing_group_bounds(
            counts,
            levels,
            unknown,
            per=details.per,
            plausibility=PLAUSIBILITIES,
            ci_level=CI_LEVEL,
            **given,
        )
        table = table[table["measure"] != "rate"].reset_index(drop=True)
        needed = [
            plausibility_needed(
                counts, levels, unknown, measure, stratum=None if pd.isna(group) else group, **given
            )
            for measure, group in zip(table["measure"], table["stratum"], strict=True)
        ]
        table = table.fillna({"stratum": ALL})
        parts = [
            (f"{PAGE}.{found.outcome}.{row['measure']}", f"{source}.{slug(row['stratum'])}",
             factor_word(row["plausibility"]))
            for row in table.to_dict("records")
        ]  # fmt: skip
        smallest = counts[["denominator", "numerator"]].min()
        tables.append(
            table.assign(
                id=[f"{stem}-bounds.{group}.{factor}" for stem, group, factor in parts],
                source=source,
                label=found.label(source),
                people=smallest["denominator"],
                events=smallest["numerator"],
                known_id=[f"{stem}-bounds-alone.{group}.{k}" for stem, group, k in parts],
                needed=needed,
                needed_id=[f"{stem}-needed.{group}" for stem, group, _ in parts],
            )
        )
    return (
        pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)
    )


def _measures(evaluation: Evaluation, found: Reported, counts: pd.DataFrame) -> pd.DataFrame:
    details = indicator(found.outcome)
    wanted = evaluation.equity.measures
    shown = ["stratum", "measure", "scale", "estimate", "std_error", "ci_low", "ci_high", "method"]
    columns = [*shown, "people", "events"]
    if counts.empty:
        return pd.DataFrame(columns=columns)
    sizes = counts.set_index("stratum")
    there = counts.loc[counts["denominator"] > 0, "stratum"]
    levels = [level for level in found.levels if level in set(there)]
    reference = _reference_group(evaluation)
    if reference is None:
        if tuple(levels) != found.levels:
            return pd.DataFrame(columns=columns)
        table = measures(
            counts,
            levels,
            per=details.per,
            polarity=details.polarity,
            which=wanted,
            ci_level=CI_LEVEL,
        )
        least = sizes.loc[levels].min()
        return table.assign(stratum=ALL, people=least["denominator"], events=least["numerator"])[
            columns
        ]
    if reference not in levels or len(levels) < 2:
        return pd.DataFrame(columns=columns)
    table = against_reference(
        counts,
        levels,
        reference,
        per=details.per,
        polarity="high" if details.polarity == "high" else "low",
        ci_level=CI_LEVEL,
    )
    table = table[table["measure"].isin(wanted)].reset_index(drop=True)
    smaller = [sizes.loc[[group, reference]].min() for group in table["stratum"]]
    return table.assign(
        people=[least["denominator"] for least in smaller],
        events=[least["numerator"] for least in smaller],
    )[columns]


def _measure_ids(
    found: Reported, source: str, table: pd.DataFrame, organisation: str = ""
) -> list[str]:
    stem = f"{source}.{organisation}" if organisation else source
    return [
        f"{PAGE}.{found.outcome}.{measure}.{stem}.{slug(stratum)}"
        for measure, stratum in zip(table["measure"], table["stratum"], strict=True)
    ]


def _reference_group(evaluation: Evaluation) -> str | None:
    """Return the group that others are compared with; None where the groups are ordered."""
    return None if evaluation.equity.ordered else evaluation.outcomes.primary.reference_group


def _require_primary(evaluation: Evaluation, found: Reported, table: pd.DataFrame) -> None:
    """Refuse a reference source that lacks the groups of the primary measure."""
    if (table["source"] == found.reference).any():
        return
    group = _reference_group(evaluation)
    lacking = (
        f"the group '{group}'"
        if group is not None
        else ", ".join(f"'{s}'" for s in found.levels if s not in found.groups(found.reference))
    )
    raise DesignError(
        f"the reference source '{found.reference}' has no figures of {lacking}, so no gap can be "
        "stated from it",
        where="design.reference_source",
        remedy="name a source that gives every group",
    )


def _rows(
    evaluation: Evaluation,
    observations: Observations,
    found: Reported,
    tables: dict[str, pd.DataFrame],
) -> list[dict[str, Any]]:
    primary = evaluation.outcomes.primary
    common = {
        "page": PAGE,
        "outcome": found.outcome,
        "design": "audit",
        "dimension": observations.dimension,
        "ci_level": CI_LEVEL,
    }
    rows: list[dict[str, Any]] = []
    for row in tables["rates"].to_dict("records"):
        rows.append({
            **common,
            **taken(row, "id", "stratum", "estimate", "ci_low", "ci_high"),
            "role": "secondary",
            "estimator": "Wilson",
            "estimand": f"rate in {row['source']}",
            "scale": "absolute",
            "inference": SAMPLING,
            "people": row["denominator"],
            "events": row["numerator"],
        })  # fmt: skip
    kept = ("id", "scale", "stratum", "estimate", "std_error", "ci_low", "ci_high", "people",
            "events")  # fmt: skip
    both = (tables["measures"], tables["by_organisation"].assign(source=found.reference))
    for row in (row for table in both for row in table.to_dict("records")):
        is_primary = (
            found.outcome == primary.indicator
            and row["source"] == found.reference
            and row["measure"] == primary.measure
            and "label" in row
        )
        rows.append({
            **common,
            **taken(row, *kept),
            "role": "primary" if is_primary else "secondary",
            "estimator": row["method"],
            "estimand": f"{row['measure']} in {row['source']}",
            "weighting": "denominator",
            "inference": SAMPLING,
            "note": row.get("organisation"),
        })  # fmt: skip
    for row in tables["bounds"].to_dict("records"):
        of = f"{row['measure']} in {row['source']}"
        cells = taken(row, "people", "events")
        rows.append({
            **common,
            **taken(row, "id", "stratum", "ci_low", "ci_high"),
            **cells,
            "role": "robustness",
            "estimator": f"bounds, plausibility {row['plausibility']:g}",
            "estimand": f"{of}, people of unknown group included",
            "scale": "absolute",
            "estimate": row["known"],
            "inference": BOUNDED,
        })  # fmt: skip
        rows.append({**common, **bound_row({**row, "id": row["known_id"]}, of), **cells})
    for row in needed_once(tables["bounds"]).to_dict("records"):
        of = f"{row['measure']} in {row['source']}"
        rows.append({**common, **needed_row(row, of), **taken(row, "people", "events")})
    return rows
