"""How the robustness page of a series shows what its model leaves over."""

from __future__ import annotations

import pandas as pd

from equieval.present import figures, layouts
from equieval.study import views
from equieval.study.analysis import Analysis
from equieval.study.page import Page

_CAPTION = "Tests of what the model leaves over"


def show_residuals(page: Page, analysis: Analysis) -> None:
    """Show the autocorrelation and the tests of the residuals; without a model, why there is none.

    Parameters
    ----------
    analysis : of the robustness page (`equieval.study.robustness.robustness`).
    """
    lags, tests = analysis.frame("autocorrelation"), analysis.frame("residual-tests")
    if lags.empty:
        page.show(
            "residual-tests",
            layouts.facts,
            pd.DataFrame([("No model is left to test", str(tests["refused"].iloc[0]))],
                         columns=["item", "words"]),
            caption=_CAPTION,
        )  # fmt: skip
        return
    frequency = page.evaluation.data.frequency
    page.show("autocorrelation", figures.autocorrelation, lags, frequency=frequency)
    page.show(
        "residual-tests",
        layouts.text_table,
        views.residual_tests(tests),
        caption=_CAPTION,
        labels={"test": "Test", "finding": "Finding", "note": "What it looks for"},
    )
