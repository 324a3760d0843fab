"""What a robustness page tries, as rows of the Estimates table: specifications and bounds.

Neither decides a verdict, so both are diagnostics, with an estimand of their own name: the
specification curve repeats the effect under every combination of choices, HonestDiD gives the
interval that is left when trends differ by so much.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from equieval.methods.contrasts import Contrast
from equieval.study.analysis import CI_LEVEL, Subject
from equieval.study.event_studies import event_row_id
from equieval.study.headline import UP_TO_HORIZON

BY_SPECIFICATION: Final = f"{UP_TO_HORIZON}, by specification"
IF_NOT_PARALLEL: Final = f"{UP_TO_HORIZON}, trends not parallel"
HONEST: Final = {
    "relative-magnitudes": "HonestDiD, relative magnitudes",
    "smoothness": "HonestDiD, smoothness",
}
CHOICES: Final = ("weighting", "controls", "periods")


def specification_rows(
    curve: pd.DataFrame, subject: Subject
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Return a specification curve with the key of each specification, and their rows.

    Parameters
    ----------
    curve : ``estimator, weighting, controls, periods, estimate, ci_low, ci_high, std_error,
        note`` (`equieval.methods.specification_curve`); without an estimate where it was refused.
    """
    rows = []
    for given in curve.to_dict("records"):
        choices = "; ".join(str(given[name]) for name in CHOICES)
        rows.append(
            subject.row(
                _contrast(given),
                estimator=str(given["estimator"]),
                estimand=BY_SPECIFICATION,
                role="diagnostic",
                variant=choices,
                note="; ".join(part for part in (choices, str(given["note"] or "")) if part),
            )
        )
    return curve.assign(id=[row["id"] for row in rows]), rows


def sensitivity_rows(
    frames: Mapping[str, pd.DataFrame], subject: Subject, event_study: Subject
) -> tuple[dict[str, pd.DataFrame], list[dict[str, Any]]]:
    """Return the frames of a sensitivity analysis with the keys of what they show, and the rows.

    Parameters
    ----------
    frames : of `equieval.study.sensitivity.sensitivity_frames`.
    subject : what the intervals are about.
    event_study : what the effects by time since the start are about, that they rest on.
    """
    rows: list[dict[str, Any]] = []
    found = dict(frames)
    for kind, estimator in HONEST.items():
        made = [
            subject.row(
                _contrast(given),
                estimator=estimator,
                estimand=IF_NOT_PARALLEL,
                role="diagnostic",
                variant=f"bound {given['bound']:.4g}",
                inference="robust interval (Rambachan & Roth 2023)",
                note=f"bound {given['bound']:.4g}; the estimate is that under parallel trends",
            )
            for given in frames[kind].to_dict("records")
        ]
        found[kind] = frames[kind].assign(id=[row["id"] for row in made])
        rows += made
    drift = frames["drift"]
    if not drift.empty:
        keys = [event_row_id(event_study, int(since)) for since in drift["since"]]
        named = pd.Series(keys, index=drift.index, dtype="str")
        found["drift"] = drift.assign(id=named.mask(drift["event_time"] == -1))
    return found, rows


def _contrast(given: Mapping[Any, Any]) -> Contrast:
    """Return the numbers of a row; an end that is not bounded is missing."""

    def number(name: str) -> float:
        value = given.get(name)
        known = value is not None and not pd.isna(value) and math.isfinite(value)
        return float(value) if known and value is not None else math.nan

    return Contrast(
        estimate=number("estimate"),
        std_error=number("std_error"),
        df=math.nan,
        ci_low=number("ci_low"),
        ci_high=number("ci_high"),
        p_value=math.nan,
        ci_level=CI_LEVEL,
    )
