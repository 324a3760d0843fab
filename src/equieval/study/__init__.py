"""Study: the one place that turns an evaluation into answers. What notebooks open and ask.

page = study.open_page("effect", identity=identity, data=data, ...)
analysis = study.analyse(page)
"""

from equieval.study.adequacy import LEAST_DF
from equieval.study.analyse import (
    analyse,
    appraise,
    appraise_inequality,
    estimates_of,
    together,
)
from equieval.study.analysis import Analysis
from equieval.study.auditing import (
    actions,
    audit_of,
    breaks,
    consistency,
    missing_figures,
    recorded_by_group,
    recorded_by_indicator,
)
from equieval.study.page import Page, open_page
from equieval.study.summary import (
    baseline_id,
    before_and_last,
    headline_frame,
    headline_record,
    shown_group,
    would_change,
)
from equieval.study.words import measure_name, outcome_name, outcome_words

__all__ = [
    "LEAST_DF",
    "Analysis",
    "Page",
    "actions",
    "analyse",
    "appraise",
    "appraise_inequality",
    "audit_of",
    "baseline_id",
    "before_and_last",
    "breaks",
    "consistency",
    "estimates_of",
    "headline_frame",
    "headline_record",
    "measure_name",
    "missing_figures",
    "open_page",
    "outcome_name",
    "outcome_words",
    "recorded_by_group",
    "recorded_by_indicator",
    "shown_group",
    "together",
    "would_change",
]
