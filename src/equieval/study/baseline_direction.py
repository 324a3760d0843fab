"""Does the group that a gap burdens fare worse to begin with?

Reports say "narrower" and "wider". Both mean the opposite of what a reader takes them for where
the group that comes first, the most disadvantaged by the protocol, fares better than the other
end of the comparison before the start.
"""

from __future__ import annotations

import pandas as pd

from equieval.data import Observations, parse_period
from equieval.errors import DesignError
from equieval.methods.inequality import measures
from equieval.protocol import Evaluation, indicator
from equieval.study.analysis import CI_LEVEL
from equieval.study.groups import compared_levels, direction
from equieval.study.words import compared_groups, first_start


def refuse_reversed_gap(evaluation: Evaluation, observations: Observations) -> None:
    """Refuse a comparison whose first group clearly fared better before the start.

    Judged by the gap in the primary outcome over all units and periods before the first start:
    its 95% interval (Newcombe) lies on the other side of no difference.

    Raises
    ------
    DesignError : it does; the message names both groups and their rates.
    """
    outcome = evaluation.outcomes.primary.indicator
    levels = compared_levels(evaluation, observations)
    start = parse_period(str(first_start(evaluation)), observations.frequency)
    cells = observations.strata(outcome)
    early = cells[cells["period"] < start].dropna(subset=["numerator", "denominator"])
    sums = early.groupby("stratum")[["numerator", "denominator"]].sum().reset_index()
    ends = sums.set_index("stratum").reindex([levels[0], levels[-1]])
    if not (ends["denominator"] > 0).all():
        return  # What has no figures before the start is refused where it is estimated.
    per = indicator(outcome).per
    gap = measures(
        ends.reset_index(),
        [levels[0], levels[-1]],
        per=per,
        polarity=direction(outcome),
        which=("gap",),
        ci_level=CI_LEVEL,
    ).iloc[0]
    if not gap["ci_high"] < 0:
        return
    raise _reversed(evaluation, ends, per)


def _reversed(evaluation: Evaluation, ends: pd.DataFrame, per: int) -> DesignError:
    named = compared_groups(evaluation)
    rates = per * ends["numerator"] / ends["denominator"]
    unordered = (
        "put the group that fares worst first in equity.levels and name the other as "
        "outcomes.primary.reference_group"
    )
    ordered = (
        "evaluate the outcome itself, or an outcome in which the most disadvantaged fare worse; "
        "this version has no words for an advantage of theirs"
    )
    return DesignError(
        f"before the start {named[0]} ({rates.iloc[0]:.3g} per {per:,}) fared better than "
        f"{named[1]} ({rates.iloc[1]:.3g}): 'narrower' and 'wider' would say the opposite of what "
        "they mean",
        where="equity.levels",
        remedy=ordered if evaluation.equity.ordered else unordered,
    )
