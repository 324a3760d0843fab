"""The series that an interrupted time series design analyses, and what it must satisfy.

For an outcome the series is its rate; for inequality it is a measure computed afresh in
every period from all groups, which carries the correlation between groups exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from equieval.data import Observations, parse_period
from equieval.disclosure.protect import MARK
from equieval.errors import DesignError, did_you_mean
from equieval.methods.its_design import Impact, Interruption, SegmentedModel
from equieval.protocol import Evaluation
from equieval.protocol.design import (
    ControlledInterruptedTimeSeries,
    InterruptedTimeSeries,
)
from equieval.study.rates_by_period import outcome_series
from equieval.study.recorded import recorded_periods
from equieval.study.series_options import label as label
from equieval.study.series_options import (
    refuse_long_lag,
    refuse_no_effect_there,
    refuse_periods_outside,
    refuse_unseen_interruptions,
)

MIN_POINTS_PER_SIDE = 3
"""EPOC: an interrupted time series has at least three points before and after."""

SUPPORTED_WEIGHTING = ("denominator",)
LINEAR_MEASURES = ("sii", "gap", "concentration-index-absolute")
"""Measures linear in the group rates: a series of them carries the correlation exactly."""

_FOURIER_PAIRS = {"fourier-1": 1, "fourier-2": 2}


@dataclass(frozen=True)
class SeriesDesign:
    """When the intervention starts, which periods count, and when its effect is judged.

    Attributes
    ----------
    periods : every period of the window, without gaps.
    start : first exposed period.
    horizon : period at which the effect is judged, fixed beforehand.
    excluded : periods left out of every fit by the protocol.
    impact : how the effect may show: a change of level, of slope, or of both.
    seasonality : how the season is modelled.
    lag, phase_in : periods until the effect begins, and after that left out of the model.
    other : further interruptions that the counterfactual keeps, by name: the first period of one
        that stays, the first and the last of one that passed.
    controlled : whether the series is the difference to comparison units.
    """

    periods: pd.PeriodIndex
    start: pd.Period
    horizon: pd.Period
    excluded: tuple[pd.Period, ...] = ()
    impact: Impact = "level-and-slope"
    seasonality: str = "none"
    lag: int = 0
    phase_in: int = 0
    other: tuple[tuple[str, Interruption], ...] = ()
    controlled: bool = False

    @property
    def model(self) -> SegmentedModel:
        """How the effect may show and what else moves the series."""
        return SegmentedModel(
            impact=self.impact,
            lag=self.lag,
            phase_in=self.phase_in,
            other_interruptions=dict(self.other),
            fourier_pairs=_FOURIER_PAIRS.get(self.seasonality, 0),
            seasonal_indicators=self.seasonality == "period-effects",
        )

    def matrix(self) -> pd.DataFrame:
        """Return the terms of the model, one row per period.

        Raises
        ------
        DesignError : the data have no season that could be modelled.
        """
        return self.model.matrix(self.periods, self.start)

    def counted(self) -> pd.DataFrame:
        """Return the terms of the model in the periods that the protocol does not leave out."""
        matrix = self.matrix()
        return matrix[~matrix.index.isin(list(self.excluded))]

    def starting(self, start: pd.Period) -> SeriesDesign:
        """Return the same design with another start."""
        return replace(self, start=start)

    def without(self, *periods: pd.Period) -> SeriesDesign:
        """Return the same design with further periods left out."""
        return replace(self, excluded=(*self.excluded, *periods))

    def over(self, periods: pd.PeriodIndex, horizon: pd.Period) -> SeriesDesign:
        """Return the same design over other periods, judged at another horizon."""
        return replace(self, periods=periods, horizon=horizon)

    def usable(self, values: pd.Series) -> pd.Series:
        """Return the series on the periods that are modelled, with excluded ones missing."""
        series = values.reindex(self.matrix().index)
        return series.mask(series.index.isin(list(self.excluded)))

    def points(self, values: pd.Series) -> tuple[int, int]:
        """Return the number of usable points before, and from, the start."""
        index = self.usable(values).dropna().index
        return int((index < self.start).sum()), int((index >= self.start).sum())


def series_design(evaluation: Evaluation, observations: Observations) -> SeriesDesign:
    """Read the design from the parameters and hold it against the data.

    Raises
    ------
    DesignError : the start, the horizon or a period that is named lies outside the data, the
        data have another unit, too few points on a side, an unexplained gap, or an option that
        this version does not fit.
    """
    design, primary = _interrupted(evaluation), evaluation.outcomes.primary
    frequency = observations.frequency
    refuse_other_units(design, observations)
    covered = recorded_periods(observations, primary.indicator)
    first = parse_period(design.first_period, frequency) if design.first_period else covered[0]
    last = parse_period(design.last_period, frequency) if design.last_period else covered[-1]
    periods = pd.period_range(first, last, freq=covered.freqstr)
    start = parse_period(design.start, frequency)
    horizon = parse_period(primary.horizon, frequency)
    window = f"{label(first)} to {label(last)}"
    if start not in periods:
        raise DesignError(
            f"the intervention starts in {design.start}, outside the data ({window})",
            where="design.start",
            remedy="correct the start, or supply data around it",
        )
    if horizon not in periods or horizon < start:
        raise DesignError(
            f"the horizon {primary.horizon} is not a period from the start ({design.start}) "
            f"to the end of the data ({label(last)})",
            where="outcomes.primary.horizon",
            remedy="name a period after the start that the data cover",
        )
    found = stated_design(evaluation, periods, frequency)
    refuse_periods_outside(evaluation, found)
    refuse_no_effect_there(evaluation, found)
    refuse_long_lag(evaluation, found)
    refuse_unseen_interruptions(found)
    found.matrix()  # refuses a season that the data cannot have
    _refuse_withheld(found, observations, primary.indicator)
    refuse_gaps(found, observations, primary.indicator)
    for outcome in evaluation.outcomes.indicators:
        _refuse_too_few(found, observations, outcome)
    return found


def stated_design(evaluation: Evaluation, periods: pd.PeriodIndex, frequency: str) -> SeriesDesign:
    """Return the design that the parameters state over these periods, not held against data.

    Raises
    ------
    DesignError : the design is no interrupted time series, or has an option that this version
        does not fit.
    """
    design = _interrupted(evaluation)
    return SeriesDesign(
        periods,
        parse_period(design.start, frequency),
        parse_period(evaluation.outcomes.primary.horizon, frequency),
        tuple(parse_period(name, frequency) for name in design.exclude_periods),
        design.impact,
        design.seasonality,
        design.lag,
        design.phase_in,
        tuple(
            (entry.name, _lasting(entry.period, entry.until, frequency))
            for entry in design.other_interruptions
        ),
        isinstance(design, ControlledInterruptedTimeSeries),
    )


def _lasting(first: str, last: str | None, frequency: str) -> Interruption:
    """Return when another interruption came, and if it passed, its last period, too."""
    begins = parse_period(first, frequency)
    return begins if last is None else (begins, parse_period(last, frequency))


def _interrupted(
    evaluation: Evaluation,
) -> InterruptedTimeSeries | ControlledInterruptedTimeSeries:
    """Return the design block if this version fits every option in it."""
    design = evaluation.design
    if not isinstance(design, InterruptedTimeSeries | ControlledInterruptedTimeSeries):
        raise DesignError(
            f"design '{design.type}' is no interrupted time series",
            where="design.type",
            remedy="use the pages of that design",
        )
    primary = evaluation.outcomes.primary
    for key, value, fitted in (
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
    _refuse_unordered(evaluation)
    return design


def _refuse_unordered(evaluation: Evaluation) -> None:
    """Refuse comparisons other than that of the two ends of an ordered dimension."""
    equity, reference = evaluation.equity, evaluation.outcomes.primary.reference_group
    if not equity.ordered:
        raise DesignError(
            f"'{equity.dimension}' is not ordered; this version fits a single series between the "
            "two ends of an ordered dimension only",
            where="equity.ordered",
            remedy="rank the levels from the most to the least disadvantaged, if they have a rank",
        )
    if reference is not None:
        raise DesignError(
            f"reference_group '{reference}' is not used by this version for a single series: "
            "measures of an ordered dimension compare its two ends, or all of its levels",
            where="outcomes.primary.reference_group",
            remedy="leave it out",
        )


def refuse_other_units(
    design: InterruptedTimeSeries | ControlledInterruptedTimeSeries, observations: Observations
) -> None:
    """Refuse data of several units, or of another one, for a single series."""
    if isinstance(design, ControlledInterruptedTimeSeries):
        return  # The units were summed by name: see `equieval.study.compared_series`.
    units = observations.units
    if units != (design.unit,):
        listed = ", ".join(f"'{unit}'" for unit in units[:6]) + (" …" if len(units) > 6 else "")
        raise DesignError(
            f"the design is about '{design.unit}', the data about {listed}: a single series has "
            "one unit",
            where="design.unit",
            remedy="name the unit of the data, supply data of this unit alone, or list under "
            "design.units those that make it up",
        )


def withheld_note(design: SeriesDesign, observations: Observations, cells: pd.DataFrame) -> str:
    """Say that a series is withheld in part, so that nothing can be estimated from it; or nothing.

    The counts that disclosure control keeps back are the small ones: a model of the others would
    be of a series that is too high.

    Parameters
    ----------
    cells : ``period, mark`` as `Observations.overall` or `Observations.strata` return them.
    """
    kept_back = _withheld_periods(design, cells)
    if observations.protection is None or not kept_back:
        return ""
    named = ", ".join(label(period) for period in kept_back[:6])
    more = " …" if len(kept_back) > 6 else ""
    return (
        f"its figures are withheld under the disclosure profile "
        f"'{observations.protection.profile}' in {len(kept_back)} of {len(design.periods)} "
        f"periods ({named}{more}); the rest would be biased, since it is the small counts that "
        "are withheld"
    )


def _withheld_periods(design: SeriesDesign, cells: pd.DataFrame) -> list[pd.Period]:
    if MARK not in cells or cells["rate"].notna().all():
        return []
    gone = cells[cells["rate"].isna() & (cells[MARK] != "")]
    used = set(design.periods) - set(design.excluded)
    return sorted(set(gone["period"]) & used)


def _refuse_withheld(design: SeriesDesign, observations: Observations, indicator_id: str) -> None:
    """Refuse a series of which disclosure control withholds a part, over all groups or in one."""
    overall, strata = observations.overall(indicator_id), observations.strata(indicator_id)
    note = withheld_note(design, observations, pd.concat([overall, strata], ignore_index=True))
    if note:
        raise DesignError(
            f"'{indicator_id}' by {observations.dimension} cannot be analysed: {note}",
            where="disclosure.profile",
            remedy="use fewer groups (equity.grouping: quintiles) or longer periods "
            "(data.frequency), so that each count is larger; or shorten the series "
            "(design.first_period, design.last_period)",
        )


def refuse_gaps(design: SeriesDesign, observations: Observations, indicator_id: str) -> None:
    """Refuse periods without a rate, over all groups or in one of them."""
    cells = pd.concat(
        [observations.overall(indicator_id), observations.strata(indicator_id)], ignore_index=True
    )
    missing = cells.loc[cells["rate"].isna(), ["period", "stratum"]]
    recorded = set(cells["period"])
    gaps = {
        period: [str(name) for name in missing.loc[missing["period"] == period, "stratum"].dropna()]
        for period in design.periods
        if period not in design.excluded
        and (period in set(missing["period"]) or period not in recorded)
    }
    if gaps:
        listed = ", ".join(
            label(period) + (f" (group {', '.join(groups[:3])})" if groups else "")
            for period, groups in list(gaps.items())[:12]
        )
        raise DesignError(
            f"the series of '{indicator_id}' has gaps: {listed}",
            where=", ".join(source.path for source in observations.sources),
            remedy="supply the missing periods, or leave them out by the protocol: list them "
            "under design.exclude_periods with the reason",
        )


def _refuse_too_few(design: SeriesDesign, observations: Observations, indicator_id: str) -> None:
    before, after = design.points(outcome_series(observations, indicator_id))
    if min(before, after) < MIN_POINTS_PER_SIDE:
        raise DesignError(
            f"too few points for '{indicator_id}': {before} before and {after} from the start "
            f"({label(design.start)}); an interrupted time series needs at least "
            f"{MIN_POINTS_PER_SIDE} on each side",
            where="design.start",
            remedy="supply a longer series or more frequent figures",
        )
