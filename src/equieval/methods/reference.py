"""Groups without an order (ethnicity): each against a stated reference, and all together.

Gap by Newcombe and ratio by the log-normal interval as for the extremes of an ordered
dimension; population attributable risk and fraction (Mackenbach & Kunst 1997) as the part of the
overall rate that would go if every group fared as the reference does. The one sign convention
holds: positive, and a ratio above 1, is worse than the reference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import numpy as np
import pandas as pd

from equieval.errors import DesignError, did_you_mean, one_of
from equieval.methods.gradient import (
    Cells,
    Direction,
    Measured,
    cells_from_counts,
    extreme_gap,
    extreme_ratio,
)
from equieval.methods.measure_functionals import Polarity
from equieval.methods.panel import numeric, require_columns

_COLUMNS = ("estimate", "std_error", "ci_low", "ci_high", "method")


def against_reference(
    strata: pd.DataFrame,
    levels: Sequence[str],
    reference: str,
    *,
    per: float,
    polarity: Polarity = "low",
    ci_level: float = 0.95,
    simultaneous: bool = False,
    dispersion: float = 1.0,
) -> pd.DataFrame:
    """Return gap and ratio of every other group against ``reference``.

    ``strata`` has ``stratum, numerator, denominator``. Columns ``stratum, measure, scale,
    estimate, std_error, ci_low, ci_high, method``; ``std_error`` of a ratio is that of its
    logarithm. ``simultaneous`` widens the intervals (Šidák) so that all hold at once. A group
    whose count is missing, or that nobody is in, has missing values with the reason in
    ``method``. Raises ``DesignError`` for an unknown or missing reference and absent groups,
    ``InputError`` for an unknown polarity.
    """
    one_of(polarity, get_args(Polarity), "polarity")
    others = [level for level in levels if level != reference]
    level = ci_level ** (1 / max(len(others), 1)) if simultaneous else ci_level
    cells = _cells(strata, levels, reference, per, level, dispersion)
    direction = Direction(polarity == "high", "convention")
    place = list(levels).index(reference)
    records = []
    for other in others:
        pair = _subset(cells, [list(levels).index(other), place])
        for measure, scale, evaluate in (
            ("gap", "absolute", extreme_gap),
            ("ratio", "relative", extreme_ratio),
        ):
            found = (
                evaluate(pair, direction)
                if np.isfinite(pair.value).all()
                else Measured.undefined("the group's count is missing or nobody is in it")
            )
            values = [getattr(found, column) for column in _COLUMNS]
            records.append((other, measure, scale, *values))
    return pd.DataFrame(records, columns=["stratum", "measure", "scale", *_COLUMNS])


def attributable(
    strata: pd.DataFrame,
    levels: Sequence[str],
    reference: str,
    *,
    per: float,
    polarity: Polarity = "low",
    ci_level: float = 0.95,
    dispersion: float = 1.0,
) -> pd.DataFrame:
    """Return the population attributable risk (``par``) and fraction (``paf``).

    ``measure, scale, estimate, std_error, ci_low, ci_high, method``: by how much the overall rate
    is worse than the reference's, per ``per`` and as a share of the overall rate; delta method
    over independent groups. Raises ``DesignError`` as ``against_reference``, and where any group
    is missing.
    """
    one_of(polarity, get_args(Polarity), "polarity")
    cells = _cells(strata, levels, reference, per, ci_level, dispersion)
    cells.require_complete(levels)
    value = np.where(cells.inhabited, cells.value, 0.0)
    variance = np.where(cells.inhabited, cells.variance, 0.0)
    sign = 1.0 if polarity == "low" else -1.0
    unit = np.zeros(len(levels))
    unit[list(levels).index(reference)] = 1.0
    mean, best = float(cells.share @ value), float(unit @ value)
    records = [("par", "absolute", sign * (mean - best), sign * (cells.share - unit))]
    if mean > 0:
        gradient = -sign * (unit / mean - best / mean**2 * cells.share)
        records.append(("paf", "relative", sign * (1 - best / mean), gradient))
    rows = []
    for measure, scale, estimate, gradient in records:
        error = math.sqrt(float(gradient**2 @ variance))
        half = cells.z * error
        rows.append(
            (measure, scale, estimate, error, estimate - half, estimate + half, "delta method")
        )
    return pd.DataFrame(rows, columns=["measure", "scale", *_COLUMNS])


def _cells(
    strata: pd.DataFrame,
    levels: Sequence[str],
    reference: str,
    per: float,
    ci_level: float,
    dispersion: float,
) -> Cells:
    where = "groups against a reference"
    if reference not in levels:
        raise DesignError(
            f"The reference {reference!r} is none of the groups.",
            where=where,
            remedy=did_you_mean(reference, [str(level) for level in levels]),
        )
    require_columns(strata, ["stratum", "numerator", "denominator"], where)
    indexed = strata.set_index("stratum")[["numerator", "denominator"]]
    absent = [level for level in levels if level not in indexed.index]
    if absent or indexed.index.has_duplicates:
        raise DesignError(
            f"The data have no group {absent[0]!r}." if absent else "A group occurs twice.",
            where=where,
            remedy="Give one row per group.",
        )
    counts = indexed.loc[list(levels)]
    cells = cells_from_counts(
        numeric(counts, "numerator", where).to_numpy(float),
        numeric(counts, "denominator", where).to_numpy(float),
        per=per,
        shares=None,
        dispersion=dispersion,
        ci_level=ci_level,
        model="linear",
        poisson=False,
        parity=False,
    )
    if not np.isfinite(cells.value[list(levels).index(reference)]):
        raise DesignError(
            f"The reference {reference!r} has no rate.",
            where=where,
            remedy="Choose a reference whose counts are known.",
        )
    return cells


def _subset(cells: Cells, places: list[int]) -> Cells:
    return replace(
        cells,
        value=cells.value[places],
        variance=cells.variance[places],
        low=cells.low[places],
        high=cells.high[places],
        share=cells.share[places],
        ridit=cells.ridit[places],
    )
