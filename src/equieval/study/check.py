"""What can be said before an evaluation runs: can its data and design carry the question?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from equieval.data import load_observations
from equieval.data.quality import supply_doubts
from equieval.protocol import Evaluation
from equieval.study.adequacy import design_level
from equieval.study.designs import study_of
from equieval.study.left_out import left_out
from equieval.study.pages import pages_for
from equieval.study.rehearsal import rehearse
from equieval.study.safeguard import safeguard


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
    withheld : what the disclosure profile keeps from the pages, a sentence each.
    left_out : units and periods that the analysis goes without, and why, a sentence each.
    doubtful : periods whose counts are so far out of line that the supply may have a gap.
    """

    id: str
    title: str
    pages: tuple[str, ...]
    sources: dict[str, int | None]
    level: str
    checks: pd.DataFrame
    withheld: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()


def check(evaluation: Evaluation, root: Path, *, rehearsed: bool = False) -> Readiness:
    """Hold the parameters against the data and the design against its thresholds.

    Parameters
    ----------
    rehearsed : make the analyses of the pages, too, on figures that are not the outcome, so that
        what one of them would refuse is refused here (`equieval.study.rehearsal`).

    Raises
    ------
    InputError : the parameters, the data, or the design cannot be used as they are.
    """
    specs = pages_for(evaluation.design.type)
    recorded = load_observations(evaluation, root)
    safeguarded = safeguard(evaluation, recorded, root)
    observations = safeguarded.grouped(evaluation.equity.grouping)
    checks = study_of(evaluation.design.type).checks(evaluation, observations, None)
    if rehearsed:
        rehearse(evaluation, observations)
    return Readiness(
        id=evaluation.identity.id,
        title=evaluation.identity.title,
        pages=tuple(spec.slug for spec in specs),
        sources={source.id: source.rows for source in observations.sources},
        level=design_level(checks),
        checks=checks,
        withheld=tuple(safeguarded.losses()),
        left_out=tuple(f"left out: {words}" for words in left_out(evaluation, observations)),
        doubtful=tuple(
            words
            for indicator in observations.indicators
            for words in supply_doubts(observations, indicator)
        ),
    )
