"""How a design that compares units estimates: one start, or several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pandas as pd

from equieval.data import Observations
from equieval.methods.adoption import ControlGroup
from equieval.methods.inequality_effect import StratumEffects, stratum_effects
from equieval.methods.staggered_inequality import staggered_stratum_effects
from equieval.protocol import Evaluation
from equieval.protocol.design import StaggeredDifferenceInDifferences
from equieval.study.comparison import Comparison, Way, compare, other_ways
from equieval.study.groups import compared_levels
from equieval.study.headline import headline_of
from equieval.study.panel import PanelDesign, shares_before, strata_panel
from equieval.study.staggered import compare_staggered, other_staggered_ways

VARIANT_DRAWS = 999
Joint = Callable[[Evaluation, Observations, PanelDesign], StratumEffects]


@dataclass(frozen=True)
class Approach:
    """How the effect on one panel is estimated.

    Attributes
    ----------
    estimator : name of the headline estimator.
    compare : panel, events of the treated -> the headline effect with its interval.
    vary : the same for the many variants, with fewer draws where there are any.
    ways : panel -> what stands beside it.
    joint, joint_name : the effects in all groups with one covariance, and what that is called.
    control_group : whom event studies compare with.
    """

    estimator: str
    compare: Callable[[pd.DataFrame, float | None], Comparison]
    vary: Callable[[pd.DataFrame, float | None], Comparison]
    ways: Callable[[pd.DataFrame], tuple[Way, ...]]
    joint: Joint
    joint_name: str
    control_group: ControlGroup = "never-treated"


def approach_of(evaluation: Evaluation) -> Approach:
    """Return how the design of an evaluation estimates."""
    design = evaluation.design
    estimator = headline_of(design.type).estimator
    if isinstance(design, StaggeredDifferenceInDifferences):
        control = design.control_group
        return Approach(
            estimator=estimator,
            compare=lambda panel, events: compare_staggered(panel, control, events),
            vary=lambda panel, events: compare_staggered(panel, control, events),
            ways=lambda panel: other_staggered_ways(panel, control),
            joint=partial(_staggered_joint, control_group=control),
            joint_name="Callaway–Sant'Anna by group, joint covariance",
            control_group=control,
        )
    return Approach(
        estimator=estimator,
        compare=compare,
        vary=partial(compare, draws=VARIANT_DRAWS),
        ways=other_ways,
        joint=_joint,
        joint_name="TWFE by group, joint covariance",
    )


def _joint(
    evaluation: Evaluation, observations: Observations, design: PanelDesign
) -> StratumEffects:
    return stratum_effects(
        strata_panel(observations, evaluation.outcomes.primary.indicator, design),
        compared_levels(evaluation, observations),
        outcome="value",
        weights="weight",
        shares=_shares(evaluation, observations, design),
    )


def _staggered_joint(
    evaluation: Evaluation,
    observations: Observations,
    design: PanelDesign,
    *,
    control_group: ControlGroup,
) -> StratumEffects:
    return staggered_stratum_effects(
        strata_panel(observations, evaluation.outcomes.primary.indicator, design),
        compared_levels(evaluation, observations),
        outcome="value",
        control_group=control_group,
        shares=_shares(evaluation, observations, design),
    ).overall("simple")


def _shares(
    evaluation: Evaluation, observations: Observations, design: PanelDesign
) -> dict[str, float]:
    shares = shares_before(evaluation, observations, design)
    return {str(level): float(share) for level, share in shares.items()}
