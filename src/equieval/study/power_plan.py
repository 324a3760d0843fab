"""The plan of an evaluation before it begins: what is known before the start, and what is to come.

Rows from the start on are dropped as soon as the data are loaded: nothing that is computed from
a plan can depend on what happened after the start.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from equieval.data import Observations, parse_period
from equieval.errors import DesignError
from equieval.methods.power import FEWEST_BEFORE
from equieval.protocol import Evaluation
from equieval.study.series import label

SERIES = ("its", "controlled-its")
"""Designs that follow one series."""


@dataclass(frozen=True)
class Plan:
    """What the evaluation plans, as far as its power depends on it.

    Attributes
    ----------
    learnt : periods before the start that the noise is learnt from.
    start, end : first exposed and last planned period.
    horizon : where a series is judged; a comparison averages up to ``end``.
    after : planned periods from the start on, less those that the protocol leaves out.
    n_units, n_treated_units : what is compared.
    """

    learnt: pd.PeriodIndex
    start: pd.Period
    end: pd.Period
    horizon: pd.Period
    after: int
    n_units: int = 1
    n_treated_units: int = 1


def before_start(recorded: Observations, start: pd.Period) -> Observations:
    """Return the observations before anybody is exposed, and nothing else."""
    table = recorded.table[recorded.table["period"] < start].reset_index(drop=True)
    if table.empty:
        raise DesignError(
            f"nothing is recorded before the start ({label(start)})",
            where="design.start",
            remedy=f"supply figures of at least {FEWEST_BEFORE} periods before it",
        )
    return replace(recorded, table=table)


def planned_end(
    evaluation: Evaluation, recorded: Observations, start: pd.Period, periods_after: int | None
) -> pd.Period:
    """Return the last planned period; of the data, only which periods there are is looked at."""
    if periods_after is not None:
        return start + (periods_after - 1)
    primary, frequency = evaluation.outcomes.primary, recorded.frequency
    horizon = parse_period(primary.horizon, frequency)
    if evaluation.design.type not in SERIES:
        return horizon
    if evaluation.design.last_period is not None:
        return parse_period(evaluation.design.last_period, frequency)
    covered = recorded.periods(primary.indicator)
    return max(horizon, covered[-1]) if len(covered) else horizon


def planned_evaluation(evaluation: Evaluation, end: pd.Period) -> Evaluation:
    """Return the evaluation as if it ended then, judged there if not before."""
    design, outcomes = evaluation.design, evaluation.outcomes
    frequency = evaluation.data.frequency

    def inside(name: str) -> bool:
        return parse_period(name, frequency) <= end

    adoption = getattr(design, "adoption", {})
    late = [unit for unit, name in adoption.items() if not inside(name)]
    if adoption and not design.controls:  # type: ignore[union-attr]
        # Those that start last are what the others are compared with until then.
        late = [unit for unit in late if adoption[unit] != max(adoption.values())]
    if late:
        raise DesignError(
            f"{', '.join(late)} would start after the last planned period ({label(end)})",
            where="design.adoption",
            remedy="plan for more periods after the start",
        )
    others = getattr(design, "other_interruptions", None)
    changes: dict[str, Any] = {
        "last_period": label(end),
        "exclude_periods": tuple(filter(inside, design.exclude_periods)),
    }
    if others:
        changes["other_interruptions"] = tuple(each for each in others if inside(each.period))
    primary = outcomes.primary
    if not inside(primary.horizon):
        primary = primary.model_copy(update={"horizon": label(end)})
    given = {
        **evaluation.given,
        "design": design.model_copy(update=changes),
        "outcomes": outcomes.model_copy(update={"primary": primary}),
    }
    return Evaluation(given, evaluation.where)
