"""Rates and inequality measures by period: the series that time-series designs analyse.

For inequality the series is a measure computed afresh in every period from all groups, which
carries the correlation between groups exactly.
"""

from __future__ import annotations

import pandas as pd

from equieval.data import Observations
from equieval.data.observations import FIGURES
from equieval.disclosure.protect import MARK
from equieval.methods.inequality import measure_series
from equieval.protocol import indicator


def outcome_series(observations: Observations, indicator_id: str) -> pd.Series:
    """Return the rate of an indicator over all groups, per the indicator's unit, by period."""
    frame = observations.overall(indicator_id)
    return pd.Series(frame["rate"].to_numpy(), index=pd.PeriodIndex(frame["period"]), name="rate")


def with_counts(drawn: pd.DataFrame, observations: Observations, outcome: str) -> pd.DataFrame:
    """Add the counts behind each point, as they may be shown, and what stands for a missing one."""
    counts = observations.overall(outcome, counts=True)
    columns = [name for name in ("period", *FIGURES, MARK) if name in counts.columns]
    return drawn.merge(counts[columns], on="period", how="left")


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


def measure_values(observations: Observations, outcome: str, measure: str) -> pd.Series:
    """Return an inequality measure as a series by period."""
    frame = inequality_series(observations, outcome, measure)
    index = pd.PeriodIndex(frame["period"])
    return pd.Series(frame["estimate"].to_numpy(), index=index, name=measure)
