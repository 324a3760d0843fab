"""One outcome of a panel with one start: its effect, with the interval that may stand.

The rule that picks the interval is fixed beforehand (`equieval.methods.inference`): clustered
errors with many clusters, the wild bootstrap with some, reassignment of the treatment over the
units with few. Whatever else can be computed stands beside it, named as what it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from equieval.methods.adjustment import adjustment_terms, doubly_robust
from equieval.methods.contrasts import Contrast
from equieval.methods.did import triple_difference, two_way_fixed_effects
from equieval.methods.few_clusters import cr2, wild_bootstrap
from equieval.methods.few_treated import ferman_pinto
from equieval.methods.inference import (
    headline_interval,
    reassignment_interval,
    size_ratio,
)
from equieval.methods.staggered_alternatives import imputation
from equieval.methods.synthetic_inequality import placebo_contrast, placebo_synthetic_did
from equieval.study.analysis import CI_LEVEL, RELATIVE, Subject
from equieval.study.counting import NOTHING, Counting
from equieval.study.draws import draws as drawn
from equieval.study.headline import UP_TO_HORIZON

DRAWS = 9_999
SETS = 199
"""Sets of placebo units at most: enough to tell 1 in twenty."""
PER_PERSON = "each person counts the same"
PER_UNIT = "each unit counts the same"
PER_SIZE = "each person counts the same, by the numbers before the start"
PER_PAIR = "each unit and period by what its two groups tell together, 1/(1/n₁ + 1/n₂)"
CLUSTERED = "clustered by unit, t on clusters − 1"
BY_ARM = "clustered by unit, errors learnt in each arm by itself (Welch's t)"
THREE_WAY = f"{CLUSTERED}; with all rates counted the same it would be TWFE, unweighted"
SIZE_CORRECTED = "learnt from the controls, corrected for the sizes of units (Ferman–Pinto)"
NO_INTERVAL = "no interval"
NO_ESTIMATE = "no estimate"


@dataclass(frozen=True)
class Comparison:
    """The effect on one outcome by the headline estimator, with the interval that may stand.

    Attributes
    ----------
    effect : estimate and interval; the interval is missing where the rule allows none.
    inference : how the interval was made.
    interval, reason : which interval the rule picks, and why, in words.
    weighting : who counts how much in the estimate.
    observed : mean outcome of the treated after the start, weighted as the estimate is.
    n_obs, n_units, n_treated_units : what it was estimated on.
    share_observed : of the effect's variance, what the treated after the start add to it.
    """

    effect: Contrast
    inference: str
    interval: str
    reason: str
    weighting: str
    observed: float
    n_obs: int
    n_units: int
    n_treated_units: int
    share_observed: float

    @property
    def estimate(self) -> float:
        """The effect's estimate."""
        return self.effect.estimate

    @property
    def rule(self) -> pd.DataFrame:
        """Which interval stands and why, one row: ``interval, reason``."""
        return pd.DataFrame([{"interval": self.interval, "reason": self.reason}])

    @property
    def relative(self) -> Contrast | None:
        """The effect as a ratio to the counterfactual.

        The interval is that of the effect on the scale of the logarithm; what is uncertain in
        the observed rate weighs more there than what is in the counterfactual, where the rate is
        lower. None where the counterfactual is not positive somewhere in the interval.
        """
        ends = [self.effect.estimate, self.effect.ci_low, self.effect.ci_high]
        expected = [self.observed - end for end in ends]
        if not all(value > 0 or math.isnan(value) for value in expected) or self.observed <= 0:
            return None
        logs = [math.log(self.observed / value) for value in expected]
        squared = (expected[0] / self.observed) ** 2
        wider = math.sqrt(max(1.0, 1 + self.share_observed * (squared - 1)))
        return replace(
            self.effect,
            estimate=math.exp(logs[0]),
            ci_low=math.exp(logs[0] + wider * (logs[1] - logs[0])),
            ci_high=math.exp(logs[0] + wider * (logs[2] - logs[0])),
            std_error=math.nan,
            scale=RELATIVE,
        )


def compare(
    panel: pd.DataFrame,
    n_events: float | None = None,
    *,
    per_unit: bool = False,
    counting: Counting = NOTHING,
    draws: int = DRAWS,
) -> Comparison:
    """Estimate the effect on ``value`` of a panel (`equieval.study.panel.rate_panel`).

    Weighted by denominator, unless the protocol (``per_unit``) lets each unit count the same, or
    the rule leaves reassignment only, or what the controls tell of units of that size. ``draws``
    are those of a bootstrap. With the covariates of ``counting`` it is the outcome regression,
    always by the wild bootstrap: clustered errors hold less than they promise with slopes to fit.

    Raises
    ------
    DesignError : the panel carries no difference-in-differences, or not its covariates.
    """
    counting.refuse_too_many(panel)
    units = panel.groupby("unit")["exposed"].max()
    ratio = size_ratio(panel.groupby("unit")["weight"].mean(), units)
    rule = headline_interval(len(units), int(units.sum()), n_events, size_ratio=ratio)
    exposed = panel[panel["exposed"] == 1]
    weighted = rule.interval in ("clustered", "wild-bootstrap") and not per_unit
    weights = "weight" if weighted else None
    panel, terms = adjustment_terms(panel, counting.covariates, period="period", weights=weights)
    interval = "wild-bootstrap" if terms and rule.interval == "clustered" else rule.interval
    if interval == "clustered":
        effect = two_way_fixed_effects(
            panel, outcome="value", weights=weights, ci_level=CI_LEVEL
        ).effect
        inference = CLUSTERED
    elif interval == "wild-bootstrap":
        found = wild_bootstrap(
            panel,
            outcome="value",
            covariates=terms,
            weights=weights,
            draws=drawn(draws),
            ci_level=CI_LEVEL,
        )
        effect = found.effect
        inference = f"wild cluster bootstrap, {found.draws:,} draws ({found.scheme})"
    elif interval == "reassignment":
        effect = reassignment_interval(panel, outcome="value", ci_level=CI_LEVEL)
        inference = "reassignment of the treatment over the units"
    elif interval == "size-corrected":
        effect = ferman_pinto(
            panel, outcome="value", size="weight", draws=drawn(draws), ci_level=CI_LEVEL
        ).effect
        inference = SIZE_CORRECTED
    else:
        alone = two_way_fixed_effects(panel, outcome="value", covariates=terms, ci_level=CI_LEVEL)
        effect, inference = without_interval(alone.effect), NO_INTERVAL
    shares = exposed["weight"] if weighted else pd.Series(1.0, exposed.index)
    return Comparison(
        effect=effect,
        inference=inference if interval == "none" else counting.words(inference),
        interval=interval,
        reason=rule.reason,
        weighting=PER_PERSON if weighted else PER_UNIT,
        observed=float((exposed["value"] * shares).sum() / shares.sum()),
        n_obs=len(panel),
        n_units=len(units),
        n_treated_units=int(units.sum()),
        share_observed=share_observed(panel),
    )


def share_observed(panel: pd.DataFrame) -> float:
    """Return the share of an effect's variance that comes from the treated after their start.

    As if every unit and period varied alike: of the two arms the smaller adds more, and of two
    spans of time the shorter.
    """
    treated = panel["unit"].isin(panel.loc[panel["exposed"] == 1, "unit"])
    others = panel.loc[~treated, "unit"].nunique()
    of_arms = others / panel["unit"].nunique()
    return of_arms * float((panel.loc[treated, "exposed"] == 0).mean())


def without_interval(effect: Contrast) -> Contrast:
    """Return an estimate whose interval says nothing, without it."""
    return replace(effect, std_error=math.nan, ci_low=math.nan, ci_high=math.nan, p_value=math.nan)


def comparison_row(
    found: Comparison, subject: Subject, *, estimator: str, role: str, **columns: Any
) -> dict[str, Any]:
    """Return the headline effect as a row of the Estimates table."""
    return replace(subject, weighting=found.weighting).row(
        found.effect, role=role, **_columns(found, estimator, columns)
    )


def ratio_row(
    found: Comparison, subject: Subject, *, estimator: str, **columns: Any
) -> list[dict[str, Any]]:
    """Return the headline effect as a ratio: one row, or none where it has no ratio."""
    relative = found.relative
    if relative is None:
        return []
    ratio = replace(subject, weighting=found.weighting, scale=RELATIVE)
    shared = _columns(found, estimator, columns)
    return [ratio.row(relative, role="secondary", variant="ratio", **shared)]


def _columns(found: Comparison, estimator: str, columns: dict[str, Any]) -> dict[str, Any]:
    return {
        "estimator": estimator,
        "estimand": UP_TO_HORIZON,
        "inference": found.inference,
        "n_obs": found.n_obs,
        "n_units": found.n_units,
        "n_treated_units": found.n_treated_units,
        "note": found.reason,
        **columns,
    }


Way = tuple[str, str, str, Callable[[], "Contrast | Comparison"]]
"""Another way to the same effect: estimator, inference, weighting, and the estimate.

One that is the headline's with other choices says itself how its interval was made.
"""


def other_ways(
    panel: pd.DataFrame, *, per_unit: bool = False, counting: Counting = NOTHING
) -> tuple[Way, ...]:
    """Return the other estimators and intervals for a panel with one start.

    The first two weigh as the headline does (``per_unit``), the third the other way. Where the
    headline is adjusted for covariates, adjusted ways come before them, and these are named as
    unadjusted.
    """
    ways = _unadjusted_ways(panel, per_unit)
    if not counting.covariates:
        return ways
    plain = [(f"{estimator}, unadjusted", *way) for estimator, *way in ways]
    return (*_adjusted_ways(panel, counting, per_unit), *plain)  # type: ignore[arg-type]


def _adjusted_ways(panel: pd.DataFrame, counting: Counting, per_unit: bool) -> tuple[Way, ...]:
    """Return the other estimators that adjust for covariates as the headline does."""
    weights, counted = (None, PER_UNIT) if per_unit else ("weight", PER_PERSON)
    names = counting.covariates

    def by_cr2() -> Contrast:
        rows, terms = adjustment_terms(panel, names, period="period", weights=weights)
        return cr2(rows, outcome="value", covariates=terms, weights=weights, ci_level=CI_LEVEL)

    def both() -> Contrast:
        return doubly_robust(panel, names, outcome="value", weights=weights, ci_level=CI_LEVEL)

    return (
        (
            "TWFE, adjusted, CR2 errors",
            counting.words("CR2 by unit, Bell–McCaffrey degrees of freedom"),
            counted,
            by_cr2,
        ),
        (
            "Doubly robust",
            counting.words("influence functions by unit, t on units − 1"),
            counted if per_unit else PER_SIZE,
            both,
        ),
    )


def _unadjusted_ways(panel: pd.DataFrame, per_unit: bool) -> tuple[Way, ...]:
    value: dict[str, Any] = {"outcome": "value", "ci_level": CI_LEVEL}
    own, other = (None, "weight") if per_unit else ("weight", None)
    counted, otherwise = (PER_UNIT, PER_PERSON) if per_unit else (PER_PERSON, PER_UNIT)
    return (
        (
            "TWFE, clustered errors",
            CLUSTERED,
            counted,
            lambda: two_way_fixed_effects(panel, weights=own, **value).effect,
        ),
        (
            "TWFE, CR2 errors",
            "CR2 by unit, Bell–McCaffrey degrees of freedom",
            counted,
            lambda: cr2(panel, weights=own, **value),
        ),
        (
            "TWFE, weighted" if per_unit else "TWFE, unweighted",
            CLUSTERED,
            otherwise,
            lambda: two_way_fixed_effects(panel, weights=other, **value).effect,
        ),
        (
            "Imputation",
            "conservative errors by unit, t on clusters − 1",
            PER_UNIT,
            lambda: imputation(panel, **value),
        ),
        (
            "Ferman–Pinto",
            SIZE_CORRECTED,
            PER_UNIT,
            lambda: ferman_pinto(panel, size="weight", draws=drawn(DRAWS), **value).effect,
        ),
        (
            "Synthetic DiD",
            "placebo units, by rank",
            PER_UNIT,
            lambda: _synthetic_by_rank(panel),
        ),
    )


def triple_way(
    cells: pd.DataFrame, worst_off: str, best_off: str, *, counting: Counting = NOTHING
) -> Way:
    """Return the effect on a gap by a triple difference, weighted by the sizes of the groups.

    Parameters
    ----------
    cells : rates by group (`equieval.study.panel.strata_panel`).
    worst_off, best_off : the groups; the gap is the rate of the first less that of the second.
    """

    def estimate() -> Contrast:
        return triple_difference(
            cells, worst_off, best_off, outcome="value", weights="weight", ci_level=CI_LEVEL
        ).effect

    unadjusted = ", unadjusted" if counting.covariates else ""
    return f"Triple difference, weighted{unadjusted}", THREE_WAY, PER_PAIR, estimate


def _synthetic_by_rank(panel: pd.DataFrame) -> Contrast:
    ranked = placebo_synthetic_did(panel, outcome="value", max_placebos=SETS)
    others = ranked.placebos["estimate"].to_numpy(float)[1:]
    return placebo_contrast(ranked.estimate, others, CI_LEVEL)
