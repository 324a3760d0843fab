"""People whose group is not known, before the start: what they could do to the gaps, as estimates.

Bounds and how unlike those known the others would have to be for a gap to vanish or turn round
are rows of the Estimates table, so that every number that a page says of them leads to one:
``baseline-inequality.<outcome>.<measure>-bounds.<group>.<plausibility>`` and
``baseline-inequality.<outcome>.<measure>-needed.<group>`` (``all`` where the groups are ordered,
``any`` for whatever the counts allow). An audit names its own in the same way, with its source
(`equieval.study.audit_inequality`).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

import pandas as pd

from equieval.data import ALL, Observations, parse_period
from equieval.methods.missing_groups import missing_group_bounds, plausibility_needed
from equieval.protocol import Evaluation, indicator
from equieval.study.analysis import CI_LEVEL
from equieval.study.audit_rows import slug
from equieval.study.groups import compared_levels, direction
from equieval.study.words import first_start

PAGE: Final = "baseline-inequality"
WITHOUT_CHANCE: Final = "bounds without chance"
NEEDED: Final = "bounds, plausibility needed"
ANY: Final = "any"
NEVER: Final = "No way of sharing them out makes it vanish or turn round."

_BOUNDED: Final = ("gap", "sii")


@dataclass(frozen=True, eq=False)
class CountedBefore:
    """The people counted before the start: ``counts`` (stratum, numerator, denominator).

    ``missing`` are the strata of people of unknown group.
    """

    counts: pd.DataFrame
    missing: tuple[str, ...]

    @property
    def share(self) -> float:
        """The share of people whose group is not known."""
        people = self.counts.set_index("stratum")["denominator"]
        return float(people[list(self.missing)].sum() / people.sum())


def counted_before(evaluation: Evaluation, observations: Observations) -> CountedBefore | None:
    """Return the counts of all periods before the first start (of an audit: of all periods).

    Only of periods in which every count is there: missing is not zero. None where nobody's group
    is unknown.
    """
    outcome = evaluation.outcomes.primary.indicator
    cells = observations.strata(outcome, missing_levels=True)
    start = first_start(evaluation)
    if start is not None:
        cells = cells[cells["period"] < parse_period(start, observations.frequency)]
    absent = cells[["numerator", "denominator"]].isna().any(axis=1)
    cells = cells[~cells["period"].isin(cells.loc[absent, "period"])]
    sums = cells.groupby("stratum")[["numerator", "denominator"]].sum().reset_index()
    missing = [level for level in observations.missing_levels if level in set(sums["stratum"])]
    unknown = sums["stratum"].isin(missing)
    if not missing or not sums.loc[unknown, "denominator"].sum():
        return None
    return CountedBefore(sums, tuple(missing))


def missing_bounds(evaluation: Evaluation, observations: Observations) -> pd.DataFrame:
    """Return what people whose group is not known could do to the measures, before the start.

    Returns
    -------
    The frame of `equieval.methods.missing_groups.missing_group_bounds` (without the rates) with
    ``id, estimate`` (the same as ``known``), ``needed`` (the plausibility at which the sign of
    the measure is open), ``needed_id, missing_share, indicator``; empty where the protocol names
    no plausibility or nobody's group is missing.
    """
    if not evaluation.has("robustness") or not evaluation.robustness.missing_plausibility:
        return pd.DataFrame()
    counted = counted_before(evaluation, observations)
    if counted is None:
        return pd.DataFrame()
    outcome = evaluation.outcomes.primary.indicator
    levels = compared_levels(evaluation, observations)
    reference = None if evaluation.equity.ordered else levels[-1]
    found = missing_group_bounds(
        counted.counts,
        levels,
        counted.missing,
        per=indicator(outcome).per,
        polarity=direction(outcome),
        plausibility=(1.0, *evaluation.robustness.missing_plausibility, math.inf),
        reference=reference,
        ci_level=CI_LEVEL,
    )
    found = found[found["measure"].isin(_BOUNDED)].drop_duplicates()
    needed = {
        (measure, stratum): plausibility_needed(
            counted.counts,
            levels,
            counted.missing,
            cast("Literal['gap', 'sii']", measure),
            stratum=stratum,
            polarity=direction(outcome),
            reference=reference,
        )
        for measure, stratum in dict.fromkeys(_keys(found))
    }
    stems = [f"{PAGE}.{outcome}.{measure}" for measure, _ in _keys(found)]
    groups = [slug(stratum or ALL) for _, stratum in _keys(found)]
    parts = zip(stems, groups, found["plausibility"], strict=True)
    return found.assign(
        id=[f"{stem}-bounds.{group}.{factor_word(k)}" for stem, group, k in parts],
        estimate=found["known"],
        needed=[needed[key] for key in _keys(found)],
        needed_id=[f"{stem}-needed.{group}" for stem, group in zip(stems, groups, strict=True)],
        missing_share=counted.share,
        indicator=outcome,
    ).reset_index(drop=True)


def missing_rows(evaluation: Evaluation, bounds: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the bounds of `missing_bounds`, and what is needed, as rows of the Estimates table."""
    if bounds.empty:
        return []
    common = {
        "page": PAGE,
        "outcome": evaluation.outcomes.primary.indicator,
        "design": evaluation.design.type,
        "dimension": evaluation.equity.dimension,
        "n_units": 1,
    }
    rows = [bound_row(row, str(row["measure"])) for row in bounds.to_dict("records")]
    once = needed_once(bounds).to_dict("records")
    rows += [needed_row(row, str(row["measure"])) for row in once]
    return [{**common, **row} for row in rows]


def needed_once(bounds: pd.DataFrame) -> pd.DataFrame:
    """Return one row per group of `missing_bounds` (or of an audit's bounds), with ``label``."""
    once = bounds.drop_duplicates("needed_id")
    return once.assign(label=once["stratum"]).reset_index(drop=True)


def bound_row(row: Mapping[Hashable, Any], of: str) -> dict[str, Any]:
    """Return the columns of a bound that leaves chance out.

    Parameters
    ----------
    row : ``id, stratum, plausibility, known, low, high``.
    of : the measure, and what it is of.
    """
    return {
        "id": row["id"],
        "stratum": _group(row),
        "role": "robustness",
        "estimator": f"{WITHOUT_CHANCE}, plausibility {row['plausibility']:g}",
        "estimand": f"{of}, people of unknown group included",
        "scale": "absolute",
        "estimate": row["known"],
        "ci_low": row["low"],
        "ci_high": row["high"],
        "ci_level": None,
        "inference": "bounds, without chance; the estimate is among those known",
    }


def needed_row(row: Mapping[Hashable, Any], of: str) -> dict[str, Any]:
    """Return the columns of how unlike those known the others would have to be.

    Parameters
    ----------
    row : ``needed_id, stratum, needed``; infinity is no number of the table and becomes a note.
    of : the measure, and what it is of.
    """
    never = math.isinf(row["needed"])
    return {
        "id": row["needed_id"],
        "stratum": _group(row),
        "role": "robustness",
        "estimator": NEEDED,
        "estimand": f"{of}, factor at which its sign is open",
        "scale": "relative",
        "estimate": math.nan if never else row["needed"],
        "ci_level": None,
        "inference": "bounds, without chance",
        "note": NEVER if never else None,
    }


def rests_on_bounds(row: Mapping[Hashable, Any]) -> bool:
    """Return whether a row of the Estimates table is one of these."""
    return str(row["estimator"]).startswith((WITHOUT_CHANCE, NEEDED))


def factor_word(plausibility: float) -> str:
    """Return a plausibility as part of an id.

    >>> factor_word(1.5), factor_word(math.inf)
    ('1.5', 'any')
    """
    return ANY if math.isinf(plausibility) else f"{plausibility:g}"


def _keys(bounds: pd.DataFrame) -> list[tuple[str, str | None]]:
    return [
        (str(measure), None if pd.isna(stratum) else str(stratum))
        for measure, stratum in zip(bounds["measure"], bounds["stratum"], strict=True)
    ]


def _group(row: Mapping[Hashable, Any]) -> str:
    return ALL if pd.isna(row["stratum"]) else str(row["stratum"])
