"""How far groups are spread, freed of what chance alone spreads them.

Theil's index and the mean log deviation, the between-group variance, the index of disparity and
the range (Harper & Lynch 2017, in Public Health Monitoring; Mackenbach & Kunst 1997, Soc Sci Med
44:757). Noise inflates all of them, the more the fewer the births, so that falling numbers look
like widening inequality. The smooth ones are corrected by half their curvature times the cell
variances; the two that bend where groups are alike have no unbiased estimate there, so they are
given only where every group is clear of the bend. An estimate below 0 says that the groups are
less spread than chance alone would have them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from equieval.errors import DataError, DesignError, InputError, did_you_mean, one_of
from equieval.methods.arguments import require_per_and_dispersion
from equieval.methods.contrasts import t_quantile
from equieval.methods.inequality import CellVariance
from equieval.methods.inequality_effect import fixed_shares
from equieval.methods.panel import numeric, require_columns

Array = npt.NDArray[np.float64]

_WHERE: Final = "spread between groups"
#: Under this many events in a group the logarithm bends too much for the correction.
FEWEST_EVENTS: Final = 10
#: Standard errors that a group must be clear of the mean, or of the next, to fix the order.
CLEAR: Final = 3.0
_NOTHING_VARIES: Final = "every group has no events, or nothing else, so nothing shows its luck"
_CORRECTED: Final = "corrected for noise to second order"


@dataclass(frozen=True, eq=False)
class _Groups:
    value: Array
    variance: Array
    share: Array
    events: Array

    @property
    def mean(self) -> float:
        return float(self.share @ self.value)


@dataclass(frozen=True, eq=False)
class _Smooth:
    """A measure at the observed rates with its gradient and curvature by them."""

    value: float
    gradient: Array
    hessian: Array
    least_at_nought: bool = True


def spread(
    strata: pd.DataFrame,
    levels: Sequence[str],
    *,
    per: float,
    which: Sequence[str] | None = None,
    shares: Mapping[str, float] | None = None,
    dispersion: float = 1.0,
    ci_level: float = 0.95,
    cell_variance: CellVariance = "binomial",
) -> pd.DataFrame:
    """Return ``measure, scale, estimate, std_error, ci_low, ci_high, method``, one row each.

    Measures: ``theil``, ``mean-log-deviation``, ``between-group-variance`` (in squared units),
    ``index-of-disparity`` (%), ``range``. Arguments as for ``inequality.measures``; the order of
    ``levels`` does not matter. A measure whose correction cannot be made is missing, and
    ``method`` says why. Raises ``DesignError`` for fewer than two levels and for a level that is
    absent, missing, occurs twice or has nobody in it; ``InputError`` for an unknown
    measure. Where no group has events, or all have nothing else, no measure is defined.
    """
    one_of(cell_variance, get_args(CellVariance), "cell_variance")
    require_per_and_dispersion(per, dispersion)
    names = tuple(which) if which is not None else tuple(_MEASURES)
    for name in names:
        if name not in _MEASURES:
            raise InputError(
                f"There is no measure of spread {name!r}.",
                where="equity.measures",
                remedy=did_you_mean(name, _MEASURES),
            )
    groups = _groups(strata, levels, per, shares, dispersion, cell_variance)
    z = t_quantile(math.inf, ci_level)
    records = []
    for name in names:
        scale, measure = _MEASURES[name]
        found = measure(groups) if groups.variance.any() else _NOTHING_VARIES
        if isinstance(found, str):
            nothing = (math.nan, math.nan, math.nan, math.nan)
            records.append((name, scale, *nothing, f"not defined: {found}"))
            continue
        records.append((name, scale, *_corrected(found, groups.variance, z)))
    columns = ["measure", "scale", "estimate", "std_error", "ci_low", "ci_high", "method"]
    return pd.DataFrame(records, columns=columns)


def _corrected(found: _Smooth, variance: Array, z: float) -> tuple[float, float, float, float, str]:
    """Take noise out of the value; return it with standard error, interval and method.

    The gradient at noisy rates is itself too long by the curvature, once; the curvature's own
    part of the variance is half of that (both exact for a quadratic). A measure that is 0 at its
    least varies the more the larger it is, so its interval holds the values that the estimate
    lies within z of *their* standard errors of, as Wilson's does for a proportion.
    """
    estimate = found.value - 0.5 * float(np.diag(found.hessian) @ variance)
    curved = found.hessian * variance
    bent = 0.5 * float((curved * curved.T).sum())
    straight = float(found.gradient**2 @ variance)
    error = math.sqrt(max(straight - bent, bent))
    if not found.least_at_nought or found.value <= 0:
        return estimate, error, estimate - z * error, estimate + z * error, _CORRECTED
    growth = straight / found.value
    centre = estimate + z**2 * growth / 2
    half = z * math.sqrt(max(z**2 * growth**2 / 4 + growth * estimate + bent, 0.0))
    return estimate, error, max(centre - half, 0.0), max(centre + half, 0.0), _CORRECTED


def _theil(groups: _Groups) -> _Smooth | str:
    if groups.events.min() < FEWEST_EVENTS:
        return _too_few()
    y, s, mean = groups.value, groups.share, groups.mean
    total, slope = float(s @ (y * np.log(y))), s * (np.log(y) + 1)
    across = np.outer(slope, s)
    return _Smooth(
        value=total / mean - math.log(mean),
        gradient=slope / mean - s * (total / mean**2 + 1 / mean),
        hessian=np.diag(s / y) / mean
        - (across + across.T) / mean**2
        + np.outer(s, s) * (2 * total / mean**3 + 1 / mean**2),
    )


def _mean_log_deviation(groups: _Groups) -> _Smooth | str:
    if groups.events.min() < FEWEST_EVENTS:
        return _too_few()
    y, s, mean = groups.value, groups.share, groups.mean
    return _Smooth(
        value=math.log(mean) - float(s @ np.log(y)),
        gradient=s / mean - s / y,
        hessian=np.diag(s / y**2) - np.outer(s, s) / mean**2,
    )


def _between_group_variance(groups: _Groups) -> _Smooth | str:
    s, distance = groups.share, groups.value - groups.mean
    return _Smooth(
        value=float(s @ distance**2),
        gradient=2 * s * distance,
        hessian=2 * (np.diag(s) - np.outer(s, s)),
    )


def _index_of_disparity(groups: _Groups) -> _Smooth | str:
    size, mean = len(groups.value), groups.mean
    if mean <= 0:
        return "there are no events"
    # Distance of each group from the mean, which it is part of.
    from_mean = np.eye(size) - groups.share
    error = np.sqrt(from_mean**2 @ groups.variance)
    distance = from_mean @ groups.value
    if (np.abs(distance) < CLEAR * error).any():
        return f"a group is within {CLEAR:.0f} standard errors of the mean, where noise adds up"
    sign, s = np.sign(distance), groups.share
    total = float(sign @ groups.value)
    across = np.outer(sign, s)
    factor = 100 / size
    return _Smooth(
        value=factor * float(np.abs(distance).sum()) / mean,
        gradient=factor * (sign / mean - total * s / mean**2),
        hessian=factor * (-(across + across.T) / mean**2 + 2 * total * np.outer(s, s) / mean**3),
        least_at_nought=False,
    )


def _range(groups: _Groups) -> _Smooth | str:
    order = np.argsort(groups.value)
    gradient = np.zeros(len(order))
    for end, rest in ((order[-1], order[:-1]), (order[0], order[1:])):
        error = np.sqrt(groups.variance[end] + groups.variance[rest])
        if (np.abs(groups.value[end] - groups.value[rest]) < CLEAR * error).any():
            return (
                f"the highest or lowest group is within {CLEAR:.0f} standard errors of another, "
                "so luck picks it; compare with a stated reference instead"
            )
    gradient[order[-1]], gradient[order[0]] = 1.0, -1.0
    return _Smooth(
        value=float(gradient @ groups.value),
        gradient=gradient,
        hessian=np.zeros((len(order), len(order))),
        least_at_nought=False,
    )


_MEASURES: Final[dict[str, tuple[str, Callable[[_Groups], _Smooth | str]]]] = {
    "theil": ("relative", _theil),
    "mean-log-deviation": ("relative", _mean_log_deviation),
    "between-group-variance": ("absolute", _between_group_variance),
    "index-of-disparity": ("relative", _index_of_disparity),
    "range": ("absolute", _range),
}

SPREAD_MEASURES: Final = tuple(_MEASURES)


def _too_few() -> str:
    return f"a group has under {FEWEST_EVENTS} events, so noise cannot be taken out"


def _groups(
    strata: pd.DataFrame,
    levels: Sequence[str],
    per: float,
    shares: Mapping[str, float] | None,
    dispersion: float,
    cell_variance: CellVariance,
) -> _Groups:
    if len(set(levels)) < 2 or len(set(levels)) != len(levels):
        raise DesignError(
            "A spread needs at least two different levels.",
            where="equity.levels",
            remedy="List every level once.",
        )
    require_columns(strata, ["stratum", "numerator", "denominator"], _WHERE)
    rows = strata[strata["stratum"].isin(list(levels))].set_index("stratum")
    for level in levels:
        if level not in rows.index or isinstance(rows.loc[level], pd.DataFrame):
            raise DesignError(
                f"The data do not have the stratum {level!r} exactly once.",
                where=_WHERE,
                remedy=did_you_mean(str(level), [str(name) for name in strata["stratum"]]),
            )
    chosen = rows.loc[list(levels)]
    x = numeric(chosen, "numerator", _WHERE).to_numpy(float)
    n = numeric(chosen, "denominator", _WHERE).to_numpy(float)
    if not np.isfinite(x + n).all() or (n <= 1).any():
        raise DesignError(
            "A count is missing, or a level has nobody in it.",
            where=_WHERE,
            remedy="Missing is not zero: measure the years and levels that are complete.",
        )
    if (x < 0).any() or (cell_variance == "binomial" and (x > n).any()):
        raise DataError(
            "A numerator is negative or larger than its denominator.",
            where=_WHERE,
            remedy="Use cell_variance='poisson' for rates whose events may repeat.",
        )
    sizes = fixed_shares(shares, levels, n.tolist())
    # Unbiased for the cell's variance, unlike p(1 − p)/n.
    unit = x / n**2 if cell_variance == "poisson" else x / n * (1 - x / n) / (n - 1)
    return _Groups(per * x / n, dispersion * per**2 * unit, sizes, x)
