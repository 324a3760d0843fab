"""Where the sources of an audit agree and differ: how many they count, what rate, how well coded.

Sources that count everybody count the same people, so a difference between them is no sampling
error and has no interval: it is held against the tolerance that the protocol fixes. A sample is
held against the reference by its rates, with the interval of the sample (Wilson).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from equieval.data import ALL, Observations
from equieval.methods.proportions import wilson
from equieval.protocol import Evaluation, indicator
from equieval.study.analysis import CI_LEVEL, Analysis
from equieval.study.audit_coding import PAGE, coded, coded_by_group
from equieval.study.audit_reported import REFERENCE, Reported, reported
from equieval.study.audit_rows import PLAUSIBILITY, ids, joined, taken, with_cells

AGREES, MORE, FEWER, HIGHER, LOWER, CANNOT_TELL = (
    "agrees",
    "more",
    "fewer",
    "higher",
    "lower",
    "cannot tell",
)
SAME_PEOPLE = "none: both sources mean to count the same people"


def agreement(evaluation: Evaluation, observations: Observations) -> Analysis:
    """Compare the sources of an audit, for every outcome of the evaluation.

    Frames, of the primary outcome: ``counts, rates, by_period, coded, coded_by_group`` as the
    functions below return them.

    Raises
    ------
    DataError, DesignError : the sources cannot be matched (`equieval.study.audit_reported`).
    """
    rows: list[dict[str, Any]] = []
    frames: dict[str, pd.DataFrame] = {}
    for outcome in evaluation.outcomes.indicators:
        found = reported(evaluation, observations, outcome)
        if found.reference not in {source.source for source in found.sources}:
            continue
        tables = {
            "counts": counts(found),
            "rates": rates(found),
            "by_period": counts_by_period(found),
            "coded": coded(found),
            "coded_by_group": coded_by_group(found),
        }
        rows += _rows(observations, outcome, tables)
        frames = frames or tables
    return with_cells(rows, frames)


def counts(found: Reported) -> pd.DataFrame:
    """Hold how many people each source counts against the reference.

    Returns
    -------
    ``id, source, label, stratum, denominator, denominator_reference, periods, estimate,
    judgement``: everybody (``all``) first, then each group; ``estimate`` is the source's count
    over the reference's, in the cells that both have. Samples are left out: they count no total.
    """
    tolerance = found.tolerances.counts_within / 100
    tables = []
    for source in found.others():
        if source.counts == "sample":
            continue
        pairs = found.matched(source.source)
        sums = pairs.groupby("stratum")[["denominator", f"denominator{REFERENCE}"]].sum()
        sums = sums.assign(periods=pairs.groupby("stratum")["period"].nunique())
        sums = sums.reindex([s for s in (ALL, *found.levels) if s in sums.index]).reset_index()
        estimate = sums["denominator"] / sums[f"denominator{REFERENCE}"].replace(0, np.nan)
        tables.append(
            sums.assign(
                source=source.source,
                label=found.label(source.source),
                estimate=estimate,
                judgement=_judged(estimate - 1, tolerance, FEWER, MORE),
                id=ids(PAGE, found.outcome, "count-ratio", source.source, sums["stratum"]),
            )
        )
    columns = ["id", "source", "label", "stratum", "denominator", f"denominator{REFERENCE}",
               "periods", "estimate", "judgement"]  # fmt: skip
    return (
        pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)
    )


def counts_by_period(found: Reported) -> pd.DataFrame:
    """Return how many each source counts by period, over the reference's count.

    Returns
    -------
    ``source, label, period, estimate, usual, judgement, indicator``: ``usual`` is the source's
    median over the periods, and a period ``agrees`` while it lies within the tolerance of that.
    """
    tolerance = found.tolerances.counts_within / 100
    tables = []
    for source in found.others():
        if source.counts == "sample":
            continue
        pairs = found.matched(source.source)
        sums = pairs[pairs["stratum"] == ALL].groupby("period")[
            ["denominator", f"denominator{REFERENCE}"]
        ].sum()  # fmt: skip
        estimate = sums["denominator"] / sums[f"denominator{REFERENCE}"].replace(0, np.nan)
        usual = float(estimate.median())
        tables.append(
            pd.DataFrame(
                {
                    "source": source.source,
                    "label": found.label(source.source),
                    "period": estimate.index,
                    "estimate": estimate.to_numpy(),
                    "usual": usual,
                    "judgement": _judged(
                        (estimate / usual - 1).reset_index(drop=True), tolerance, FEWER, MORE
                    ),
                    "indicator": found.outcome,
                }
            )
        )
    columns = ["source", "label", "period", "estimate", "usual", "judgement", "indicator"]
    return joined(tables, columns)


def rates(found: Reported) -> pd.DataFrame:
    """Hold the rate of each source and group against the reference's.

    Returns
    -------
    ``id, source, label, counts, stratum, numerator, denominator, rate, rate_reference, estimate,
    ci_low, ci_high, judgement``: ``estimate`` is the difference of the rates, in the cells that
    both have; a sample's has the interval of the sample, the others' none. The reference's own
    rates are in ``rate_reference``.
    """
    per = indicator(found.outcome).per
    tolerance = found.tolerances.rates_within
    tables = []
    for source in found.others():
        pairs = found.matched(source.source)
        parts = ["numerator", "denominator"]
        sums = pairs.groupby("stratum")[[*parts, *(f"{part}{REFERENCE}" for part in parts)]].sum()
        sums = sums.reindex([s for s in (ALL, *found.levels) if s in sums.index])
        sums = sums[(sums["denominator"] > 0) & (sums[f"denominator{REFERENCE}"] > 0)].reset_index()
        sample = source.counts == "sample"
        if sample:
            # A sample of some groups is no sample of everybody.
            sums = sums[sums["stratum"] != ALL].reset_index(drop=True)
        interval = wilson(sums["numerator"], sums["denominator"], ci_level=CI_LEVEL, per=per)
        rate_reference = per * sums[f"numerator{REFERENCE}"] / sums[f"denominator{REFERENCE}"]
        difference = interval["estimate"] - rate_reference
        low = interval["ci_low"] - rate_reference if sample else difference * np.nan
        high = interval["ci_high"] - rate_reference if sample else difference * np.nan
        judgement = _judged(difference, tolerance, LOWER, HIGHER)
        if sample:
            open_ = (low <= 0) & (high >= 0)
            settled = (low >= -tolerance) & (high <= tolerance)
            judgement = judgement.mask(open_, CANNOT_TELL).mask(settled, AGREES)
        tables.append(
            sums[["stratum", *parts]].assign(
                source=source.source,
                label=found.label(source.source),
                id=ids(PAGE, found.outcome, "rate-difference", source.source, sums["stratum"]),
                counts=source.counts,
                rate=interval["estimate"],
                rate_reference=rate_reference,
                estimate=difference,
                ci_low=low,
                ci_high=high,
                judgement=judgement,
            )
        )
    return pd.concat(tables, ignore_index=True)


def _judged(difference: pd.Series, tolerance: float, under: str, over: str) -> pd.Series:
    """Judge differences against a tolerance; those that are not known cannot be told."""
    words = pd.Series(AGREES, index=difference.index, dtype="str")
    words = words.mask(difference < -tolerance, under).mask(difference > tolerance, over)
    return words.mask(difference.isna(), CANNOT_TELL)


def _rows(
    observations: Observations, outcome: str, tables: dict[str, pd.DataFrame]
) -> list[dict[str, Any]]:
    """Return the comparisons as rows of the Estimates table, each with what it rests on."""
    dimension = observations.dimension
    common = {
        "page": PAGE,
        "role": "secondary",
        "outcome": outcome,
        "design": "audit",
        "dimension": dimension,
    }
    rows: list[dict[str, Any]] = []
    for row in tables["counts"].to_dict("records"):
        rows.append({
            **common,
            **taken(row, "id", "stratum", "estimate"),
            "estimator": "ratio of counts",
            "estimand": f"count of {row['source']} over the reference source's",
            "scale": "relative",
            "inference": SAME_PEOPLE,
            "note": row["judgement"],
            "people": min(row["denominator"], row[f"denominator{REFERENCE}"]),
            "events": min(row["denominator"], row[f"denominator{REFERENCE}"]),
        })  # fmt: skip
    for row in tables["rates"].to_dict("records"):
        sample = row["counts"] == "sample"
        rows.append({
            **common,
            **taken(row, "id", "stratum", "estimate", "ci_low", "ci_high"),
            "estimator": "difference of rates",
            "estimand": f"rate of {row['source']} minus the reference source's",
            "scale": "absolute",
            "ci_level": CI_LEVEL if sample else np.nan,
            "inference": "the sample's, Wilson" if sample else SAME_PEOPLE,
            "note": row["judgement"],
            "people": row["denominator"],
            "events": row["numerator"],
        })  # fmt: skip
    shares = tables["coded"]
    for row in shares[shares["period"].isna()].to_dict("records"):
        whole = row["organisation"] == ALL
        rows.append({
            **common,
            **taken(row, "id", "estimate", "ci_low", "ci_high"),
            "estimator": "share with the group recorded",
            "estimand": f"coding of {dimension} in {row['source']}",
            "scale": "absolute",
            "stratum": ALL,
            "ci_level": CI_LEVEL,
            "inference": "binomial, Wilson",
            "note": "all organisations" if whole else row["organisation"],
            "people": row["denominator"],
            "events": row["denominator"] - row["numerator"],
        })  # fmt: skip
    for row in tables["coded_by_group"].to_dict("records"):
        rows.append({
            **common,
            **taken(row, "id", "stratum", "estimate", "ci_low", "ci_high"),
            "estimator": f"shares of {row['source']} over those of {row['against']}",
            "estimand": f"coding of {dimension} in {row['source']}, by group",
            "scale": "absolute",
            "inference": f"bounds, plausibility {PLAUSIBILITY:g}",
            "people": row["denominator"],
            "events": row["denominator"],
        })  # fmt: skip
    return rows
