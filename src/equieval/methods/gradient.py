"""The arithmetic of inequality measures on one set of groups, in plain arrays.

``Cells`` holds the groups' values with their variances, shares and ridits; each function turns
them into one measure. Every measure is a smooth function of independent cells, so its variance
is ``Σ (∂I/∂y)² var(y)``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from equieval.errors import DataError, DesignError, one_of
from equieval.methods.arguments import require_per_and_dispersion
from equieval.methods.contrasts import exp_or_infinity, t_quantile
from equieval.methods.proportions import byar_limits, wilson_limits

Array = npt.NDArray[np.float64]
Model = Literal["linear", "log", "logit"]
Form = Literal["convention", "slope"]

_NOBODY = "the group at one end has nobody in it"


@dataclass(frozen=True)
class Direction:
    """How a measure is signed: high is good or not, our convention or the slope form."""

    high_is_good: bool
    form: Form

    @property
    def extremes(self) -> int:
        """+1 when most deprived minus least deprived is positive for worse, else −1."""
        return -1 if self.high_is_good else 1

    @property
    def gradient(self) -> int:
        """The same for measures over all groups, which have a slope form."""
        return -1 if self.form == "slope" else self.extremes


@dataclass(frozen=True)
class Measured:
    """One measure; ``std_error`` of a ratio is that of its logarithm."""

    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    method: str

    @classmethod
    def undefined(cls, reason: str) -> Measured:
        """A measure that these data leave undefined, with the reason as its method."""
        return cls(math.nan, math.nan, math.nan, math.nan, f"not defined: {reason}")


@dataclass(frozen=True, eq=False)
class Cells:
    """Groups from most to least deprived: value, its variance, its own limits, share, ridit."""

    value: Array
    variance: Array
    low: Array
    high: Array
    limits: str
    share: Array
    ridit: Array
    per: float
    model: Model
    ci_level: float

    @property
    def complete(self) -> bool:
        """Whether no group is missing; a group without anyone in it is empty, not missing."""
        return bool(np.isfinite(self.share).all() and np.isfinite(self.value[self.inhabited]).all())

    @property
    def inhabited(self) -> npt.NDArray[np.bool_]:
        """Groups with a share above 0."""
        return np.asarray(~(self.share == 0))

    @property
    def z(self) -> float:
        """Multiplier of the normal interval."""
        return t_quantile(math.inf, self.ci_level)

    def require_complete(self, levels: Sequence[str]) -> None:
        """Raise ``DesignError`` that names the missing groups."""
        if not self.complete:
            unknown = ~np.isfinite(self.share) | (self.inhabited & ~np.isfinite(self.value))
            names = [str(level) for level, bad in zip(levels, unknown, strict=True) if bad]
            raise DesignError(
                "The value of these strata is missing: " + ", ".join(names) + ".",
                where="inequality measures",
                remedy="Missing is not zero: measure the years and levels that are complete.",
            )


def cells_from_counts(
    numerator: Array,
    denominator: Array,
    *,
    per: float,
    shares: Array | None,
    dispersion: float,
    ci_level: float,
    model: Model,
    poisson: bool,
    parity: bool,
) -> Cells:
    """Build the cells of rates ``per · numerator / denominator``; NaN is missing.

    Raises ``DataError`` for impossible counts, ``InputError`` for an unknown model and for a
    ``per`` or a ``dispersion`` that is not above 0.
    """
    one_of(model, get_args(Model), "model")
    require_per_and_dispersion(per, dispersion)
    if np.any(numerator < 0) or np.any(denominator < 0):
        raise DataError(
            "A count is negative.",
            where="inequality measures",
            remedy="Check the numerator and denominator columns.",
        )
    if not poisson and np.any(numerator > denominator):
        raise DataError(
            "A numerator is larger than its denominator.",
            where="inequality measures",
            remedy="Use cell_variance='poisson' for rates whose events may repeat.",
        )
    n = np.where(denominator > 0, denominator, np.nan)
    share = denominator / np.nansum(denominator) if shares is None else shares
    proportion = numerator / n
    # A cell without events would have no variance: half an event more, as Agresti does.
    edge = (numerator == 0) | ((numerator == denominator) & (not poisson))
    smoothed = np.where(edge, (numerator + 0.5) / (n + 1), proportion)
    spread = smoothed if poisson else smoothed * (1 - smoothed)
    variance = dispersion * per**2 * spread / n
    if poisson:
        low, high = byar_limits(numerator, ci_level, dispersion)
        low, high, limits = per * low / n, per * high / n, "MOVER on Byar limits"
    else:
        low, high = wilson_limits(numerator, n, ci_level, dispersion)
        low, high, limits = per * low, per * high, "Newcombe (Wilson limits)"
    return _cells(
        per * proportion, variance, (low, high, limits), share, per, model, ci_level, parity
    )


def cells_from_values(
    value: Array,
    std_error: Array,
    population: Array,
    *,
    shares: Array | None,
    ci_level: float,
    model: Model,
    parity: bool,
) -> Cells:
    """Build the cells of values with standard errors; the population gives the shares."""
    one_of(model, get_args(Model), "model")
    share = population / population.sum() if shares is None else shares
    half = t_quantile(math.inf, ci_level) * std_error
    wald = (value - half, value + half, "Wald")
    return _cells(value, std_error**2, wald, share, 1.0, model, ci_level, parity)


def _cells(
    value: Array,
    variance: Array,
    limits: tuple[Array, Array, str],
    share: Array,
    per: float,
    model: Model,
    ci_level: float,
    parity: bool,
) -> Cells:
    low, high, method = limits
    if parity:
        value, half = np.abs(value - 1), t_quantile(math.inf, ci_level) * np.sqrt(variance)
        low, high, method = value - half, value + half, "Wald"
    return Cells(
        value=value,
        variance=variance,
        low=low,
        high=high,
        limits=method,
        share=share,
        ridit=np.cumsum(share) - share / 2,
        per=per,
        model=model,
        ci_level=ci_level,
    )


def extreme_gap(cells: Cells, direction: Direction) -> Measured:
    """Most minus least deprived group; interval from the two groups' own limits (MOVER)."""
    if not _has_extremes(cells):
        return Measured.undefined(_NOBODY)
    worst, best = (0, -1) if direction.extremes > 0 else (-1, 0)
    value = cells.value
    gap = float(value[worst] - value[best])
    below = math.hypot(value[worst] - cells.low[worst], cells.high[best] - value[best])
    above = math.hypot(cells.high[worst] - value[worst], value[best] - cells.low[best])
    std_error = math.sqrt(float(cells.variance[0] + cells.variance[-1]))
    return Measured(gap, std_error, gap - below, gap + above, cells.limits)


def extreme_ratio(cells: Cells, direction: Direction) -> Measured:
    """Most over least deprived group (inverted where high is good); log-normal interval."""
    if not _has_extremes(cells):
        return Measured.undefined(_NOBODY)
    first, last = float(cells.value[0]), float(cells.value[-1])
    if first <= 0 or last <= 0:
        return Measured.undefined("a group at one end has no events")
    std_error = math.sqrt(float(cells.variance[0]) / first**2 + float(cells.variance[-1]) / last**2)
    return _ratio(direction.extremes * math.log(first / last), std_error, cells.z, "log-normal")


def slope_index(cells: Cells, direction: Direction) -> Measured:
    """Slope index of inequality: fitted difference between the two ends of the ridit scale."""
    fitted = _fit(cells)
    if fitted is None:
        return Measured.undefined(_out_of_scale(cells.model))
    ends, gradients = fitted
    difference = without_rounding(float(ends[0] - ends[1]), float(np.abs(ends).max()))
    estimate = direction.gradient * difference
    std_error = _std_error(gradients[0] - gradients[1], cells)
    return by_normal(estimate, std_error, cells.z, _regression(cells.model))


def relative_index(cells: Cells, direction: Direction) -> Measured:
    """Relative index of inequality: ratio of the two fitted ends; delta method on its log."""
    fitted = _fit(cells)
    if fitted is None:
        return Measured.undefined(_out_of_scale(cells.model))
    ends, gradients = fitted
    if ends.min() <= 0:
        return Measured.undefined("the fitted line is not positive at both ends")
    std_error = _std_error(gradients[0] / ends[0] - gradients[1] / ends[1], cells)
    log_ratio = direction.gradient * math.log(float(ends[0] / ends[1]))
    return _ratio(log_ratio, std_error, cells.z, _regression(cells.model))


def slope_weights(share: Array, ridit: Array) -> Array:
    """Return ``m`` with ``slope = Σ m y``: the share-weighted regression of y on the ridit."""
    centred = ridit - 0.5
    spread = float(share @ centred**2)
    if spread <= 1e-12:
        raise DesignError(
            "Only one group has anyone in it: there is no gradient to measure.",
            where="inequality measures",
            remedy="Measure years and levels in which at least two groups are present.",
        )
    return np.asarray(share * centred / spread)


def measure_weights(
    measure: str, shares: Array, *, polarity: Literal["low", "high"] = "low"
) -> Array:
    """Return the weights by group whose sum with the rates is a measure, at fixed shares.

    For measures linear in the rates: ``gap``, ``sii``, ``concentration-index-absolute``.
    ``shares`` follow the groups from most to least deprived and sum to 1; the measure is
    positive where the most deprived are worse off. Raises ``DesignError`` for another measure.
    """
    one_of(polarity, ("low", "high"), "polarity")
    ridits = np.cumsum(shares) - shares / 2
    if measure == "gap":
        weights = np.eye(len(shares))[0] - np.eye(len(shares))[-1]
    elif measure == "sii":
        weights = -slope_weights(shares, ridits)
    elif measure == "concentration-index-absolute":
        weights = -2 * shares * (ridits - 0.5)
    else:
        raise DesignError(
            f"The measure {measure!r} is no weighted sum of the groups' rates.",
            where="inequality measures",
            remedy="Use one of: gap, sii, concentration-index-absolute.",
        )
    return np.asarray(weights if polarity == "low" else -weights)


def _fit(cells: Cells) -> tuple[Array, tuple[Array, Array]] | None:
    """Return fitted values at ridit 0 and 1 and their gradients by the cells, or None."""
    value, _ = present(cells)
    slope = slope_weights(cells.share, cells.ridit)
    at_most, at_least = cells.share - slope / 2, cells.share + slope / 2
    if cells.model == "linear":
        return np.array([at_most @ value, at_least @ value]), (at_most, at_least)
    scaled = value / cells.per
    inside = scaled > 0 if cells.model == "log" else (scaled > 0) & (scaled < 1)
    if not inside[cells.inhabited].all():
        return None
    scaled = np.where(cells.inhabited, scaled, 0.5)
    if cells.model == "log":
        transformed, by_value = np.log(scaled), 1 / scaled
        ends = np.exp([at_most @ transformed, at_least @ transformed])
        back = ends
    else:
        transformed, by_value = np.log(scaled / (1 - scaled)), 1 / (scaled * (1 - scaled))
        ends = 1 / (1 + np.exp([-(at_most @ transformed), -(at_least @ transformed)]))
        back = ends * (1 - ends)
    gradients = (back[0] * at_most * by_value, back[1] * at_least * by_value)
    return cells.per * ends, gradients


def present(cells: Cells) -> tuple[Array, Array]:
    """Values and variances with 0 for groups that nobody is in (their weight is 0 as well)."""
    return (
        np.where(cells.inhabited, cells.value, 0.0),
        np.where(cells.inhabited, cells.variance, 0.0),
    )


def _std_error(gradient: Array, cells: Cells) -> float:
    _, variance = present(cells)
    return math.sqrt(float(gradient**2 @ variance))


def _has_extremes(cells: Cells) -> bool:
    return bool(np.isfinite(cells.value[[0, -1]]).all())


def without_rounding(difference: float, size: float) -> float:
    """Return 0 for a difference that is rounding of figures of that size: groups all alike."""
    return difference if abs(difference) > 1e-12 * size else 0.0


def by_normal(estimate: float, std_error: float, z: float, method: str) -> Measured:
    """Return a measure with the interval of the normal distribution."""
    return Measured(estimate, std_error, estimate - z * std_error, estimate + z * std_error, method)


def _ratio(log_ratio: float, std_error: float, z: float, method: str) -> Measured:
    return Measured(
        exp_or_infinity(log_ratio),
        std_error,
        exp_or_infinity(log_ratio - z * std_error),
        exp_or_infinity(log_ratio + z * std_error),
        method,
    )


def _regression(model: Model) -> str:
    if model == "linear":
        return "share-weighted regression on the ridit"
    return f"share-weighted regression of the {model} on the ridit, back-transformed"


def _out_of_scale(model: Model) -> str:
    return f"a group has no events, or nothing else, so its {model} is not finite"
