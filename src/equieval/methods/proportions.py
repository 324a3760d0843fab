"""Intervals for one proportion, one rate and one directly standardised rate.

Wilson (1927) for proportions, Byar's approximation (Breslow & Day 1987) with the exact χ²
interval under 10 events for rates, Dobson et al. (1991, Stat Med 10:457) for directly
standardised rates: the methods of the UK Health Security Agency's PHEindicatormethods.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from equieval.errors import DataError
from equieval.methods.arguments import require_per_and_dispersion
from equieval.methods.contrasts import t_quantile

Array = npt.NDArray[np.float64]

#: Below this many events Byar's approximation gives way to the exact interval.
EXACT_BELOW = 10


def wilson(
    numerator: npt.ArrayLike,
    denominator: npt.ArrayLike,
    ci_level: float = 0.95,
    *,
    per: float = 1.0,
    dispersion: float = 1.0,
) -> pd.DataFrame:
    """Return ``estimate, ci_low, ci_high`` of proportions, times ``per``.

    Missing counts give missing rows, and so does a denominator of 0. ``dispersion`` above 1
    divides the information that the counts carry. Raises ``DataError`` for negative counts and
    for a numerator over its denominator, ``InputError`` for a ``per`` or a ``dispersion`` that is
    not above 0.
    """
    require_per_and_dispersion(per, dispersion)
    x, n = _counts(numerator, denominator)
    if bool(np.any(x > n)):
        raise DataError(
            "A numerator is larger than its denominator.",
            where="Wilson interval",
            remedy="Use the interval of a rate (Byar) where events may repeat.",
        )
    low, high = wilson_limits(x, n, ci_level, dispersion)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _frame(numerator, x / n, low, high, per)


def byar(
    events: npt.ArrayLike,
    exposure: npt.ArrayLike = 1.0,
    ci_level: float = 0.95,
    *,
    per: float = 1.0,
    dispersion: float = 1.0,
) -> pd.DataFrame:
    """Return ``estimate, ci_low, ci_high`` of rates ``events / exposure``, times ``per``.

    Byar's approximation; the exact χ² interval under ``EXACT_BELOW`` events. Missing and
    ``dispersion`` as for ``wilson``.
    """
    require_per_and_dispersion(per, dispersion)
    x, n = _counts(events, exposure)
    low, high = byar_limits(x, ci_level, dispersion)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _frame(events, x / n, low / n, high / n, per)


def directly_standardised_rate(
    events: npt.ArrayLike,
    exposure: npt.ArrayLike,
    standard: npt.ArrayLike,
    ci_level: float = 0.95,
    *,
    per: float = 1.0,
) -> pd.DataFrame:
    """Return one row ``estimate, ci_low, ci_high``: the rate standardised to ``standard``.

    All three are by standardisation group. Dobson's interval; under 10 events in all the
    interval is missing, as the agency advises. Raises ``DataError`` for a group without
    exposure or with a missing count, and for a standard population that is negative or empty.
    """
    require_per_and_dispersion(per)
    x, n = _counts(events, exposure)
    weights, _ = _counts(standard, 1.0)
    if not weights.sum() > 0:
        raise DataError(
            "The standard population is empty.",
            where="directly standardised rate",
            remedy="Give the standard population of every group.",
        )
    weights = weights / weights.sum()
    if bool(np.any(~(n > 0))) or bool(np.any(np.isnan(x))):
        raise DataError(
            "A standardisation group has no exposure or a missing count.",
            where="directly standardised rate",
            remedy="Merge the group with a neighbour, or leave it out of the standard too.",
        )
    rate = float(np.sum(weights * x / n))
    total = float(x.sum())
    low = high = math.nan
    if total >= EXACT_BELOW:
        step = math.sqrt(float(np.sum((weights / n) ** 2 * x)) / total)
        byar_low, byar_high = byar_limits(np.array([total]), ci_level)
        low = rate + step * (float(byar_low[0]) - total)
        high = rate + step * (float(byar_high[0]) - total)
    return pd.DataFrame({"estimate": [per * rate], "ci_low": [per * low], "ci_high": [per * high]})


def wilson_limits(
    x: Array, n: Array, ci_level: float = 0.95, dispersion: float = 1.0
) -> tuple[Array, Array]:
    """Return Wilson's limits as proportions; missing where there is no denominator."""
    z = t_quantile(math.inf, ci_level)
    x, n = x / dispersion, n / dispersion
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = x + z**2 / 2
        half = z * np.sqrt(x * (1 - x / n) + z**2 / 4)
        low, high = (centre - half) / (n + z**2), (centre + half) / (n + z**2)
    absent = ~(n > 0)
    # At 0 and n the limit is 0 or 1; rounding would leave a trace of it.
    low, high = np.where(x <= 0, 0.0, low), np.where(x >= n, 1.0, high)
    return np.where(absent, np.nan, low), np.where(absent, np.nan, high)


def byar_limits(x: Array, ci_level: float = 0.95, dispersion: float = 1.0) -> tuple[Array, Array]:
    """Return the limits of an expected number of events, given ``x`` observed."""
    z = t_quantile(math.inf, ci_level)
    tail = (1 - ci_level) / 2
    x = x / dispersion
    with np.errstate(invalid="ignore", divide="ignore"):
        up = x + 1
        low = np.where(
            x < EXACT_BELOW,
            np.where(x > 0, stats.chi2.ppf(tail, 2 * x) / 2, np.where(np.isnan(x), np.nan, 0.0)),
            x * (1 - 1 / (9 * x) - z / (3 * np.sqrt(x))) ** 3,
        )
        high = np.where(
            x < EXACT_BELOW,
            stats.chi2.ppf(1 - tail, 2 * up) / 2,
            up * (1 - 1 / (9 * up) + z / (3 * np.sqrt(up))) ** 3,
        )
    return low * dispersion, high * dispersion


def _counts(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> tuple[Array, Array]:
    try:
        x = np.atleast_1d(np.asarray(numerator, dtype=float))
        n = np.atleast_1d(np.asarray(denominator, dtype=float))
    except (TypeError, ValueError) as error:
        raise DataError(
            "A count is no number.",
            where="interval of a proportion or rate",
            remedy="Give numbers; leave what is missing empty.",
        ) from error
    if bool(np.any(x < 0)) or bool(np.any(n < 0)):
        raise DataError(
            "A count is negative.",
            where="interval of a proportion or rate",
            remedy="Check the numerator and denominator columns.",
        )
    return x, np.where(n > 0, n, np.nan)


def _frame(like: object, rate: Array, low: Array, high: Array, per: float) -> pd.DataFrame:
    index = like.index if isinstance(like, pd.Series) else None
    return pd.DataFrame(
        {"estimate": per * rate, "ci_low": per * low, "ci_high": per * high}, index=index
    )
