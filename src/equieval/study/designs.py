"""What each design does: its analyses by page, and how it is held against its thresholds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from equieval.data import Observations
from equieval.disclosure.models import no_cells
from equieval.errors import DesignError, did_you_mean
from equieval.protocol import Evaluation
from equieval.study import did, its, panel_robustness, robustness
from equieval.study.analysis import Analysis, tidy
from equieval.study.audit_adequacy import audit_checks
from equieval.study.audit_agreement import agreement
from equieval.study.audit_inequality import inequality
from equieval.study.baseline import baseline
from equieval.study.behind import series_cells
from equieval.study.panel_adequacy import panel_checks
from equieval.study.panel_behind import panel_cells
from equieval.study.series_adequacy import series_checks

Analyst = Callable[[Evaluation, Observations], Analysis]
Checks = Callable[[Evaluation, Observations, pd.Series | None], pd.DataFrame]
Behind = Callable[[Evaluation, Observations, str, pd.DataFrame], pd.DataFrame]


def _unsaid(
    evaluation: Evaluation, observations: Observations, page_id: str, estimates: pd.DataFrame
) -> pd.DataFrame:
    """Say nothing of the cells behind estimates: what must be judged by them is then refused."""
    del evaluation, observations, page_id, estimates
    return no_cells()


@dataclass(frozen=True)
class DesignStudy:
    """How one design answers.

    Attributes
    ----------
    analysts : page id -> the function that answers it.
    variants : the estimates of the robustness page that a verdict heeds.
    checks : the adequacy checks of the design, for one estimate or beforehand for the primary
        one.
    behind : the cells behind the estimates of a page, by which disclosure control judges them
        (`equieval.disclosure.models.check_models`).
    """

    analysts: Mapping[str, Analyst]
    variants: Callable[[Evaluation, Observations], pd.DataFrame]
    checks: Checks
    behind: Behind = _unsaid


_COMPARISON = DesignStudy(
    {
        "baseline-inequality": baseline,
        "effect": did.effect,
        "inequality-effect": did.inequality_effect,
        "robustness": panel_robustness.robustness,
    },
    panel_robustness.variant_estimates,
    panel_checks,
    panel_cells,
)
_SERIES = DesignStudy(
    {
        "baseline-inequality": baseline,
        "effect": its.effect,
        "inequality-effect": its.inequality_effect,
        "robustness": robustness.robustness,
    },
    lambda evaluation, observations: robustness.robustness(evaluation, observations).estimates,
    series_checks,
    series_cells,
)
_AUDIT: dict[str, Analyst] = {"source-agreement": agreement, "inequality": inequality}


def _audit_cells(
    evaluation: Evaluation, observations: Observations, page_id: str, estimates: pd.DataFrame
) -> pd.DataFrame:
    """Return the counts that each comparison and gap of an audit rests on."""
    del estimates
    return _AUDIT[page_id](evaluation, observations).frame("behind")


_DESIGNS: dict[str, DesignStudy] = {
    "did": _COMPARISON,
    "staggered-did": _COMPARISON,
    "synthetic-did": _COMPARISON,
    "its": _SERIES,
    "controlled-its": _SERIES,
    "audit": DesignStudy(
        _AUDIT, lambda _evaluation, _observations: tidy([]), audit_checks, _audit_cells
    ),
}


def study_of(design: str) -> DesignStudy:
    """Return how a design answers.

    Raises
    ------
    DesignError : the design estimates nothing.
    """
    try:
        return _DESIGNS[design]
    except KeyError:
        raise DesignError(
            f"design '{design}' has no analysis",
            where="design.type",
            remedy=did_you_mean(design, _DESIGNS),
        ) from None


def analyst_of(design: str, page_id: str) -> Analyst:
    """Return the function that answers a page of a design.

    Raises
    ------
    DesignError : the page of that design has no analysis.
    """
    analysts = study_of(design).analysts
    try:
        return analysts[page_id]
    except KeyError:
        raise DesignError(
            f"page '{page_id}' of design '{design}' has no analysis",
            remedy=did_you_mean(page_id, analysts),
        ) from None
