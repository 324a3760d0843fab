"""What one replication gives: an estimate and its interval beside the truth, or a refusal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from equieval.errors import DesignError
from equieval.methods.contrasts import Contrast

State = Literal["published", "cannot say", "refused"]


@dataclass(frozen=True)
class Answer:
    """One estimate of one replication.

    ``state`` is what a report would do with it: publish it, say "cannot say" (its degrees of
    freedom are under the threshold), or refuse (the estimator gives none). ``covered`` and
    ``detected``: its interval holds the truth, and leaves out no effect.
    """

    measure: str
    estimand: str
    method: str
    truth: float
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    covered: bool = False
    detected: bool = False
    state: State = "refused"


def judged(
    measure: str,
    estimand: str,
    method: str,
    truth: float,
    find: Callable[[], Contrast],
    *,
    no_effect: float = 0.0,
    can_say: Callable[[Contrast], bool] = lambda found: True,
) -> Answer:
    """Hold the contrast that ``find`` gives against the truth; a ``DesignError`` is a refusal."""
    try:
        found = find()
    except DesignError:
        return Answer(measure, estimand, method, truth)
    if not math.isfinite(found.estimate) or math.isnan(found.ci_low):
        return Answer(measure, estimand, method, truth)
    return Answer(
        measure,
        estimand,
        method,
        truth,
        found.estimate,
        found.ci_low,
        found.ci_high,
        covered=found.ci_low <= truth <= found.ci_high,
        detected=not found.ci_low <= no_effect <= found.ci_high,
        state="published" if can_say(found) else "cannot say",
    )


def frame(answers: Iterable[tuple[int, Answer]]) -> pd.DataFrame:
    """Return answers by replication: ``replication`` and the fields of an answer."""
    return pd.DataFrame([{"replication": number, **vars(answer)} for number, answer in answers])
