"""One estimated quantity with its interval: what every estimator hands on."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from equieval.errors import DesignError


@dataclass(frozen=True)
class Contrast:
    """An estimate with its standard error, degrees of freedom, interval and p value.

    ``scale`` is ``"absolute"`` (the unit of the outcome), ``"log"`` (a coefficient of a log-link
    model) or ``"relative"`` (back-transformed: estimate and interval are ratios, no effect is 1,
    while ``std_error`` stays that of the logarithm). ``p_value`` is two-sided against no effect.
    ``df`` is infinite where the interval rests on the normal distribution.
    """

    estimate: float
    std_error: float
    df: float
    ci_low: float
    ci_high: float
    p_value: float
    ci_level: float = 0.95
    scale: str = "absolute"

    def as_row(self) -> dict[str, float]:
        """Return the fields that the table of estimates holds, keyed by its column names."""
        return {
            "estimate": self.estimate,
            "std_error": self.std_error,
            "df": self.df,
            "ci_low": self.ci_low,
            "ci_high": self.ci_high,
            "ci_level": self.ci_level,
            "p_value": self.p_value,
        }

    def as_ratio(self) -> Contrast:
        """Back-transform a contrast on the log scale to a ratio."""
        if self.scale != "log":
            raise DesignError(
                f"Only a contrast on the log scale has a ratio; this one is {self.scale}.",
                where="Contrast.as_ratio",
                remedy="Fit a log-link model, or ask for the relative effect.",
            )
        return Contrast(
            estimate=exp_or_infinity(self.estimate),
            std_error=self.std_error,
            df=self.df,
            ci_low=exp_or_infinity(self.ci_low),
            ci_high=exp_or_infinity(self.ci_high),
            p_value=self.p_value,
            ci_level=self.ci_level,
            scale="relative",
        )


def t_contrast(
    estimate: float,
    std_error: float,
    df: float = math.inf,
    *,
    ci_level: float = 0.95,
    scale: str = "absolute",
) -> Contrast:
    """Build the contrast whose interval is ``estimate ± t(df) · std_error``.

    ``df = inf`` gives the normal interval. A confidence level outside (0, 1) raises
    ``DesignError``.
    """
    multiplier = t_quantile(df, ci_level)
    if std_error > 0:
        p_value = 2 * t_upper_tail(abs(estimate) / std_error, df)
        half_width = multiplier * std_error
    else:
        p_value, half_width = math.nan, math.nan
    return Contrast(
        estimate=float(estimate),
        std_error=float(std_error),
        df=float(df),
        ci_low=float(estimate - half_width),
        ci_high=float(estimate + half_width),
        p_value=p_value,
        ci_level=ci_level,
        scale=scale,
    )


def t_quantile(df: float, ci_level: float) -> float:
    """Return the two-sided multiplier of a ``ci_level`` interval on ``df`` degrees of freedom."""
    if not 0 < ci_level < 1:
        raise DesignError(
            f"A confidence level lies between 0 and 1, not {ci_level}.",
            where="ci_level",
            remedy="Write 0.95 for a 95% interval.",
        )
    upper = 0.5 + ci_level / 2
    # The functions behind scipy.stats.t, whose checks cost a hundred times as much.
    return float(special.ndtri(upper) if df == math.inf else special.stdtrit(df, upper))


def t_upper_tail(statistic: float, df: float) -> float:
    """Return the probability above ``statistic`` on ``df`` degrees of freedom."""
    if df == math.inf:
        return float(special.ndtr(-statistic))
    return float(special.stdtr(df, -statistic))


def exp_or_infinity(value: float) -> float:
    """``exp`` that overflows to infinity: an interval without an upper end is an honest one."""
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf
