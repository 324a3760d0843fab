"""The series that an interrupted time series design analyses, and what it must satisfy.

For an outcome the series is its rate; for inequality it is a measure computed afresh in
every period from all groups, which carries the correlation between groups exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from equieval.data import Observations, parse_period
from equieval.errors import DesignError, did_you_mean
from equieval.methods.inequality import measure_series
from equieval.methods.its import level_and_slope
from equieval.protocol import Evaluation, indicator
from equieval.protocol.evaluation import InterruptedTimeSeries

MIN_POINTS_PER_SIDE = 3
"""EPOC: an interrupted time series has at least three points before and after."""

SUPPORTED_IMPACT = ("level-and-slope",)
SUPPORTED_SEASONALITY = ("none",)
SUPPORTED_WEIGHTING = ("denominator",)
LINEAR_MEASURES = ("sii", "gap", "concentration-index-absolute")
"""Measures linear in the group rates: a series of them carries the correlation exactly."""


@dataclass(frozen=True)
class SeriesDesign:
    """When the intervention starts, which periods count, and when its effect is judged.

    Attributes
    ----------
    periods : every period of the window, without gaps.
    start : first exposed period.
    horizon : period at which the effect is judged, fixed beforehand.
    excluded : periods left out of every fit by the protocol.
    """

    periods: pd.PeriodIndex
    start: pd.Period
    horizon: pd.Period
    excluded: tuple[pd.Period, ...] = ()

    def matrix(self) -> pd.DataFrame:
        """Return the level-and-slope design, one row per period."""
        return level_and_slope(self.periods, self.start)

    def starting(self, start: pd.Period) -> SeriesDesign:
        """Return the same design with another start."""
        return SeriesDesign(self.periods, start, self.horizon, self.excluded)

    def without(self, *periods: pd.Period) -> SeriesDesign:
        """Return the same design with further periods left out."""
        return SeriesDesign(self.periods, self.start, self.horizon, (*self.excluded, *periods))

    def usable(self, values: pd.Series) -> pd.Series:
        """Return the series on the window, with excluded periods missing."""
        series = values.reindex(self.periods)
        return series.mask(series.index.isin(list(self.excluded)))

    def points(self, values: pd.Series) -> tuple[int, int]:
        """Return the number of usable points before, and from, the start."""
        index = self.usable(values).dropna().index
        return int((index < self.start).sum()), int((index >= self.start).sum())


def series_design(evaluation: Evaluation, observations: Observations) -> SeriesDesign:
    """Read the design from the parameters and hold it against the data.

    Raises
    ------
    DesignError : the start or the horizon lies outside the data, too few points on a side,
        an unexplained gap, or an option that this version does not fit.
    """
    design, primary = _interrupted(evaluation), evaluation.outcomes.primary
    frequency = observations.frequency
    rates = observations.overall(primary.indicator)
    recorded = rates.dropna(subset=["rate"])
    if recorded.empty:
        raise DesignError(
            f"no figures are recorded for '{primary.indicator}'",
            where="outcomes.primary.indicator",
            remedy="name a source that provides its numerator and denominator",
        )
    covered = observations.periods(primary.indicator)
    first = parse_period(design.first_period, frequency) if design.first_period else covered[0]
    last = parse_period(design.last_period, frequency) if design.last_period else covered[-1]
    periods = pd.period_range(first, last, freq=covered.freqstr)
    start = parse_period(design.start, frequency)
    horizon = parse_period(primary.horizon, frequency)
    window = f"{first} to {last}"
    if start not in periods:
        raise DesignError(
            f"the intervention starts in {design.start}, outside the data ({window})",
            where="design.start",
            remedy="correct the start, or supply data around it",
        )
    if horizon not in periods or horizon < start:
        raise DesignError(
            f"the horizon {primary.horizon} is not a period from the start ({start}) "
            f"to the end of the data ({last})",
            where="outcomes.primary.horizon",
            remedy="name a period after the start that the data cover",
        )
    excluded = tuple(parse_period(p, frequency) for p in design.exclude_periods)
    found = SeriesDesign(periods, start, horizon, excluded)
    _refuse_gaps(found, rates, primary.indicator)
    _refuse_too_few(found, rates, primary.indicator)
    return found


def outcome_series(observations: Observations, indicator_id: str) -> pd.Series:
    """Return the rate of an indicator over all groups, per the indicator's unit, by period."""
    frame = observations.overall(indicator_id)
    return pd.Series(frame["rate"].to_numpy(), index=pd.PeriodIndex(frame["period"]), name="rate")


def stratum_series(observations: Observations, indicator_id: str, stratum: str) -> pd.Series:
    """Return the rate of an indicator in one group, by period."""
    frame = observations.strata(indicator_id)
    frame = frame[frame["stratum"] == stratum]
    return pd.Series(frame["rate"].to_numpy(), index=pd.PeriodIndex(frame["period"]), name=stratum)


def inequality_series(observations: Observations, indicator_id: str, measure: str) -> pd.DataFrame:
    """Return an inequality measure per period with its sampling interval.

    Returns
    -------
    DataFrame ``period, estimate, std_error, ci_low, ci_high``; positive (or above 1) is worse
    for the most deprived.
    """
    details = indicator(indicator_id)
    return measure_series(
        observations.strata(indicator_id),
        observations.levels,
        measure,
        per=details.per,
        polarity=details.polarity,
    )


def _interrupted(evaluation: Evaluation) -> InterruptedTimeSeries:
    """Return the design block if this version fits every option in it."""
    design = evaluation.design
    if not isinstance(design, InterruptedTimeSeries):
        raise DesignError(
            f"design '{design.type}' is no interrupted time series of one unit",
            where="design.type",
            remedy="use the pages of that design",
        )
    primary = evaluation.outcomes.primary
    for key, value, fitted in (
        ("design.impact", design.impact, SUPPORTED_IMPACT),
        ("design.seasonality", design.seasonality, SUPPORTED_SEASONALITY),
        ("outcomes.primary.measure", primary.measure, LINEAR_MEASURES),
        ("outcomes.primary.weighting", primary.weighting, SUPPORTED_WEIGHTING),
    ):
        if value not in fitted:
            raise DesignError(
                f"{key.rpartition('.')[2]} '{value}' is not fitted by this version for a single "
                "series",
                where=key,
                remedy=did_you_mean(value, fitted),
            )
    return design


def _refuse_gaps(design: SeriesDesign, rates: pd.DataFrame, indicator_id: str) -> None:
    series = rates.set_index("period")["rate"].reindex(design.periods)
    gaps = [p for p in series.index[series.isna()] if p not in design.excluded]
    if gaps:
        listed = ", ".join(str(period) for period in gaps[:12])
        raise DesignError(
            f"the series of '{indicator_id}' has gaps: {listed}",
            where="data",
            remedy="supply the missing periods, or leave them out by the protocol: list them "
            "under design.exclude_periods with the reason",
        )


def _refuse_too_few(design: SeriesDesign, rates: pd.DataFrame, indicator_id: str) -> None:
    series = design.usable(rates.set_index("period")["rate"]).dropna()
    before, after = (
        int((series.index < design.start).sum()),
        int((series.index >= design.start).sum()),
    )
    if min(before, after) < MIN_POINTS_PER_SIDE:
        raise DesignError(
            f"too few points for '{indicator_id}': {before} before and {after} from the start "
            f"({design.start}); an interrupted time series needs at least "
            f"{MIN_POINTS_PER_SIDE} on each side",
            where="design.start",
            remedy="supply a longer series or more frequent figures",
        )
