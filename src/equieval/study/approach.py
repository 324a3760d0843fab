"""How a design that compares units estimates: one start, or several."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pandas as pd

from equieval.data import Observations
from equieval.errors import DesignError
from equieval.methods.adoption import ControlGroup
from equieval.methods.inequality_effect import (
    StratumEffects,
    equal_effects_test,
    inequality_effects,
    levelling,
    stratum_effects,
)
from equieval.methods.inference import TREATED_FOR_BOOTSTRAP
from equieval.methods.staggered_inequality import staggered_stratum_effects
from equieval.methods.synthetic_inequality import synthetic_strata
from equieval.protocol import Evaluation
from equieval.protocol.design import (
    StaggeredDifferenceInDifferences,
    SyntheticDifferenceInDifferences,
)
from equieval.study.analysis import CI_LEVEL
from equieval.study.beside import TOO_FEW
from equieval.study.comparison import BY_ARM, Comparison, Way, compare, other_ways
from equieval.study.counting import Counting
from equieval.study.groups import compared_levels, direction
from equieval.study.headline import headline_of
from equieval.study.panel import PanelDesign, shares_before, strata_panel
from equieval.study.panel_options import EQUAL, counting_of
from equieval.study.staggered import compare_staggered
from equieval.study.staggered_ways import other_staggered_ways
from equieval.study.synthetic import PLACEBOS, compare_synthetic, other_synthetic_ways

VARIANT_DRAWS = 999


@dataclass(frozen=True)
class JointEffects:
    """The effects in all groups from one counterfactual, and what follows from them.

    Attributes
    ----------
    measures : ``measure, estimate, std_error, df, ci_low, ci_high, p_value``.
    verdict : who moved.
    test : of equal effects: ``statistic, df, df_within, p_value``; missing where there is none.
    inference : how the intervals were made.
    n_units, n_treated_units : what they rest on.
    """

    measures: pd.DataFrame
    verdict: str
    test: dict[str, float]
    inference: str
    n_units: int
    n_treated_units: int


Joint = Callable[[Evaluation, Observations, PanelDesign], JointEffects]


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
    per_unit : whether each unit counts the same in the headline, whatever its size.
    adjusted : whether the headline is adjusted for covariates.
    """

    estimator: str
    compare: Callable[[pd.DataFrame, float | None], Comparison]
    vary: Callable[[pd.DataFrame, float | None], Comparison]
    ways: Callable[[pd.DataFrame], tuple[Way, ...]]
    joint: Joint
    joint_name: str
    control_group: ControlGroup = "never-treated"
    per_unit: bool = True
    adjusted: bool = False


def approach_of(evaluation: Evaluation) -> Approach:
    """Return how the design of an evaluation estimates."""
    design = evaluation.design
    estimator, counting = headline_of(design.type).estimator, counting_of(evaluation)
    per_unit = evaluation.outcomes.primary.weighting == EQUAL
    if isinstance(design, StaggeredDifferenceInDifferences):
        control, anticipation = design.control_group, design.anticipation

        def estimate(panel: pd.DataFrame, events: float | None) -> Comparison:
            return compare_staggered(
                panel, control, events, anticipation=anticipation, counting=counting
            )

        return Approach(
            estimator=estimator,
            compare=estimate,
            vary=estimate,
            ways=lambda panel: other_staggered_ways(
                panel, control, anticipation=anticipation, counting=counting
            ),
            joint=partial(_staggered_joint, control_group=control),
            joint_name="Callaway–Sant'Anna by group, joint covariance",
            control_group=control,
            per_unit=per_unit,
            adjusted=bool(counting.covariates),
        )
    if isinstance(design, SyntheticDifferenceInDifferences):
        return Approach(
            estimator=estimator,
            compare=partial(compare_synthetic, counting=counting),
            vary=partial(compare_synthetic, counting=counting),
            ways=other_synthetic_ways,
            joint=_synthetic_joint,
            joint_name="Synthetic DiD by group, joint covariance",
            per_unit=per_unit,
        )
    return Approach(
        estimator=estimator,
        compare=partial(compare, per_unit=per_unit, counting=counting),
        vary=partial(compare, per_unit=per_unit, counting=counting, draws=VARIANT_DRAWS),
        ways=partial(other_ways, per_unit=per_unit, counting=counting),
        joint=partial(_joint, weights=None if per_unit else "weight"),
        joint_name="TWFE by group, joint covariance",
        per_unit=per_unit,
        adjusted=bool(counting.covariates),
    )


def _joint(
    evaluation: Evaluation,
    observations: Observations,
    design: PanelDesign,
    *,
    weights: str | None,
) -> JointEffects:
    return _of_strata(
        evaluation,
        stratum_effects(
            strata_panel(observations, evaluation.outcomes.primary.indicator, design),
            compared_levels(evaluation, observations),
            outcome="value",
            covariates=design.counting.covariates,
            weights=weights,
            shares=_shares(evaluation, observations, design),
        ),
        design.counting,
    )


def _staggered_joint(
    evaluation: Evaluation,
    observations: Observations,
    design: PanelDesign,
    *,
    control_group: ControlGroup,
) -> JointEffects:
    panel = design.counting.sized(
        strata_panel(observations, evaluation.outcomes.primary.indicator, design)
    )
    strata = staggered_stratum_effects(
        panel,
        compared_levels(evaluation, observations),
        outcome="value",
        control_group=control_group,
        anticipation=design.anticipation,
        shares=_shares(evaluation, observations, design),
        **design.counting.group_time,
    )
    return _of_strata(
        evaluation,
        strata.overall("simple"),
        design.counting,
        design.counting.alike(panel),
    )


def _synthetic_joint(
    evaluation: Evaluation, observations: Observations, design: PanelDesign
) -> JointEffects:
    polarity = direction(evaluation.outcomes.primary.indicator)
    found = synthetic_strata(
        design.counting.sized(
            strata_panel(observations, evaluation.outcomes.primary.indicator, design)
        ),
        compared_levels(evaluation, observations),
        outcome="value",
        weights=design.counting.size,
        shares=_shares(evaluation, observations, design),
    )
    return JointEffects(
        measures=found.measures(polarity=polarity, which=_measures(evaluation), ci_level=CI_LEVEL),
        verdict=found.levelling(polarity=polarity, ci_level=CI_LEVEL).verdict,
        test=_no_test(),
        inference=PLACEBOS,
        n_units=found.n_controls + found.n_treated_units,
        n_treated_units=found.n_treated_units,
    )


def _of_strata(
    evaluation: Evaluation,
    found: StratumEffects,
    counting: Counting,
    alike: tuple[int, int] | None = None,
) -> JointEffects:
    """Return what follows from the effects by group; without intervals where units are few.

    Units that count by their size are judged by how many alike (and treated) they tell as much as.
    Clustered errors learnt from a handful of treated units hold far less than they promise
    (the simulations of `make validate`): no interval, verdict or test is made of them.
    """
    polarity = direction(evaluation.outcomes.primary.indicator)
    n_alike, treated_alike = alike or (found.n_clusters, found.n_treated_clusters)
    measures = inequality_effects(
        found, polarity=polarity, which=_measures(evaluation), ci_level=CI_LEVEL
    )
    if min(treated_alike, n_alike - treated_alike) < TREATED_FOR_BOOTSTRAP:
        unknown = ["std_error", "df", "ci_low", "ci_high", "p_value"]
        return JointEffects(
            measures=measures.assign(**dict.fromkeys(unknown, math.nan)),
            verdict="no clear change",
            test=_no_test(),
            inference=TOO_FEW,
            n_units=found.n_clusters,
            n_treated_units=found.n_treated_clusters,
        )
    try:
        test = equal_effects_test(found)
    except DesignError:
        test = _no_test()
    return JointEffects(
        measures=measures,
        verdict=levelling(found, polarity=polarity, ci_level=CI_LEVEL).verdict,
        test=test,
        inference=counting.words(f"{BY_ARM}; delta method"),
        n_units=found.n_clusters,
        n_treated_units=found.n_treated_clusters,
    )


def _measures(evaluation: Evaluation) -> list[str]:
    """Return the measures of the protocol, the primary one first."""
    primary: str = evaluation.outcomes.primary.measure
    return list(dict.fromkeys((primary, *evaluation.equity.measures)))


def _no_test() -> dict[str, float]:
    return dict.fromkeys(("statistic", "df", "df_within", "p_value"), math.nan)


def _shares(
    evaluation: Evaluation, observations: Observations, design: PanelDesign
) -> dict[str, float]:
    shares = shares_before(evaluation, observations, design)
    return {str(level): float(share) for level, share in shares.items()}
