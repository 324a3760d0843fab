"""Did the effect last? Effects some months after the start, and how much of the early one is left.

The early effect is the mean over the months up to the first that the protocol names (12), each
later one the mean since the one before it. How much must be left is fixed beforehand
(``robustness.retention_margin``) and tested as non-inferiority.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from equieval.errors import DesignError
from equieval.methods.contrasts import t_contrast
from equieval.methods.its import ItsFit
from equieval.methods.sustained import sustained_event_study, sustained_its
from equieval.protocol.design import Robustness
from equieval.study.analysis import CI_LEVEL, Subject
from equieval.study.event_studies import BY_EVENT_TIME, FEW_UNITS, BlockedStudy
from equieval.study.series import SeriesDesign

MONTHS_OF = {"month": 1, "quarter": 3, "year": 12, "financial-year": 12}
LASTING_COLUMNS = (
    "horizon", "estimate", "std_error", "df", "ci_low", "ci_high",
    "margin_estimate", "margin_low", "margin_high", "margin_p_value", "verdict",
)  # fmt: skip
NOT_REACHED = "not reached"


def lasting_rows(
    found: BlockedStudy | None, block: Robustness, frequency: str, subject: Subject
) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """Return the effects at the months that the protocol names, as rows and as a frame.

    The frame is that of `equieval.methods.sustained` with ``id`` and ``retention``, its horizons
    named ("months 13 to 24"); a month that the follow-up of units enough does not reach has the
    verdict ``not reached``. Empty where the protocol names none.
    """
    nothing = pd.DataFrame(columns=[*LASTING_COLUMNS, "retention"])
    if found is None or block.retention_margin is None or not found.reliable:
        return [], nothing
    study, months = found.shown, MONTHS_OF[frequency] * found.width
    for month in block.sustained_at:
        if month % months:
            raise DesignError(
                f"{month} months after the start no {found.block} of the event study ends",
                where="robustness.sustained_at",
                remedy=f"give multiples of {months}",
            )
    named = [(month, month // months) for month in block.sustained_at]
    reached = [(month, end) for month, end in named if 0 < end <= study.n_after]
    if not reached:
        return [], nothing
    spans: dict[str, list[int]] = {}
    begin = 0
    for month, end in reached:
        spans[_label(month, begin * months)] = list(range(begin, end))
        begin = end
    (first, early), *later = spans.items()
    frame = sustained_event_study(
        study, early, dict(later), retention=block.retention_margin, ci_level=CI_LEVEL
    )
    frame = frame.assign(horizon=[first, *(name for name, _ in later)])
    for month, _ in named[len(reached) :]:
        missing = {"horizon": f"month {month}", "verdict": NOT_REACHED}
        frame = pd.concat([frame, pd.DataFrame([missing])], ignore_index=True)
    known = frame["estimate"].notna()
    rows = [
        subject.row(
            t_contrast(
                float(row["estimate"]), float(row["std_error"]), float(row["df"]), ci_level=CI_LEVEL
            ),
            estimator=BY_EVENT_TIME,
            estimand=f"effect in {row['horizon']}",
            role="secondary",
            inference=FEW_UNITS,
            note=str(row["verdict"]) or None,
        )
        for _, row in frame[known].iterrows()
    ]
    frame.loc[known, "id"] = [row["id"] for row in rows]
    return rows, frame.assign(retention=block.retention_margin)


def lasting_series_rows(
    fit: ItsFit | None, design: SeriesDesign, block: Robustness, frequency: str, subject: Subject
) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """Return the effects of an interrupted time series at the months that the protocol names.

    Returned as by `lasting_rows`; each effect is that of the period in which the month ends.
    """
    nothing = pd.DataFrame(columns=[*LASTING_COLUMNS, "retention"])
    if fit is None or block.retention_margin is None or not block.sustained_at:
        return [], nothing
    matrix = design.matrix()
    at = {
        f"{month} months": design.start + max(month // MONTHS_OF[frequency] - 1, 0)
        for month in block.sustained_at
    }
    reached = {name: period for name, period in at.items() if period in matrix.index}
    if not reached:
        return [], nothing
    (first, early), *later = reached.items()
    frame = sustained_its(
        fit, matrix, early, dict(later), retention=block.retention_margin, ci_level=CI_LEVEL
    )
    frame = frame.assign(horizon=[first, *(name for name, _ in later)])
    missing = [{"horizon": name, "verdict": NOT_REACHED} for name in at if name not in reached]
    rows = [
        subject.row(
            t_contrast(
                float(row["estimate"]), float(row["std_error"]), float(row["df"]),
                ci_level=CI_LEVEL,
            ),
            estimator=fit.estimator,
            estimand=f"effect at {row['horizon']}",
            role="secondary",
            inference=fit.inference,
            n_obs=fit.n_obs,
            note=str(row["verdict"]) or None,
        )
        for _, row in frame.iterrows()
    ]  # fmt: skip
    frame["id"] = [row["id"] for row in rows]
    frame = pd.concat([frame, pd.DataFrame(missing)], ignore_index=True) if missing else frame
    return rows, frame.assign(retention=block.retention_margin)


def _label(month: int, begin: int) -> str:
    return f"months {begin + 1} to {month}"
