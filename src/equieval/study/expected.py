"""The counterfactual of a series as estimates: what the earlier trend gives, period by period.

The figure of a series draws it with its interval; here each of its points gets a row of the
Estimates table, and the figure's frame the keys of what it shows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from equieval.methods.contrasts import Contrast
from equieval.methods.its import ItsFit
from equieval.study.analysis import CI_LEVEL, Subject
from equieval.study.series import SeriesDesign, label

EXPECTED: Final = "level expected in period"


def with_expected(
    drawn: pd.DataFrame,
    fit: ItsFit | None,
    design: SeriesDesign,
    subject: Subject,
    at_horizon: Mapping[str, Any],
    **columns: Any,
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Return a drawn series with the keys of the estimates in it, and the rows of those.

    Parameters
    ----------
    drawn : ``period, observed, fitted, counterfactual, ci_low, ci_high, df``
        (`equieval.study.its_rows.drawn_series`); the interval is the counterfactual's.
    fit : the headline's; without one nothing is expected.
    at_horizon : the row of the effect at the horizon.
    columns : of the rows, as `equieval.study.analysis.Subject.row` takes them.

    Returns
    -------
    The frame with ``counterfactual_id`` (of the periods from the start on), ``effect`` and
    ``effect_id`` (at the horizon) and ``indicator``; and one row per expected level.
    """
    frame = drawn.assign(
        counterfactual_id=None, effect=math.nan, effect_id=None, indicator=subject.outcome
    )
    here = frame.index[frame["period"] == design.horizon]
    frame.loc[here, "effect"] = at_horizon.get("estimate", math.nan)
    frame.loc[here, "effect_id"] = at_horizon["id"]
    if fit is None:
        return frame, []
    rows = []
    known = frame["counterfactual"].notna() & (frame["period"] >= design.start)
    for place, point in frame[known].iterrows():
        period = label(point["period"])
        level = Contrast(
            estimate=float(point["counterfactual"]),
            std_error=math.nan,
            df=float(point["df"]),
            ci_low=float(point["ci_low"]),
            ci_high=float(point["ci_high"]),
            p_value=math.nan,
            ci_level=CI_LEVEL,
        )
        row = subject.row(
            level,
            estimator=fit.estimator,
            estimand=EXPECTED,
            role="secondary",
            inference=fit.inference,
            n_obs=fit.n_obs,
            time=period,
            variant=period,
            note="the trend before the start carried forward",
            **columns,
        )
        frame.loc[place, "counterfactual_id"] = row["id"]
        rows.append(row)
    return frame, rows
