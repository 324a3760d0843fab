"""The series of an interrupted time series: of one place, or of its difference to others.

Units that start together are summed to one place; what each of them gives by itself stands beside
it (`equieval.study.series_units`).

With comparison units every series is the difference between the treated units together and the
comparison units together: for a linear model that is the interaction with the comparison, and
the difference carries the correlation between the two sides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from equieval.data import Observations
from equieval.methods.its_design import difference_series
from equieval.protocol import Evaluation
from equieval.protocol.design import ControlledInterruptedTimeSeries, InterruptedTimeSeries
from equieval.study.panel import pooled
from equieval.study.panel_options import refuse_unknown_units
from equieval.study.rates_by_period import measure_values, outcome_series, stratum_series

TREATED, COMPARISON = "the treated units", "the comparison units"
_LEVELS = ("observed", "fitted", "counterfactual", "ci_low", "ci_high")


@dataclass(frozen=True)
class ComparedSeries:
    """Where the series of a page come from.

    Attributes
    ----------
    observations : of the one place, or of the treated units summed as one.
    comparison : of the comparison units summed as one, where there are any.
    """

    observations: Observations
    comparison: Observations | None = None

    def outcome(self, indicator: str) -> pd.Series:
        """Return the rate over all groups by period, or its difference to the comparison."""
        own = outcome_series(self.observations, indicator)
        if self.comparison is None:
            return own
        return difference_series(own, outcome_series(self.comparison, indicator))

    def stratum(self, indicator: str, level: str) -> pd.Series:
        """Return the rate of one group by period, or its difference to the comparison."""
        own = stratum_series(self.observations, indicator, level)
        if self.comparison is None:
            return own
        return difference_series(own, stratum_series(self.comparison, indicator, level))

    def measure(self, indicator: str, measure: str) -> pd.Series:
        """Return an inequality measure by period, or its difference to the comparison."""
        own = measure_values(self.observations, indicator, measure)
        if self.comparison is None:
            return own
        return difference_series(own, measure_values(self.comparison, indicator, measure))

    def outcome_of_comparison(self, indicator: str) -> pd.Series | None:
        """Return the rate of the comparison by period, where there is one."""
        return None if self.comparison is None else outcome_series(self.comparison, indicator)

    def measure_of_comparison(self, indicator: str, measure: str) -> pd.Series | None:
        """Return an inequality measure of the comparison by period, where there is one."""
        if self.comparison is None:
            return None
        return measure_values(self.comparison, indicator, measure)

    def stratum_of_comparison(self, indicator: str, level: str) -> pd.Series | None:
        """Return the rate of one group of the comparison by period, where there is one."""
        if self.comparison is None:
            return None
        return stratum_series(self.comparison, indicator, level)

    def joined(self, join: Callable[[Observations], Observations]) -> ComparedSeries:
        """Return the same with the groups of both sides joined."""
        comparison = None if self.comparison is None else join(self.comparison)
        return ComparedSeries(join(self.observations), comparison)


def lifted(drawn: pd.DataFrame, comparison: pd.Series | None) -> pd.DataFrame:
    """Return a drawn difference on the level of the treated: the comparison added again.

    Parameters
    ----------
    drawn : ``period, observed, fitted, counterfactual, ci_low, ci_high``.
    comparison : the comparison's series; without one nothing is added.
    """
    if comparison is None:
        return drawn
    level = comparison.reindex(pd.PeriodIndex(drawn["period"])).to_numpy(float)
    return drawn.assign(**{name: drawn[name] + level for name in _LEVELS})


def compared_series(evaluation: Evaluation, observations: Observations) -> ComparedSeries:
    """Return where the series of an evaluation come from.

    Raises
    ------
    DesignError : a unit that the design names is not in the data, or one of the data is neither
        compared nor left out with a reason.
    """
    design = evaluation.design
    if isinstance(design, InterruptedTimeSeries) and design.units:
        refuse_unknown_units(design, observations)
        return ComparedSeries(pooled(observations, design.units, design.unit))
    if not isinstance(design, ControlledInterruptedTimeSeries):
        return ComparedSeries(observations)
    refuse_unknown_units(design, observations)
    return ComparedSeries(
        pooled(observations, design.treated, TREATED),
        pooled(observations, design.controls, COMPARISON),
    )
