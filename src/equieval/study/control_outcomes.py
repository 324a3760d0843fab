"""Effects where none can be: on control outcomes, and in groups that nobody served.

A negative control (Lipsitch, Tchetgen Tchetgen and Cohen 2010, Epidemiology 21:383) is estimated
as the outcome itself is, by the headline estimator and with the interval that its rule allows. An
interval that leaves out no effect says that something else moved the figures. One that includes
none rules out effects beyond its ends, and no smaller ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from equieval.data import Observations
from equieval.protocol import Evaluation, indicator
from equieval.protocol.control_outcomes import PlaceboGroup
from equieval.study.analysis import tidy

CONTROL_OUTCOME, PLACEBO_GROUP = "control outcome", "placebo group"
ESTIMANDS = {
    CONTROL_OUTCOME: "effect on a control outcome, where none can be",
    PLACEBO_GROUP: "effect in a placebo group, where none can be",
}
_BETWEEN = "; "
"""Between the levels of a group in the Estimates column ``stratum``; levels may hold commas."""


@dataclass(frozen=True)
class Asked:
    """One effect that the protocol asks for where none can be.

    Attributes
    ----------
    kind : ``control outcome`` or ``placebo group``.
    label : what readers call it.
    outcome, measure : what is estimated.
    because : why no effect can be there.
    levels, units : of a placebo group: whose rate it is, or who is taken as treated.
    """

    kind: str
    label: str
    outcome: str
    measure: str
    because: str
    levels: tuple[str, ...] = ()
    units: tuple[str, ...] = ()

    @property
    def stratum(self) -> str:
        """Whose rate it is, as the Estimates table names it."""
        return _BETWEEN.join(self.levels) or "all"

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of the Estimates table that follow from what is asked."""
        return {
            "estimand": ESTIMANDS[self.kind],
            "role": "diagnostic",
            "variant": self.label if self.kind == PLACEBO_GROUP else "",
        }

    def noted(self, words: str = "") -> str:
        """Return the note of its row: its name, and what is to be said of it."""
        return f"{self.label}: {words}" if words else self.label


def what_is_asked(evaluation: Evaluation) -> Iterator[Asked]:
    """Yield every effect that the protocol asks for where none can be.

    On a control outcome and with units taken as treated: on inequality by the primary
    measure, and on the rate. In a group of levels, which has no inequality between groups: on its
    rate.
    """
    primary, block = evaluation.outcomes.primary, evaluation.robustness
    both = tuple(dict.fromkeys((primary.measure, "rate")))
    for control in block.control_outcomes:
        name, id = indicator(control.indicator).name, control.indicator
        for measure in both:
            yield Asked(CONTROL_OUTCOME, name, id, measure, control.because)
    for group in block.placebo_groups:
        for measure in ("rate",) if group.levels else both:
            yield Asked(
                PLACEBO_GROUP, group.name, primary.indicator, measure, group.because,
                tuple(group.levels), tuple(group.units),
            )  # fmt: skip


def estimated(
    evaluation: Evaluation, estimate: Callable[[Asked], dict[str, Any]]
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Estimate all that the protocol asks for where no effect can be.

    Parameters
    ----------
    estimate : from what is asked to its row of the Estimates table.

    Returns
    -------
    The frame ``controls`` (kind, label, measure, because and the Estimates columns), and the rows.
    """
    asked = list(what_is_asked(evaluation))
    rows = [estimate(each) for each in asked]
    told = pd.DataFrame(
        [
            (row["id"], each.kind, each.label, each.measure, each.because)
            for row, each in zip(rows, asked, strict=True)
        ],
        columns=["id", "kind", "label", "measure", "because"],
    )
    return told.merge(tidy(rows), on="id"), rows


def of_levels(observations: Observations, levels: tuple[str, ...]) -> Observations:
    """Return the observations of some levels only, so that "overall" is these together."""
    kept = observations.table[observations.dimension].isin(levels)
    return replace(observations, table=observations.table[kept].reset_index(drop=True))


def levels_of(stratum: str) -> tuple[str, ...]:
    """Return the levels that a stratum of the Estimates table is made of."""
    return tuple(stratum.split(_BETWEEN))


def group_of(evaluation: Evaluation, note: str) -> PlaceboGroup | None:
    """Return the placebo group that the note of an estimate names, if it names one."""
    named = [
        group
        for group in evaluation.robustness.placebo_groups
        if note == group.name or note.startswith(f"{group.name}: ")
    ]
    return max(named, key=lambda group: len(group.name), default=None)
