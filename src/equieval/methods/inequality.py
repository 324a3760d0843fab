"""Measures of inequality over ordered groups, with intervals, in one sign convention.

Groups run from most to least deprived; share ``s = n/Σn``, ridit ``r`` = cumulative share less
half the own. **Positive is worse for the most deprived, and a ratio above 1 is worse for the
most deprived, whatever the polarity of the indicator.** Sources: Mackenbach & Kunst (1997, Soc
Sci Med 44:757) for SII and RII; Kakwani, Wagstaff & van Doorslaer (1997, J Econom 77:87) for the
concentration index; Newcombe (1998, Stat Med 17:873) for the gap; Katz et al. (1978) for the
ratio. With fixed shares and independent groups the variances are in closed form: no draws.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from equieval.errors import DesignError, InputError, did_you_mean, one_of
from equieval.methods.concentration import (
    absolute_concentration_index,
    erreygers_index,
    relative_concentration_index,
    wagstaff_index,
)
from equieval.methods.gradient import (
    Array,
    Cells,
    Direction,
    Form,
    Measured,
    Model,
    cells_from_counts,
    cells_from_values,
    extreme_gap,
    extreme_ratio,
    relative_index,
    slope_index,
)
from equieval.methods.panel import numeric, require_columns

Polarity = Literal["low", "high", "parity", "neutral"]
CellVariance = Literal["binomial", "poisson"]

_MEASURES: Final[dict[str, tuple[str, float, Callable[[Cells, Direction], Measured]]]] = {
    "gap": ("absolute", 0.0, extreme_gap),
    "ratio": ("relative", 1.0, extreme_ratio),
    "sii": ("absolute", 0.0, slope_index),
    "rii": ("relative", 1.0, relative_index),
    "concentration-index-absolute": ("absolute", 0.0, absolute_concentration_index),
    "concentration-index-relative": ("relative", 0.0, relative_concentration_index),
}

#: Concentration indices that a proportion's bounds are taken out of; given where asked for.
_OF_PROPORTIONS: Final[dict[str, tuple[str, float, Callable[[Cells, Direction], Measured]]]] = {
    "wagstaff-index": ("relative", 0.0, wagstaff_index),
    "erreygers-index": ("absolute", 0.0, erreygers_index),
}
_EVERY: Final = _MEASURES | _OF_PROPORTIONS

MEASURES: Final = tuple(_MEASURES)

#: Value of each measure when there is no inequality.
NO_INEQUALITY: Final = {measure: null for measure, (_, null, _) in _MEASURES.items()}


def measures(
    strata: pd.DataFrame,
    levels: Sequence[str],
    *,
    per: float,
    polarity: Polarity = "low",
    which: Sequence[str] = MEASURES,
    ci_level: float = 0.95,
    shares: Mapping[str, float] | None = None,
    dispersion: float = 1.0,
    model: Model = "linear",
    form: Form = "convention",
    cell_variance: CellVariance = "binomial",
) -> pd.DataFrame:
    """Return ``measure, scale, estimate, std_error, ci_low, ci_high, method``, one row each.

    Parameters
    ----------
    strata : columns ``stratum, numerator, denominator``, one row per stratum; rows that
        ``levels`` does not name (a total, an unknown category) are left out.
    levels : strata from most to least deprived.
    per : the rate is ``per · numerator / denominator``.
    polarity : of the indicator; ``parity`` measures the distance of the rate from 1, ``neutral``
        is signed as if high were worse.
    shares : fixed shares by level (for trends and effects); by default those of the data.
    dispersion : factor on the cell variances, for counts more variable than chance.
    model : scale on which SII and RII are straight in the ridit; ``log`` for rates, ``logit``
        for proportions, back-transformed.
    form : ``slope`` gives SII, RII and concentration indices as public-health tables print them,
        from most to least deprived, whatever the polarity.

    ``std_error`` of a ratio is that of its logarithm. Cell variances are binomial or Poisson;
    a stratum with no (or only) events takes its variance from (x + ½)/(n + 1). A measure that
    the data leave undefined is missing, and ``method`` says why. Raises ``DesignError`` when a
    column is absent or text, when a level is absent or missing or has no denominator where the
    measure needs it, ``InputError`` for unknown measures, levels and words.
    """
    _check_words(polarity, model, form, cell_variance)
    _check(which, levels)
    counts = _by_level(strata, levels, ("numerator", "denominator"))
    cells = cells_from_counts(
        counts[:, 0],
        counts[:, 1],
        per=per,
        shares=_shares(shares, levels),
        dispersion=dispersion,
        ci_level=ci_level,
        model=model,
        poisson=cell_variance == "poisson",
        parity=polarity == "parity",
    )
    cells.require_complete(levels)
    return _rows(cells, Direction(polarity == "high", form), which)


def measures_of_values(
    strata: pd.DataFrame,
    levels: Sequence[str],
    *,
    polarity: Polarity = "low",
    which: Sequence[str] = MEASURES,
    ci_level: float = 0.95,
    shares: Mapping[str, float] | None = None,
    model: Model = "linear",
    form: Form = "convention",
) -> pd.DataFrame:
    """Return what ``measures`` returns, for values that are not counts.

    ``strata`` has ``stratum, value, std_error, population`` (life expectancy, a standardised
    rate, a mean); the population gives the shares. Intervals of gap and ratio are Wald's. Errors
    as for ``measures``, and ``DesignError`` for a standard error that is missing or negative.
    """
    _check_words(polarity, model, form)
    _check(which, levels)
    values = _by_level(strata, levels, ("value", "std_error", "population"))
    unknown = np.isfinite(values[:, 0]) & (values[:, 2] > 0) & ~(values[:, 1] >= 0)
    if unknown.any():
        raise DesignError(
            "The standard error of these strata is missing or negative: "
            + ", ".join(str(level) for level, bad in zip(levels, unknown, strict=True) if bad)
            + ".",
            where="inequality measures",
            remedy="Give the standard error of every value, or leave the stratum out.",
        )
    cells = cells_from_values(
        values[:, 0],
        values[:, 1],
        values[:, 2],
        shares=_shares(shares, levels),
        ci_level=ci_level,
        model=model,
        parity=polarity == "parity",
    )
    cells.require_complete(levels)
    return _rows(cells, Direction(polarity == "high", form), which)


def measure_series(
    strata: pd.DataFrame,
    levels: Sequence[str],
    measure: str,
    *,
    per: float,
    polarity: Polarity = "low",
    ci_level: float = 0.95,
    shares: Mapping[str, float] | None = None,
    dispersion: float = 1.0,
    model: Model = "linear",
    form: Form = "convention",
    cell_variance: CellVariance = "binomial",
) -> pd.DataFrame:
    """Return ``period, estimate, std_error, ci_low, ci_high`` of one measure, by period.

    ``strata`` has ``period, stratum, numerator, denominator``. A period in which a level is
    missing has a missing estimate: an index over fewer groups is another index. Other arguments
    and errors as for ``measures``.
    """
    _check_words(polarity, model, form, cell_variance)
    require_columns(strata, ["period"], "inequality measures")
    _check((measure,), levels)
    _, _, evaluate = _MEASURES[measure]
    fixed = _shares(shares, levels)
    direction = Direction(polarity == "high", form)
    records = []
    for period, of_period in strata.groupby("period", sort=True):
        counts = _by_level(of_period, levels, ("numerator", "denominator"), strict=False)
        cells = cells_from_counts(
            counts[:, 0],
            counts[:, 1],
            per=per,
            shares=fixed,
            dispersion=dispersion,
            ci_level=ci_level,
            model=model,
            poisson=cell_variance == "poisson",
            parity=polarity == "parity",
        )
        found = evaluate(cells, direction) if cells.complete else Measured.undefined("missing")
        records.append((period, found.estimate, found.std_error, found.ci_low, found.ci_high))
    return pd.DataFrame(records, columns=["period", "estimate", "std_error", "ci_low", "ci_high"])


def _rows(cells: Cells, direction: Direction, which: Sequence[str]) -> pd.DataFrame:
    records = []
    for measure in which:
        scale, _, evaluate = _EVERY[measure]
        found = evaluate(cells, direction)
        records.append(
            (
                measure,
                scale,
                found.estimate,
                found.std_error,
                found.ci_low,
                found.ci_high,
                found.method,
            )
        )
    columns = ["measure", "scale", "estimate", "std_error", "ci_low", "ci_high", "method"]
    return pd.DataFrame(records, columns=columns)


def _check_words(
    polarity: Polarity, model: Model, form: Form, cell_variance: CellVariance = "binomial"
) -> None:
    one_of(polarity, get_args(Polarity), "polarity")
    one_of(model, get_args(Model), "model")
    one_of(form, get_args(Form), "form")
    one_of(cell_variance, get_args(CellVariance), "cell_variance")


def _check(which: Sequence[str], levels: Sequence[str]) -> None:
    for measure in which:
        if measure not in _EVERY:
            raise InputError(
                f"There is no inequality measure {measure!r}.",
                where="equity.measures",
                remedy=did_you_mean(measure, _EVERY),
            )
    if len(levels) < 2 or len(set(levels)) != len(levels):
        raise DesignError(
            "An inequality needs at least two different levels.",
            where="equity.levels",
            remedy="List the levels from most to least deprived, each once.",
        )


def _shares(shares: Mapping[str, float] | None, levels: Sequence[str]) -> Array | None:
    if shares is None:
        return None
    absent = [level for level in levels if level not in shares]
    values = np.array([float(shares.get(level, np.nan)) for level in levels])
    if absent or not (values >= 0).all() or values.sum() <= 0:
        raise InputError(
            "Fixed shares must name every level and cannot be negative"
            + (f"; absent: {', '.join(absent)}." if absent else "."),
            where="shares",
            remedy="Give one share per level; they need not sum to 1.",
        )
    return np.asarray(values / values.sum())


def _by_level(
    strata: pd.DataFrame, levels: Sequence[str], columns: tuple[str, ...], strict: bool = True
) -> Array:
    """Return the columns as an array levels × columns; an absent level is an error or NaN."""
    require_columns(strata, ["stratum", *columns], "inequality measures")
    indexed = strata.set_index("stratum")
    if indexed.index.has_duplicates:
        twice = indexed.index[indexed.index.duplicated()][0]
        raise DesignError(
            f"The stratum {twice!r} occurs more than once.",
            where="inequality measures",
            remedy="Give one row per stratum; aggregate units and periods first.",
        )
    absent = [level for level in levels if level not in indexed.index]
    if absent and strict:
        raise DesignError(
            f"The data have no stratum {absent[0]!r}.",
            where="equity.levels",
            remedy=did_you_mean(str(absent[0]), [str(known) for known in indexed.index]),
        )
    chosen = indexed.reindex(list(levels))
    return np.column_stack([numeric(chosen, name, "inequality measures") for name in columns])
