"""Study: the one place that turns an evaluation into answers. What notebooks open and ask.

    page = study.open_page("effect", identity=identity, data=data, ...)
    analysis = study.analyse(page)

Names are loaded when they are first used: planning a run needs the page graph, not the
scientific stack behind the analyses.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from equieval.study.analysis import Analysis
    from equieval.study.answers import (
        analyse,
        appraise,
        appraise_inequality,
        appraise_outcome,
        estimates_of,
        together,
    )
    from equieval.study.auditing import (
        actions,
        audit_of,
        breaks,
        consistency,
        group_recorded,
        group_word,
        missing_figures,
        recorded_by_group,
        recorded_by_indicator,
        recorded_by_unit,
    )
    from equieval.study.baseline import shown_measures
    from equieval.study.known_truth import show_known_truth
    from equieval.study.page import Page, open_page
    from equieval.study.shown import (
        as_one,
        pretrend_of,
        show_bounds,
        show_event_study,
        show_funnel,
        show_interval,
        show_lasting,
        show_model,
        show_ratios,
        show_secondary,
        show_sensitivity,
        show_sustained,
        show_synthetic,
        start_words,
        window_words,
    )
    from equieval.study.shown_placebos import show_placebos
    from equieval.study.shown_reassigned import show_reassigned
    from equieval.study.shown_residuals import show_residuals
    from equieval.study.shown_units import show_units
    from equieval.study.shown_variants import show_besides, show_variants
    from equieval.study.shown_words import (
        counted_words,
        measures_note,
        period_words,
        show_coding,
        show_no_secondary,
        show_not_tested,
    )
    from equieval.study.summary import (
        baseline_id,
        before_and_last,
        headline_frame,
        headline_record,
        model_terms,
        shown_group,
        would_change,
    )
    from equieval.study.words import measure_name, outcome_name, outcome_words

_HOME = {
    "Analysis": "analysis",
    "Page": "page",
    "actions": "auditing",
    "analyse": "answers",
    "appraise": "answers",
    "appraise_inequality": "answers",
    "appraise_outcome": "answers",
    "as_one": "shown",
    "audit_of": "auditing",
    "baseline_id": "summary",
    "before_and_last": "summary",
    "breaks": "auditing",
    "consistency": "auditing",
    "counted_words": "shown_words",
    "estimates_of": "answers",
    "group_recorded": "auditing",
    "group_word": "auditing",
    "headline_frame": "summary",
    "headline_record": "summary",
    "measure_name": "words",
    "measures_note": "shown_words",
    "missing_figures": "auditing",
    "model_terms": "summary",
    "open_page": "page",
    "outcome_name": "words",
    "outcome_words": "words",
    "period_words": "shown_words",
    "pretrend_of": "shown",
    "recorded_by_group": "auditing",
    "recorded_by_indicator": "auditing",
    "recorded_by_unit": "auditing",
    "show_besides": "shown_variants",
    "show_bounds": "shown",
    "show_coding": "shown_words",
    "show_event_study": "shown",
    "show_funnel": "shown",
    "show_interval": "shown",
    "show_known_truth": "known_truth",
    "show_lasting": "shown",
    "show_model": "shown",
    "show_no_secondary": "shown_words",
    "show_not_tested": "shown_words",
    "show_placebos": "shown_placebos",
    "show_ratios": "shown",
    "show_reassigned": "shown_reassigned",
    "show_residuals": "shown_residuals",
    "show_secondary": "shown",
    "show_sensitivity": "shown",
    "show_sustained": "shown",
    "show_synthetic": "shown",
    "show_units": "shown_units",
    "show_variants": "shown_variants",
    "shown_group": "summary",
    "shown_measures": "baseline",
    "start_words": "shown",
    "together": "answers",
    "window_words": "shown",
    "would_change": "summary",
}

__all__ = [
    "Analysis",
    "Page",
    "actions",
    "analyse",
    "appraise",
    "appraise_inequality",
    "appraise_outcome",
    "as_one",
    "audit_of",
    "baseline_id",
    "before_and_last",
    "breaks",
    "consistency",
    "counted_words",
    "estimates_of",
    "group_recorded",
    "group_word",
    "headline_frame",
    "headline_record",
    "measure_name",
    "measures_note",
    "missing_figures",
    "model_terms",
    "open_page",
    "outcome_name",
    "outcome_words",
    "period_words",
    "pretrend_of",
    "recorded_by_group",
    "recorded_by_indicator",
    "recorded_by_unit",
    "show_besides",
    "show_bounds",
    "show_coding",
    "show_event_study",
    "show_funnel",
    "show_interval",
    "show_known_truth",
    "show_lasting",
    "show_model",
    "show_no_secondary",
    "show_not_tested",
    "show_placebos",
    "show_ratios",
    "show_reassigned",
    "show_residuals",
    "show_secondary",
    "show_sensitivity",
    "show_sustained",
    "show_synthetic",
    "show_units",
    "show_variants",
    "shown_group",
    "shown_measures",
    "start_words",
    "together",
    "window_words",
    "would_change",
]


def __getattr__(name: str) -> Any:
    """Load a public name from the module that it lives in."""
    if name not in _HOME:
        raise AttributeError(f"module 'equieval.study' has no attribute '{name}'")
    value = globals()[name] = getattr(import_module(f"equieval.study.{_HOME[name]}"), name)
    return value
