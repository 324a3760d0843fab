"""How pages show where an effect lies among those of reassigned starts."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from equieval.present import figures, layouts
from equieval.present.figures.chance import RARE
from equieval.present.numbers import change_unit
from equieval.present.wording import capitalise
from equieval.study.analysis import Analysis
from equieval.study.page import Page

CAPTION = "The effects among those of reassigned starts"
NOT_HERE = (
    "Not needed: the effect is ranked among those of placebo units, and its interval is made from "
    "that ranking."
)
HOW = (
    "Every unit counts the same, and nothing is adjusted for, so that the change can differ from "
    "the headline. The p value is the share of assignments whose effect lies as far from 0, the "
    "true one counted."
)


def show_reassigned(page: Page, analysis: Analysis) -> None:
    """Show the effects on the outcome and the gap among those of reassigned starts."""
    found = analysis.frame("reassigned")
    if found.empty:
        facts = pd.DataFrame([("Reassignment", NOT_HERE)], columns=["item", "words"])
        page.show("reassigned", layouts.facts, facts, caption=CAPTION)
        return
    drawn = analysis.frame("reassignments")
    if not drawn.empty:
        first = found.iloc[0]
        page.show(
            "reassignments",
            figures.placebo_distribution,
            drawn,
            quantity=page.words["gap"],
            unit=page.words["measure_unit"],
            p_value=float(first["p_value"]),
            smallest_attainable_p=float(first["smallest_attainable_p"]),
        )
    page.show(
        "reassigned",
        layouts.reassignments,
        found.assign(
            label=[_called(page, str(measure)) for measure in found["measure"]],
            reading=[reading(row) for row in found.to_dict("records")],
        ),
        caption=CAPTION,
        note=HOW,
    )


def _called(page: Page, measure: str) -> str:
    """Return what an effect is on, with the unit of its change."""
    of_rate = measure == "rate"
    name = page.words["outcome" if of_rate else "measure"]
    unit = change_unit(page.words["unit" if of_rate else "measure_unit"])
    return capitalise(f"{name}, in {unit}" if unit else name)


def reading(row: Mapping[Hashable, Any]) -> str:
    """Return what a p value among reassigned starts says, in words.

    >>> reading({"p_value": 0.01, "smallest_attainable_p": 0.001, "reason": ""})
    'Chance alone seldom gives it'
    """
    if math.isnan(row["p_value"]):
        return f"Cannot be done: {row['reason']}"
    if row["smallest_attainable_p"] > RARE:
        return "Too few assignments to tell it from chance"
    return "Chance alone seldom gives it" if row["p_value"] <= RARE else "Chance alone can give it"
