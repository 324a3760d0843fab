"""What can be said before an evaluation runs: can its data and design carry the question?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from equieval.data import load_observations
from equieval.errors import DesignError
from equieval.methods.its import effect_at
from equieval.protocol import Evaluation
from equieval.study.adequacy import design_level
from equieval.study.analysis import CI_LEVEL
from equieval.study.appraisal import design_checks
from equieval.study.its import covering, fit_series, measure_values
from equieval.study.pages import pages_for
from equieval.study.series import series_design


@dataclass(frozen=True)
class Readiness:
    """What `check` found.

    Attributes
    ----------
    id, title : the evaluation.
    pages : slugs of its report's pages.
    sources : id -> rows read; None where that would count people.
    level : what the design can carry, the worst of the checks.
    checks : the adequacy checks, one row each.
    """

    id: str
    title: str
    pages: tuple[str, ...]
    sources: dict[str, int | None]
    level: str
    checks: pd.DataFrame


def check(evaluation: Evaluation, root: Path) -> Readiness:
    """Hold the parameters against the data and the design against its thresholds.

    Raises
    ------
    InputError : the parameters, the data, or the design cannot be used as they are.
    """
    specs = pages_for(evaluation.design.type)
    recorded = load_observations(evaluation, root)
    observations = recorded.grouped(evaluation.equity.grouping)
    design = series_design(evaluation, observations)
    primary = evaluation.outcomes.primary
    values = measure_values(observations, primary.indicator, primary.measure)
    own = covering(design, values)
    try:
        df = effect_at(fit_series(values, own), own.matrix(), own.horizon, ci_level=CI_LEVEL).df
    except DesignError:
        df = math.nan
    checks = design_checks(evaluation, observations, df=df)
    return Readiness(
        id=evaluation.identity.id,
        title=evaluation.identity.title,
        pages=tuple(spec.slug for spec in specs),
        sources={source.id: source.rows for source in observations.sources},
        level=design_level(checks),
        checks=checks,
    )
