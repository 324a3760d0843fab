"""Words that follow from estimates: ``statement(data, **words) -> Statement``.

The rules are in `equieval.present.wording`. Frames have the columns of the Estimates
table, so that the same sentence serves any evaluation; the opposite numbers give the
opposite words.
"""

from equieval.present.narrative.baseline import baseline_statement
from equieval.present.narrative.effect import effect_statement, estimand_words
from equieval.present.narrative.evidence import (
    audit_summary,
    headline_interval_statement,
    missing_bounds_statement,
)
from equieval.present.narrative.interaction import interaction_statement
from equieval.present.narrative.lasting import levelling_statement, sustained_statement
from equieval.present.narrative.model import controlled_its_model, its_model
from equieval.present.narrative.panel_model import did_model, synthetic_did_model
from equieval.present.narrative.summary import (
    adequacy_statement,
    certainty_statement,
    key_points,
)
from equieval.present.narrative.trends import parallel_gap_statement, pretrend_statement
from equieval.present.narrative.units import units_statement
from equieval.present.narrative.verdict import verdict_statement

__all__ = [
    "adequacy_statement",
    "audit_summary",
    "baseline_statement",
    "certainty_statement",
    "controlled_its_model",
    "did_model",
    "effect_statement",
    "estimand_words",
    "headline_interval_statement",
    "interaction_statement",
    "its_model",
    "key_points",
    "levelling_statement",
    "missing_bounds_statement",
    "parallel_gap_statement",
    "pretrend_statement",
    "sustained_statement",
    "synthetic_did_model",
    "units_statement",
    "verdict_statement",
]
