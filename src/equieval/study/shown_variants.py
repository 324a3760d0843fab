"""How pages show the variants of an answer, and say so where there is none to show."""

from __future__ import annotations

import pandas as pd

from equieval.present import figures, layouts
from equieval.study import views
from equieval.study.analysis import Analysis
from equieval.study.page import Page
from equieval.study.panel_options import Comparative

NONE_NAMED = (
    "None: the protocol names no other start, no periods to leave out, and does not leave one "
    "out at a time."
)
NOT_COMPARED = "None: who is counted could not be compared."


def show_variants(page: Page, analysis: Analysis, estimates: pd.DataFrame) -> None:
    """Show both estimates under every variant of the protocol, beside the one reported."""
    horizon = "up to" if isinstance(page.evaluation.design, Comparative) else "at"
    words, measure = page.words, page.evaluation.outcomes.primary.measure
    for id, name, of, unit, below, above in (
        ("gap-variants", words["measure"], measure, words["measure_unit"], "narrower", "wider"),
        ("outcome-variants", words["outcome"], "rate", words["unit"], "lower", "higher"),
    ):
        thing = "rate" if of == "rate" else "gap"
        quantity = f"change in the {name} {horizon} the horizon"
        rows = views.variants(analysis.frame("variants"), estimates, of)
        if rows.empty:
            page.show(
                id, layouts.facts, _said("Variants", NONE_NAMED), caption=quantity.capitalize()
            )
            continue
        page.show(
            id,
            figures.forest,
            rows,
            quantity=quantity,
            unit=unit,
            rows="variants",
            below=f"a {below} {thing}",
            above=f"a {above} {thing}",
        )


def show_besides(page: Page, analysis: Analysis) -> None:
    """Show the effect on who is counted and on whose group is known."""
    caption, found = "Change up to the horizon in who is counted", analysis.frame("alternatives")
    if found.empty:
        page.show("besides", layouts.facts, _said("Who is counted", NOT_COMPARED), caption=caption)
        return
    page.show(
        "besides",
        layouts.changes,
        found,
        caption=caption,
        head="What is counted",
        unit="percentage points",
    )


def _said(item: str, words: str) -> pd.DataFrame:
    return pd.DataFrame([(item, words)], columns=["item", "words"])
