"""What an audit can carry, by thresholds fixed before its sources are compared."""

from __future__ import annotations

import math

import pandas as pd

from equieval.data import ALL, Observations
from equieval.protocol import Evaluation
from equieval.study.adequacy import Threshold, against
from equieval.study.audit_reported import reported

AUDIT_THRESHOLDS = (
    Threshold(
        "sources",
        "Sources that can be held against the reference source",
        2,
        1,
        "one source cannot show what it leaves out",
        "another source of the same indicator, by the same groups",
    ),
    Threshold(
        "periods",
        "Periods that the reference source and another one share",
        4,
        1,
        "a single period may be an odd one",
        "editions that overlap for longer",
    ),
    Threshold(
        "events-per-group",
        "Smallest number of events in a group of the reference source",
        10,
        5,
        "with few events in a group its rate is mostly chance",
        "wider groups, or longer periods",
    ),
    Threshold(
        "group-recorded",
        "People whose group is recorded in the reference source, in %",
        95,
        80,
        "who is not recorded may differ from the others, and the gap with them",
        "better coding, or a better coded reference source",
    ),
)
"""Thresholds of an audit.

Events: the usual rule for the normal approximation to a count. Coding: with one person in five of
unknown group or more, the bounds of `equieval.methods.missing_groups` leave most gaps open.
"""


def audit_checks(
    evaluation: Evaluation, observations: Observations, row: pd.Series | None = None
) -> pd.DataFrame:
    """Hold an audit against its thresholds; the frame of `equieval.study.adequacy.against`."""
    del row  # an audit is judged as a whole
    found = reported(evaluation, observations)
    shared = [found.matched(source.source)["period"].nunique() for source in found.others()]
    counts = found.pooled(found.reference).set_index("stratum")
    known = counts.loc[list(found.groups(found.reference))]
    unknown = list(found.unknown(found.reference))
    whole = counts["denominator"].get(ALL, math.nan)
    # Without a row for people of unknown group, coding is not known rather than complete.
    recorded = 100 * float(known["denominator"].sum()) / whole if unknown else math.nan
    return against(
        AUDIT_THRESHOLDS,
        {
            "sources": float(sum(number > 0 for number in shared)),
            "periods": float(max(shared, default=0)),
            "events-per-group": float(known["numerator"].min()),
            "group-recorded": recorded,
        },
    )
