"""Control outcomes and placebo groups of an interrupted time series.

Placebo units of a controlled series are controls that are taken as treated, together, against the
other controls together.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from equieval.data import Observations
from equieval.errors import DesignError
from equieval.methods.its import effect_at
from equieval.protocol import Evaluation
from equieval.protocol.design import ControlledInterruptedTimeSeries
from equieval.study.analysis import CI_LEVEL
from equieval.study.compared_series import COMPARISON, TREATED, ComparedSeries, compared_series
from equieval.study.control_outcomes import Asked, estimated, of_levels
from equieval.study.groups import direction
from equieval.study.headline import headline_of
from equieval.study.its_rows import covering, fit_series, subject_of
from equieval.study.panel import pooled
from equieval.study.series import MIN_POINTS_PER_SIDE, SeriesDesign, label, withheld_note
from equieval.study.series_adequacy import as_carried


def series_control_outcomes(
    evaluation: Evaluation, observations: Observations, design: SeriesDesign
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Estimate the effects where none can be; see `equieval.study.control_outcomes.estimated`.

    Parameters
    ----------
    observations : of all units, not summed.

    One that the points cannot carry is kept, with the reason.
    """

    def estimate(asked: Asked) -> dict[str, Any]:
        about = subject_of(
            evaluation, observations, "robustness", asked.outcome, asked.measure, asked.stratum
        )
        columns = {"estimator": headline_of(evaluation.design.type).estimator, **asked.columns}
        try:
            compared = compared_where_none_can_be(asked, evaluation, observations)
            values = _values(asked, compared, design)
            own = covering(design, values)
            fit = fit_series(values, own)
            contrast = effect_at(fit, own.matrix(), own.horizon, ci_level=CI_LEVEL)
            contrast, why = as_carried(contrast, own, values)
        except DesignError as refusal:
            return about.refused(
                **columns, horizon=label(design.horizon), note=asked.noted(refusal.what)
            )
        return about.row(
            contrast,
            **columns,
            horizon=label(own.horizon),
            n_obs=fit.n_obs,
            inference=fit.inference,
            note=asked.noted(why),
        )

    return estimated(evaluation, estimate)


def compared_where_none_can_be(
    asked: Asked, evaluation: Evaluation, observations: Observations
) -> ComparedSeries:
    """Return where the series come from: as ever, of some levels, or of placebo units."""
    design = evaluation.design
    if asked.units and isinstance(design, ControlledInterruptedTimeSeries):
        others = tuple(unit for unit in design.controls if unit not in asked.units)
        return ComparedSeries(
            pooled(observations, asked.units, TREATED), pooled(observations, others, COMPARISON)
        )
    compared = compared_series(evaluation, observations)
    if asked.levels:
        return compared.joined(lambda given: of_levels(given, asked.levels))
    return compared


def _values(asked: Asked, compared: ComparedSeries, design: SeriesDesign) -> pd.Series:
    """Return the series, if it has points enough on both sides and nothing of it is withheld."""
    own = compared.observations
    if asked.measure == "rate":
        cells, values = own.overall(asked.outcome), compared.outcome(asked.outcome)
    else:
        direction(asked.outcome)
        cells = own.strata(asked.outcome)
        values = compared.measure(asked.outcome, asked.measure)
    note = withheld_note(design, own, cells)
    if note:
        raise DesignError(note, where="disclosure.profile", remedy="use longer periods")
    before, after = design.points(values)
    if min(before, after) < MIN_POINTS_PER_SIDE:
        raise DesignError(
            f"{before} points before and {after} from the start; at least {MIN_POINTS_PER_SIDE} "
            "are needed on each side",
            where="robustness",
            remedy="supply a longer series",
        )
    return values
