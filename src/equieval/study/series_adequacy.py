"""What a series can carry: its points, its design and its expected events against the thresholds.

Known before any outcome is: the events are those to be expected from the periods before the
start, so that `equieval check`, `equieval power` and the report judge alike, and what happened
after the start cannot decide whether it is shown.
"""

from __future__ import annotations

import pandas as pd

from equieval.data import Observations
from equieval.methods.contrasts import Contrast
from equieval.methods.its_effects import planned_effect_df
from equieval.present.numbers import plain
from equieval.protocol import Evaluation
from equieval.study.adequacy import (
    JUDGED_AT,
    LEAST_DF,
    PLANNED_PHI,
    adequacy_checks,
    events_or_not,
)
from equieval.study.compared_series import ComparedSeries, compared_series
from equieval.study.comparison import without_interval
from equieval.study.its_rows import covering
from equieval.study.series import SeriesDesign, series_design


def series_checks(
    evaluation: Evaluation, observations: Observations, _estimate: pd.Series | None = None
) -> pd.DataFrame:
    """Hold the series of the primary estimand against the adequacy thresholds.

    Parameters
    ----------
    _estimate : not used: what a design can carry is judged by the design, never by the estimate.

    Returns
    -------
    The frame of `equieval.study.adequacy.adequacy_checks`.
    """
    compared = compared_series(evaluation, observations)
    design = series_design(evaluation, compared.observations)
    primary = evaluation.outcomes.primary
    values = compared.measure(primary.indicator, primary.measure)
    own = covering(design, values)
    observed = pd.PeriodIndex(own.usable(values).dropna().index)
    return planned_checks(own, observed, expected_events(compared, design, primary.indicator))


def planned_checks(design: SeriesDesign, observed: pd.PeriodIndex, expected: float) -> pd.DataFrame:
    """Hold a series over these periods, observed or planned, against the adequacy thresholds.

    Parameters
    ----------
    expected : events, or non-events if they are fewer, to be expected in the smallest group and
        period.
    """
    return adequacy_checks(
        points_before=int((observed < design.start).sum()),
        points_after=int((observed >= design.start).sum()),
        df=planned_degrees_of_freedom(design, observed),
        expected_events=expected,
    )


def planned_degrees_of_freedom(design: SeriesDesign, observed: pd.PeriodIndex) -> float:
    """Return the degrees of freedom of the effect at the horizon at `PLANNED_PHI`.

    They follow from which periods are there, the model and the horizon alone. Judging by those at
    the estimated autocorrelation would show estimates where it came out low, and their intervals
    too narrow (the simulations of `make validate`).
    """
    return planned_effect_df(design.matrix(), design.horizon, phi=PLANNED_PHI, observed=observed)


def as_carried(contrast: Contrast, design: SeriesDesign, values: pd.Series) -> tuple[Contrast, str]:
    """Return an effect where none can be, without its interval if the design cannot carry it.

    By the rule for the effect itself, and for its reason: degrees of freedom at the estimated
    autocorrelation would let intervals through where it came out low.

    Returns
    -------
    The effect, and in words why it has no interval; empty where it keeps it.
    """
    df = planned_degrees_of_freedom(design, pd.PeriodIndex(design.usable(values).dropna().index))
    if df >= LEAST_DF:
        return contrast, ""
    return without_interval(contrast), (
        f"{plain(df)} degrees of freedom {JUDGED_AT}, where at least {LEAST_DF} are needed"
    )


def expected_events(compared: ComparedSeries, design: SeriesDesign, outcome: str) -> float:
    """Return the mean number of events a period before the start, in the group with fewest.

    Of a proportion, the mean number of people without the event where they are fewer. With
    comparison units, of both sides: a difference is no surer than its smaller side.
    """
    before = [p for p in design.periods if p < design.start and p not in design.excluded]
    found = []
    for side in (compared.observations, compared.comparison):
        if side is not None:
            cells = side.strata(outcome)
            cells = cells[cells["period"].isin(before)]
            counted = events_or_not(cells, outcome)
            found.append(counted.groupby(cells["stratum"]).mean().min().min())
    return float(min(found))
