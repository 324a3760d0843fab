"""Words that follow from estimates: ``statement(data, **words) -> Statement``.

The rules are in `equieval.present.wording`. Frames have the columns of the Estimates
table, so that the same sentence serves any evaluation; the opposite numbers give the
opposite words.
"""

from equieval.present.narrative.baseline import baseline_statement
from equieval.present.narrative.effect import effect_statement, estimand_words
from equieval.present.narrative.model import its_model
from equieval.present.narrative.summary import (
    adequacy_statement,
    certainty_statement,
    key_points,
)
from equieval.present.narrative.verdict import verdict_statement

__all__ = [
    "adequacy_statement",
    "baseline_statement",
    "certainty_statement",
    "effect_statement",
    "estimand_words",
    "its_model",
    "key_points",
    "verdict_statement",
]
