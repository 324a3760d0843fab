"""The pages of an evaluation, rehearsed before anything is run: what would refuse, refuses now.

Every analysis of a report is made on figures that are not its outcome: from the first start on
each group's rates before the start come again, one after the other. Nothing of what is found is
kept, so that a check tells nothing of the effect; what a page refuses because of the protocol, of
who is compared, or of which figures there are, it refuses here.
"""

from __future__ import annotations

import warnings
from dataclasses import replace

import pandas as pd

from equieval.data import Observations, parse_period
from equieval.errors import DesignError
from equieval.protocol import Evaluation
from equieval.study.designs import study_of
from equieval.study.draws import few_draws
from equieval.study.power_plan import SERIES
from equieval.study.words import first_start

_ROBUSTNESS = "robustness"


def rehearse(evaluation: Evaluation, observations: Observations) -> None:
    """Make the analyses of an evaluation's pages on figures that are not its outcome.

    Draws are few (`equieval.study.draws`): no number is looked at. The variants of a comparison of
    units are left out: each that cannot be estimated is a row of its page that says why. An audit
    has no outcome to be kept from and is made as it is.

    Raises
    ------
    DesignError : a page could not be made.
    """
    design = evaluation.design.type
    begins = first_start(evaluation)
    if begins is not None:
        start = parse_period(begins, observations.frequency)
        observations = without_outcome(observations, start)
        alone = evaluation.robustness.model_copy(update={"leave_one_out": False})
        evaluation = Evaluation({**evaluation.given, _ROBUSTNESS: alone}, evaluation.where)
    for page, analyst in study_of(design).analysts.items():
        if page == _ROBUSTNESS and design not in SERIES:
            continue
        try:
            with few_draws(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                analyst(evaluation, observations)
        except DesignError as refusal:
            raise _of_page(refusal, page, evaluation) from None


def without_outcome(observations: Observations, start: pd.Period) -> Observations:
    """Return the observations with the rates before the start in place of those from it on.

    Denominators stay, and so does what is missing.
    """
    table = observations.table.reset_index(drop=True)
    keys = ["unit", observations.dimension, "indicator"]
    known = table["numerator"].notna() & (table["denominator"] > 0)
    early = table[known & (table["period"] < start)].sort_values("period", kind="stable")
    early = early.assign(
        rate=early["numerator"] / early["denominator"], place=early.groupby(keys).cumcount()
    )
    length = early.groupby(keys, as_index=False).size()
    late = table[table["period"] >= start].reset_index().merge(length, on=keys, how="left")
    since = pd.PeriodIndex(late["period"]).asi8 - start.ordinal
    late = late.assign(place=since % late["size"])
    late = late.merge(early[[*keys, "place", "rate"]], on=[*keys, "place"], how="left")
    late = late.set_index("index")
    repeated = (late["rate"] * late["denominator"]).round().where(late["numerator"].notna())
    return replace(
        observations,
        table=table.assign(numerator=table["numerator"].where(table["period"] < start, repeated)),
    )


def _of_page(refusal: DesignError, page: str, evaluation: Evaluation) -> DesignError:
    """Return a refusal that says on which page it would come, where it names no key."""
    if refusal.where.partition(".")[0] in evaluation.given:
        return refusal
    where = f"page '{page}'" + (f": {refusal.where}" if refusal.where else "")
    return DesignError(refusal.what, where=where, remedy=refusal.remedy)
