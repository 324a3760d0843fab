"""Designs of interrupted time series beyond level and slope.

Impact models (Bernal et al. 2017, Int J Epidemiol 46:348): a level, a slope, or both, at once,
after a lag, or after a phase-in that is left out; season by Fourier pairs or by indicators;
other interruptions (a pandemic) that belong to the counterfactual, lasting or passing; windows
that are left out; and a control series (Lopez Bernal et al. 2018, Int J Epidemiol 47:2082).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from equieval.errors import DesignError, one_of
from equieval.methods.arguments import require_period, require_periods, require_whole
from equieval.methods.its import level_and_slope

Impact = Literal["level-and-slope", "level", "slope"]

_TERMS: Final[dict[Impact, tuple[str, ...]]] = {
    "level-and-slope": ("post", "since"),
    "level": ("post",),
    "slope": ("since",),
}

#: When another interruption came; a pair is its first and last period, after which it is over.
Interruption = pd.Period | tuple[pd.Period, pd.Period]

#: Periods in a season's cycle, by pandas frequency.
CYCLE: Final = {"M": 12, "Q": 4, "W": 52}


@dataclass(frozen=True)
class SegmentedModel:
    """How an interruption may show and what else moves the series, fixed before it is looked at.

    The fields are the arguments of ``segmented``; ``matrix`` builds the design from them, so
    that one protocol gives every series (treated, control, each unit) the same model.
    """

    impact: Impact = "level-and-slope"
    lag: int = 0
    phase_in: int = 0
    other_interruptions: Mapping[str, Interruption] = field(default_factory=dict)
    exclude: tuple[pd.Period, ...] = ()
    fourier_pairs: int = 0
    seasonal_indicators: bool = False

    def matrix(self, periods: pd.PeriodIndex, start: pd.Period) -> pd.DataFrame:
        """Return the design over ``periods``, as ``segmented`` does and with its errors."""
        return segmented(
            periods,
            start,
            impact=self.impact,
            lag=self.lag,
            phase_in=self.phase_in,
            other=self.other_interruptions,
            exclude=self.exclude,
            fourier_pairs=self.fourier_pairs,
            seasonal_indicators=self.seasonal_indicators,
        )


def segmented(
    periods: pd.PeriodIndex,
    start: pd.Period,
    *,
    impact: Impact = "level-and-slope",
    lag: int = 0,
    phase_in: int = 0,
    other: Mapping[str, Interruption] | None = None,
    exclude: Iterable[pd.Period] = (),
    fourier_pairs: int = 0,
    seasonal_indicators: bool = False,
) -> pd.DataFrame:
    """Return the design of a series with an interruption at ``start``.

    Columns ``intercept, t``, then ``post`` and/or ``since`` by ``impact``, then for each of
    ``other`` interruptions ``post <name>`` and ``since <name>`` (``during <name>`` for one that
    passed), then the season.

    Parameters
    ----------
    lag : periods from the start until the impact begins.
    phase_in : periods from there that are left out of the design (rows that are not there are
        not fitted), while time runs on.
    other : starts of interruptions that are no part of the intervention, or pairs of the first
        and last period of one that passed (a change of level while it lasted): the
        counterfactual keeps them.
    exclude : periods left out of the design, while time runs on.
    fourier_pairs : pairs of sine and cosine over the year's cycle.
    seasonal_indicators : an indicator per month or quarter, the first one left out.

    Raises ``DesignError`` as ``level_and_slope``, and for a negative lag or phase-in, an excluded
    period that the series does not have or that is text, windows that leave nothing before or
    after, a frequency without a season, more pairs than the cycle carries, and both seasons.
    """
    one_of(impact, get_args(Impact), "design.impact")
    require_whole(lag, "design.impact.lag")
    require_whole(phase_in, "design.impact.phase_in")
    require_periods(periods, "interrupted time series")
    require_period(start, periods.freqstr, "design.start")
    begins = start + lag
    resumes = begins + phase_in
    base = level_and_slope(periods, begins)
    design = base[["intercept", "t", *_TERMS[impact]]]
    for name, at in (other or {}).items():
        design = design.join(_interruption(periods, name, at))
    season = _season(periods, fourier_pairs, seasonal_indicators)
    design = design.join(season)
    if not (periods >= resumes).any():
        raise DesignError(
            f"Lag and phase-in leave no period after {resumes}.",
            where="design.impact",
            remedy="Shorten them, or wait for later data.",
        )
    kept = ((periods < begins) | (periods >= resumes)) & ~_excluded(periods, exclude)
    for side, words in ((periods < begins, "before"), (periods >= resumes, "after")):
        if not (side & kept).any():
            raise DesignError(
                f"The excluded periods leave none {words} the impact begins.",
                where="design.exclude_periods",
                remedy="Exclude fewer periods.",
            )
    return design.loc[kept]


def _interruption(periods: pd.PeriodIndex, name: str, at: Interruption) -> pd.DataFrame:
    """Return the terms of an interruption that is no part of the intervention."""
    if not isinstance(at, tuple):
        return level_and_slope(periods, at)[["post", "since"]].add_suffix(f" {name}")
    first, last = at
    require_period(last, periods.freqstr, "design.other_interruptions")
    level_and_slope(periods, first)  # refuses another frequency, and a start outside the series
    if last < first:
        raise DesignError(
            f"The interruption {name!r} ends ({last}) before it begins ({first}).",
            where="design.other_interruptions",
            remedy="Give its first and its last period.",
        )
    during = (periods >= first) & (periods <= last)
    return pd.DataFrame({f"during {name}": during.astype(float)}, index=periods)


def _excluded(
    periods: pd.PeriodIndex, exclude: Iterable[pd.Period]
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    wanted = list(exclude)
    for period in wanted:
        require_period(period, periods.freqstr, "design.exclude_periods")
        if period not in periods:
            raise DesignError(
                f"The series has no period {period} to exclude.",
                where="design.exclude_periods",
                remedy=f"Choose periods from {periods.min()} to {periods.max()}.",
            )
    return np.asarray(periods.isin(wanted))


def difference_series(treated: pd.Series, control: pd.Series) -> pd.Series:
    """Return treated minus control by period: missing where either is.

    For a linear model the interaction with a control series and the same model of the
    difference are one and the same, and the difference carries the correlation between the two.
    """
    if not treated.index.equals(control.index):
        raise DesignError(
            "The treated and the control series run over different periods.",
            where="controlled interrupted time series",
            remedy="Give both for the same periods; missing values are allowed.",
        )
    return treated - control


def _season(periods: pd.PeriodIndex, pairs: int, indicators: bool) -> pd.DataFrame:
    if not pairs and not indicators:
        return pd.DataFrame(index=periods)
    frequency = periods.freqstr.split("-")[0]
    if frequency not in CYCLE:
        raise DesignError(
            f"A series by {frequency} has no season.",
            where="design.seasonality",
            remedy="Leave the season out, or use monthly or quarterly data.",
        )
    cycle = CYCLE[frequency]
    if pairs and indicators:
        raise DesignError(
            "Fourier pairs and indicators describe the same season twice.",
            where="design.seasonality",
            remedy="Choose one of them.",
        )
    if not 0 <= pairs <= cycle // 2 - 1:
        raise DesignError(
            f"A cycle of {cycle} periods does not carry {pairs} Fourier pairs.",
            where="design.seasonality",
            remedy=f"Choose from 1 to {cycle // 2 - 1}; one or two are usual.",
        )
    place = _place_in_year(periods, frequency)
    if indicators:
        if frequency == "W":
            raise DesignError(
                "Indicators for every week leave nothing to estimate.",
                where="design.seasonality",
                remedy="Use Fourier pairs for weekly data.",
            )
        names = {f"season {number}": place == number for number in range(2, cycle + 1)}
        return pd.DataFrame(names, index=periods).astype(float)
    angle = 2 * math.pi * (place - 1) / (cycle if frequency != "W" else 365.25 / 7)
    waves: dict[str, object] = {}
    for number in range(1, pairs + 1):
        waves[f"sin {number}"] = np.sin(number * angle)
        waves[f"cos {number}"] = np.cos(number * angle)
    return pd.DataFrame(waves, index=periods)


def _place_in_year(
    periods: pd.PeriodIndex, frequency: str
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    if frequency == "M":
        return np.asarray(periods.month, dtype=float)
    if frequency == "Q":
        return np.asarray(periods.quarter, dtype=float)
    return np.asarray(periods.asi8, dtype=float)
