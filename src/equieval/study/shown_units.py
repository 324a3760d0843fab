"""How pages show what the units of an interrupted time series say by themselves and together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from equieval.present import figures, layouts, narrative
from equieval.study.analysis import Analysis
from equieval.study.page import Page
from equieval.study.series_units import FURTHER, TYPICAL


def show_units(page: Page, analysis: Analysis, *, gap: bool = False) -> None:
    """Show the units one by one, pooled and in a mixed model; nothing where there is one unit.

    Parameters
    ----------
    gap : whether the page is about the primary measure of inequality, and not about the outcome.
    """
    together = analysis.frame("units-together")
    if together.empty:
        return
    subject = page.words["measure" if gap else "outcome"]
    unit = page.words["measure_unit" if gap else "unit"]
    thing = "gap" if gap else "rate"
    lower, higher = ("narrower", "wider") if gap else ("lower", "higher")
    sides = {"below": f"a {lower} {thing}", "above": f"a {higher} {thing}"}
    pooled = together[together["estimand"] == TYPICAL].iloc[:1]
    page.show("units-words", narrative.units_statement, pooled, subject=subject)
    _show_forest(page, analysis.frame("units"), together, pooled, subject, unit, sides)
    page.show(
        "units-together",
        layouts.effects_over_units,
        together,
        caption=f"Change in the {subject} at the horizon: all units together, and the typical one",
        unit=unit,
        note="Units are fitted with the headline's model. Their standard errors carry the cost of "
        "estimating the autocorrelation (Kenward and Roger), because pooling takes them as known.",
    )


def _show_forest(
    page: Page,
    units: pd.DataFrame,
    together: pd.DataFrame,
    pooled: pd.DataFrame,
    subject: str,
    unit: str,
    sides: dict[str, Any],
) -> None:
    """Show the units with their pooled effect; by themselves where that has no interval."""
    if units.empty:
        return
    if np.isfinite(pooled["ci_low"].iloc[0]):
        further = together[together["estimand"] == FURTHER].iloc[0]
        page.show(
            "units",
            figures.pooled_forest,
            units,
            outcome=subject,
            unit=unit,
            things="units",
            prediction_low=float(further["ci_low"]),
            prediction_high=float(further["ci_high"]),
            i2=float(further["i2"]),
            **sides,
        )
        return
    alone = units[~units["pooled"]].drop(columns=["weight", "pooled"])
    page.show(
        "units",
        figures.forest,
        alone,
        quantity=f"change in the {subject} at the horizon",
        unit=unit,
        rows="units",
        **sides,
    )
