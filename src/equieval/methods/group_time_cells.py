"""Group-time cells: the effect of one adoption cohort in one period, with its influence function.

Which units and periods a cell compares, differences of means and regressions of the outcome come
from diff-diff (pinned exactly; this is the one module that knows its estimator of Callaway and
Sant'Anna). With covariates and a propensity score the effects are those of
`equieval.methods.doubly_robust`: the library divides the controls' weighted part by the treated
and not by the weights, and moves small scores up.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from diff_diff import CallawaySantAnna, SurveyDesign
from diff_diff.staggered import select_base_period

from equieval.errors import DesignError, one_of
from equieval.methods.adoption import ControlGroup
from equieval.methods.arguments import require_whole
from equieval.methods.doubly_robust import effects_on_changes

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Method = Literal["dr", "ipw", "or"]
BasePeriod = Literal["universal", "varying"]

_WHERE: Final = "staggered difference-in-differences"
_METHODS: Final[dict[Method, str]] = {"dr": "dr", "ipw": "ipw", "or": "reg"}


@dataclass(frozen=True, eq=False)
class Cells:
    """Effects by cohort and period, in numbers of the panel.

    ``base`` is the period that ``time`` is compared with (itself: the effect is 0). ``influence``
    is units × cells, its column sums of squares variances; ``side`` is 1 for the cohort, −1 for
    the controls of a cell and 0 for the others.
    """

    cohort: Numbers
    time: Numbers
    base: Numbers
    estimate: Array
    influence: Array
    side: npt.NDArray[np.int8]


def refuse_choices(
    control_group: str, method: str, base_period: str = "universal", anticipation: int = 0
) -> None:
    """Raise for an unknown word, and for an anticipation that is no whole number from 0 on."""
    one_of(control_group, get_args(ControlGroup), "control_group")
    one_of(method, get_args(Method), "method")
    one_of(base_period, get_args(BasePeriod), "base_period")
    require_whole(anticipation, "anticipation")


def group_time_cells(
    panel: pd.DataFrame,
    labels: dict[int, object],
    covariates: Sequence[str],
    *,
    control_group: ControlGroup,
    method: Method,
    base_period: BasePeriod,
    anticipation: int,
    weights: str | None,
) -> Cells:
    """Return the cells of a checked panel (`equieval.methods.adoption.adoption_panel`).

    Covariates are taken as they are in the period compared with. Raises ``DesignError``, naming
    the cohort, for covariates that a cell cannot be adjusted for, and as ``refuse_choices``.
    """
    refuse_choices(control_group, method, base_period, anticipation)
    scored = bool(covariates) and method != "or"
    estimator = CallawaySantAnna(
        control_group=control_group.replace("-", "_"),
        anticipation=anticipation,
        estimation_method="reg" if scored else _METHODS[method],
        base_period=base_period,
        rank_deficient_action="error",
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted: Any = estimator.fit(
                panel,
                "outcome",
                "unit",
                "time",
                "first",
                None if scored else list(covariates) or None,
                survey_design=SurveyDesign(weights=weights) if weights else None,
            )
    except (ValueError, np.linalg.LinAlgError) as error:
        raise DesignError(
            f"The group-time effects cannot be estimated: {str(error).strip().splitlines()[0]}",
            where=_WHERE,
            remedy="Check covariates for collinearity and for groups with few units.",
        ) from error
    cells = _cells(fitted, panel, base_period, anticipation)
    return _by_score(cells, panel, labels, covariates, method, weights) if scored else cells


def _cells(fitted: Any, panel: pd.DataFrame, base_period: BasePeriod, anticipation: int) -> Cells:
    kit = fitted._aggregation_kit  # pinned version: results carry no public influence functions
    found = {
        (int(cohort), int(time)): float(cell["effect"])
        for (cohort, time), cell in fitted.group_time_effects.items()
        if np.isfinite(cell["effect"])
    }
    influence = np.zeros((len(kit.bookkeeping["all_units"]), len(found)))
    side = np.zeros(influence.shape, dtype=np.int8)
    for column, key in enumerate(found):
        info = kit.influence.get(key)
        if info is not None:
            influence[info["treated_idx"], column] += info["treated_inf"]
            influence[info["control_idx"], column] += info["control_inf"]
            side[info["treated_idx"], column] = 1
            side[info["control_idx"], column] = -1
    times = sorted(panel["time"].unique().tolist())
    return Cells(
        cohort=np.array([cohort for cohort, _ in found], dtype=np.int64),
        time=np.array([time for _, time in found], dtype=np.int64),
        base=np.array(
            [select_base_period(base_period, anticipation, *key, times) for key in found],
            dtype=np.int64,
        ),
        estimate=np.array(list(found.values())),
        influence=influence,
        side=side,
    )


def _by_score(
    cells: Cells,
    panel: pd.DataFrame,
    labels: dict[int, object],
    covariates: Sequence[str],
    method: Method,
    weights: str | None,
) -> Cells:
    """Return the cells adjusted by a propensity score, one for all that compare the same units."""
    columns_used = ["outcome", *covariates, *([weights] if weights else [])]
    wide = panel.pivot(index="unit", columns="time", values=list(dict.fromkeys(columns_used)))
    outcome, times = wide["outcome"].to_numpy(float), wide["outcome"].columns
    levels = np.stack([wide[name].to_numpy(float) for name in covariates], axis=2)
    weight = wide[weights].to_numpy(float)[:, 0] if weights else np.ones(len(wide))
    time, base = times.get_indexer(cells.time), times.get_indexer(cells.base)
    moving = bool((levels != levels[:, :1]).any())
    alike: dict[tuple[int, int, bytes], list[int]] = {}
    for column in np.flatnonzero(cells.side.any(axis=0)).tolist():
        key = (int(cells.cohort[column]), int(base[column]) if moving else 0)
        alike.setdefault((*key, cells.side[:, column].tobytes()), []).append(column)
    estimate, influence = cells.estimate.copy(), np.zeros_like(cells.influence)
    for (cohort, at, _), columns in alike.items():
        units = cells.side[:, columns[0]] != 0
        own = outcome[units]
        try:
            estimate[columns], part = effects_on_changes(
                own[:, time[columns]] - own[:, base[columns]],
                cells.side[units, columns[0]] > 0,
                levels[units, at],
                weight[units],
                regression=method == "dr",
            )
        except DesignError as refusal:
            raise DesignError(
                refusal.what, where=f"{_WHERE}, cohort of {labels[cohort]}", remedy=refusal.remedy
            ) from refusal
        influence[np.ix_(np.flatnonzero(units), np.array(columns))] = part
    return replace(cells, estimate=estimate, influence=influence)
