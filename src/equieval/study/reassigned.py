"""How unusual is an effect among those of other assignments of who starts, and when?

With one start the treatment is dealt out over the units again, with several the starting dates
(`equieval.methods.inference`, `equieval.methods.few_treated`). The p value rests on no standard
error. It is exact where who starts when is as good as drawn by lot and says, elsewhere, what chance
alone among these units would give. Every unit counts the same, and nothing is adjusted for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final

import pandas as pd

from equieval.errors import DesignError
from equieval.methods.contrasts import Contrast
from equieval.methods.few_treated import reassign_over_dates
from equieval.methods.inference import Reassignment, reassign_over_units
from equieval.study.analysis import CI_LEVEL, Subject
from equieval.study.approach import Approach
from equieval.study.comparison import NO_ESTIMATE, PER_UNIT
from equieval.study.headline import UP_TO_HORIZON
from equieval.study.panel import PanelDesign
from equieval.study.words import as_clause

AMONG_REASSIGNED: Final = f"{UP_TO_HORIZON}, starts reassigned"
OVER_UNITS: Final = "TWFE, treatment reassigned"
OVER_DATES: Final = "Callaway–Sant'Anna, dates reassigned"
COLUMNS: Final = (
    "id", "measure", "estimate", "assignments", "p_value", "smallest_attainable_p", "reason",
)  # fmt: skip


def reassigned_rows(
    panels: Iterable[tuple[pd.DataFrame, Subject]], design: PanelDesign, approach: Approach
) -> tuple[dict[str, pd.DataFrame], list[dict[str, Any]]]:
    """Hold the effect on each outcome against those of reassigned starts.

    Parameters
    ----------
    panels : each outcome's panel up to the horizon, and what it is about; the primary one first.

    Returns
    -------
    The frames ``reassigned`` (one row each: id, measure, estimate, assignments (in words), p_value,
    smallest_attainable_p, reason why there is none) and ``reassignments`` of the first (label,
    estimate, actual, and the id of the true one), and the rows of the Estimates table. A synthetic
    comparison has none: its headline is ranked among placebo units already.
    """
    table, rows, drawn = [], [], pd.DataFrame(columns=["label", "estimate", "actual", "id"])
    for number, (panel, about) in enumerate(panels):
        if about.design == "synthetic-did":
            continue
        try:
            found = _reassigned(panel, about, design, approach)
        except DesignError as refusal:
            row = _refused(about, refusal)
            table.append(_named(row, about) | {"reason": as_clause(refusal.what)})
        else:
            row = _row(about, found)
            table.append(
                _named(row, about)
                | {
                    "estimate": found.estimate,
                    "assignments": _assignments(found),
                    "p_value": found.p_value,
                    "smallest_attainable_p": found.smallest_attainable_p,
                }
            )
            if number == 0:
                drawn = _drawn(found, str(row["id"]))
        rows.append(row)
    frame = pd.DataFrame(table, columns=list(COLUMNS))
    return {"reassigned": frame, "reassignments": drawn}, rows


def _reassigned(
    panel: pd.DataFrame, about: Subject, design: PanelDesign, approach: Approach
) -> Reassignment:
    if about.design == "did":
        return reassign_over_units(panel, outcome="value")
    return reassign_over_dates(
        panel,
        outcome="value",
        control_group=approach.control_group,
        anticipation=design.anticipation,
    )


def _columns(about: Subject) -> dict[str, Any]:
    return {
        "estimator": OVER_UNITS if about.design == "did" else OVER_DATES,
        "estimand": AMONG_REASSIGNED,
        "role": "diagnostic",
    }


def _row(about: Subject, found: Reassignment) -> dict[str, Any]:
    nothing = math.nan
    contrast = Contrast(found.estimate, nothing, nothing, nothing, nothing, found.p_value, CI_LEVEL)
    return about.row(
        contrast,
        **_columns(about),
        inference=f"share of {_assignments(found)} assignments that lie as far from 0",
        note=f"{PER_UNIT}, unadjusted; no p value under {found.smallest_attainable_p:.2g} could "
        "come out",
    )


def _refused(about: Subject, refusal: DesignError) -> dict[str, Any]:
    why = as_clause(refusal.what)
    return about.refused(**_columns(about), inference=f"{NO_ESTIMATE}: {why}", note=why)


def _named(row: dict[str, Any], about: Subject) -> dict[str, Any]:
    return {
        "id": row["id"],
        "measure": about.measure,
        "estimate": math.nan,
        "assignments": "none",
        "p_value": math.nan,
        "smallest_attainable_p": math.nan,
        "reason": "",
    }


def _assignments(found: Reassignment) -> str:
    """Return how many assignments an estimate is held against, itself counted."""
    return f"{found.n_assignments:,} {'possible' if found.exhaustive else 'drawn'}"


def _drawn(found: Reassignment, key: str) -> pd.DataFrame:
    """Return the estimate of every assignment, the true one first and by its key."""
    others = len(found.placebos) - 1
    labels = ["As it was", *(f"Assignment {number}" for number in range(2, others + 2))]
    return pd.DataFrame(
        {
            "label": labels,
            "estimate": found.placebos["estimate"],
            "actual": [True] + [False] * others,
            "id": [key] + [None] * others,
        }
    )
