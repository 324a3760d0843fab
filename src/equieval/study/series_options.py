"""What of a protocol the model of a single series can honour; all else is refused by its key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from equieval.data import parse_period, period_label
from equieval.data.periods import pandas_frequency
from equieval.errors import DesignError
from equieval.protocol import Evaluation
from equieval.protocol.periods import FREQUENCIES, MONTHS

if TYPE_CHECKING:
    from equieval.study.series import SeriesDesign

_FREQUENCY_OF = {pandas_frequency(name): name for name in FREQUENCIES}


def label(period: pd.Period) -> str:
    """Return a period as the parameters write it, whatever its frequency.

    >>> label(pd.Period("2019Q3")), label(pd.Period(year=2020, freq="Y-MAR"))
    ('2019-Q3', '2019/20')
    """
    return period_label(period, _FREQUENCY_OF[period.freqstr])


def refuse_no_effect_there(evaluation: Evaluation, design: SeriesDesign) -> None:
    """Refuse a time at which the impact model has no effect, or that the protocol leaves out."""
    _refuse_no_effect(design, design.horizon, "outcomes.primary.horizon", "the horizon")
    if design.horizon in design.excluded:
        raise DesignError(
            f"the horizon {label(design.horizon)} is left out by design.exclude_periods, so that "
            "nothing observed would speak of the effect there",
            where="outcomes.primary.horizon",
            remedy="name a period that is kept, or keep this one",
        )
    if not evaluation.has("robustness") or evaluation.robustness.retention_margin is None:
        return
    for month in evaluation.robustness.sustained_at:
        length = MONTHS[_FREQUENCY_OF[design.periods.freqstr]]
        period = design.start + max(month // length - 1, 0)
        if period in design.periods:
            where = "robustness.sustained_at"
            _refuse_no_effect(design, period, where, f"{month} months after the start,")


def _refuse_no_effect(design: SeriesDesign, period: pd.Period, where: str, called: str) -> None:
    """Refuse a period in which the effect has not begun by construction."""
    remedy = "name a later one"
    begins = design.start + design.lag
    if design.impact == "slope" and period == begins:
        raise DesignError(
            f"{called} {label(period)} is the very period from which a change of slope counts: "
            "it has no effect yet",
            where=where,
            remedy=f"{remedy}, or use impact: level or level-and-slope",
        )
    resumes = begins + design.phase_in
    if period < resumes:
        raise DesignError(
            f"{called} {label(period)} comes before the effect can show, in {label(resumes)} "
            f"(lag {design.lag}, phase-in {design.phase_in})",
            where=where,
            remedy=f"{remedy}, or shorten design.lag and design.phase_in",
        )


def refuse_unseen_interruptions(design: SeriesDesign) -> None:
    """Refuse another interruption that the periods analysed cannot tell from the other terms."""
    where = "design.other_interruptions"
    for name, at in design.other:
        first = at[0] if isinstance(at, tuple) else at
        if first <= design.periods[0]:
            raise DesignError(
                f"'{name}' begins with the series ({label(first)}), so that nothing comes before "
                "it",
                where=where,
                remedy="leave its periods out of the analysis (design.exclude_periods or "
                "design.first_period) rather than modelling it, or supply earlier data",
            )
    counted = design.counted()
    rank = np.linalg.matrix_rank(counted.to_numpy(float))
    for name, _ in design.other:
        own = [f"{kind} {name}" for kind in ("post", "since", "during")]
        rest = counted.drop(columns=own, errors="ignore")
        if rank - np.linalg.matrix_rank(rest.to_numpy(float)) < counted.shape[1] - rest.shape[1]:
            raise DesignError(
                f"the periods that are analysed do not tell '{name}' from the rest of the model",
                where=where,
                remedy="take it off where its periods are left out already; one that stays needs "
                "two periods or more, one that passed may give its last one (until)",
            )


def refuse_long_lag(evaluation: Evaluation, design: SeriesDesign) -> None:
    """Refuse a Newey–West lag that the series is too short for."""
    lag = evaluation.robustness.newey_west_lag if evaluation.has("robustness") else None
    if lag is not None and lag >= len(design.periods):
        raise DesignError(
            f"a Newey–West lag of {lag} does not fit {len(design.periods)} periods",
            where="robustness.newey_west_lag",
            remedy="name a smaller one, or leave it out: a rule then chooses it",
        )


def refuse_periods_outside(evaluation: Evaluation, design: SeriesDesign) -> None:
    """Refuse periods that name nothing in the series: they would be ignored without a word."""
    asked = [("design.exclude_periods", period) for period in evaluation.design.exclude_periods]
    latest = design.periods[-1]
    if evaluation.has("robustness"):
        block = evaluation.robustness
        asked += [("robustness.placebo_starts", period) for period in block.placebo_starts]
        asked += [("robustness.alternative_starts", period) for period in block.alternative_starts]
        asked += [("robustness.exclude_periods", p) for each in block.exclude_periods for p in each]
    for where, name in asked:
        period = parse_period(name, _FREQUENCY_OF[design.periods.freqstr])
        if period not in design.periods:
            raise DesignError(
                f"{name} lies outside the data ({label(design.periods[0])} to {label(latest)})",
                where=where,
                remedy="correct it, or leave it out",
            )
        if where == "robustness.alternative_starts" and period > design.horizon:
            raise DesignError(
                f"the other start {name} comes after the horizon ({label(design.horizon)}), where "
                "the effect is judged",
                where=where,
                remedy="name a start up to the horizon",
            )
