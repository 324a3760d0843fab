"""Which groups an evaluation compares, and what the two ends of the comparison are called."""

from __future__ import annotations

from typing import Literal

from equieval.data import Observations
from equieval.errors import DesignError
from equieval.protocol import Evaluation, indicator


def compared_levels(evaluation: Evaluation, observations: Observations) -> tuple[str, ...]:
    """Return the levels from most to least disadvantaged, as measures take them.

    Where the dimension has no order the reference group comes last (the last level, unless the
    protocol names another): a gap is that of the first level against it.
    """
    levels = observations.levels
    reference = evaluation.outcomes.primary.reference_group
    if evaluation.equity.ordered or reference is None:
        return levels
    return (*(level for level in levels if level != reference), reference)


def direction(outcome: str) -> Literal["low", "high"]:
    """Return whether low or high values of an indicator are good.

    Raises
    ------
    DesignError : the indicator judges neither, so a gap has no direction.
    """
    polarity = indicator(outcome).polarity
    if polarity not in ("low", "high"):
        raise DesignError(
            f"'{outcome}' is neither better high nor low, so a gap in it has no direction",
            where="outcomes.primary.indicator",
            remedy="choose an indicator for which low or high is good",
        )
    return "low" if polarity == "low" else "high"
