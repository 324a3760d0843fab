"""What the tests of a design found against its answer, for the front page and the certainty.

Each is a test that the protocol named before any estimate: the periods before the start (did the
two sides already move apart?), placebo starts, control outcomes and placebo groups (is there an
effect where none can be?), and who is counted (did it change with the intervention?). What a test
did not find is no support, so only what it found is said here.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from equieval.data import Observations
from equieval.present import numbers
from equieval.protocol import Evaluation
from equieval.protocol.design import SyntheticDifferenceInDifferences
from equieval.study.control_words import moved_where_none_can_be
from equieval.study.did import event_effects, subject
from equieval.study.panel_options import Comparative
from equieval.study.robustness import PLACEBO
from equieval.study.words import gap_name, outcome_name

CLEARLY = 0.05
RATE = "rate"
_WHO = {
    "composition": "the share of people in {group}",
    "coding": "the share of people whose group is known",
}


def doubts(
    evaluation: Evaluation, observations: Observations, estimates: pd.DataFrame
) -> tuple[str, ...]:
    """Return what speaks against the primary answer and the one on the outcome, in clauses.

    Parameters
    ----------
    estimates : the estimates of the pages effect, inequality-effect and robustness.
    """
    return (*_before(evaluation, observations), *_where_none_can_be(estimates),
            *_who_is_counted(observations, estimates))  # fmt: skip


def _before(evaluation: Evaluation, observations: Observations) -> Iterator[str]:
    """Yield whether the gap, or the outcome, moved differently before the start."""
    design = evaluation.design
    if not isinstance(design, Comparative) or isinstance(design, SyntheticDifferenceInDifferences):
        return
    primary = evaluation.outcomes.primary
    named = {
        primary.measure: gap_name(evaluation),
        RATE: outcome_name(primary.indicator),
    }
    differed = []
    for measure, name in named.items():
        about = subject(evaluation, "robustness", primary.indicator, measure)
        frames = event_effects(evaluation, observations, about).frames
        test = frames["pre-trend"].iloc[0]
        if not test["reason"] and test["p_value"] < CLEARLY:
            differed.append(f"the {name}")
    if differed:
        yield f"before the start {numbers.listing(differed)} already moved differently"


def _where_none_can_be(estimates: pd.DataFrame) -> Iterator[str]:
    """Yield how many placebo starts show an effect, and what moved that nobody served."""
    placebo = estimates[estimates["estimand"].str.endswith(PLACEBO) & estimates["ci_low"].notna()]
    clear = int(_clear(placebo).sum())
    if clear:
        shown = "shows" if clear == 1 else "show"
        yield (
            f"{clear} of {len(placebo)} estimates at placebo starts {shown} an effect before "
            "anything had begun (chance alone gives one in twenty)"
        )
    moved = moved_where_none_can_be(estimates)
    if moved:
        yield f"something moved what the intervention cannot ({numbers.listing(moved)})"


def _who_is_counted(observations: Observations, estimates: pd.DataFrame) -> Iterator[str]:
    """Yield what changed in who is counted, or in whose group is known."""
    rows = estimates[(estimates["page"] == "robustness") & _clear(estimates)]
    for kind, words in _WHO.items():
        for row in rows[rows["estimand"].str.startswith(f"{kind}: ")].to_dict("records"):
            group = f"group {observations.levels[0]}"
            span = numbers.interval(row["ci_low"], row["ci_high"], signed=True)
            yield (
                f"{words.format(group=group)} changed by {numbers.change(row['estimate'])} "
                f"percentage points (95% interval {span})"
            )


def _clear(rows: pd.DataFrame) -> pd.Series:
    return (rows["ci_low"] > 0) | (rows["ci_high"] < 0)
