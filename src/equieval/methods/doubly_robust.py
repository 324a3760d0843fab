"""Doubly robust and weighted differences-in-differences of two groups of units.

The estimators with normalised weights of Sant'Anna & Zhao (2020, J Econom 219:101): the treated
units' mean change less that of the controls, weighted by their odds of being treated, the weights
adding up to one; doubly robust once a regression of the controls' changes on the covariates is
taken from every change. The influence functions count what the propensity score (a logit) and the
regression cost. As in the authors' packages, controls with a propensity score from 0.995 on are
left out (DRDID), and a score of 0.999 or more is a failure of overlap (did), which is refused.
"""

from __future__ import annotations

import warnings
from typing import Final

import numpy as np
import numpy.typing as npt
import statsmodels.api as sm
from statsmodels.tools.sm_exceptions import PerfectSeparationError

from equieval.errors import DesignError
from equieval.methods.separation import separated

Array = npt.NDArray[np.float64]

_WHERE: Final = "propensity score"
_TRIMMED: Final = 0.995
_APART: Final = 0.999


def effects_on_changes(
    changes: Array,
    treated: npt.NDArray[np.bool_],
    covariates: Array,
    weights: Array,
    *,
    regression: bool = True,
) -> tuple[Array, Array]:
    """Return the effects on the treated (k) and their influence functions (units × k).

    ``changes`` is units × k, in the outcome's units; ``covariates`` units × p, without a
    constant; ``weights`` are positive, of any scale. Without ``regression`` the propensity score
    alone adjusts. The influence's column sums of squares are variances. Raises ``DesignError``
    for covariates that repeat each other, that the controls are too few for, or that tell the
    treated from the others.
    """
    design = _design(covariates, treated, regression)
    score = _propensity(design, treated, weights)
    of_treated = np.where(treated, weights, 0.0)
    odds = np.where(~treated & (score < _TRIMMED), weights * score / (1 - score), 0.0)
    if not odds.sum() > 0:
        raise _apart()
    of_treated, of_controls = of_treated / of_treated.sum(), odds / odds.sum()
    left, by_regression = changes, np.zeros_like(changes)
    if regression:
        fitted = np.where(treated, 0.0, weights)[:, None] * design
        bread = np.linalg.inv(fitted.T @ design)
        left = changes - design @ (bread @ (fitted.T @ changes))
        by_regression = left * (fitted @ bread @ ((of_treated - of_controls) @ design))[:, None]
    means = of_treated @ left, of_controls @ left
    around = of_controls[:, None] * (left - means[1])
    information = design.T @ ((weights * score * (1 - score))[:, None] * design)
    by_score = design @ np.linalg.solve(information, design.T @ around)
    influence = of_treated[:, None] * (left - means[0]) - around - by_regression
    influence -= (weights * (treated - score))[:, None] * by_score
    return np.asarray(means[0] - means[1]), influence


def _design(covariates: Array, treated: npt.NDArray[np.bool_], regression: bool) -> Array:
    """Return a constant and the covariates in standard deviations, checked."""
    spread = covariates.std(axis=0)
    flat = spread <= 1e-12 * np.maximum(np.abs(covariates).max(axis=0), 1e-300)
    scaled = (covariates - covariates.mean(axis=0)) / np.where(flat, 1.0, spread)
    design = np.column_stack([np.ones(len(scaled)), scaled])
    used = design[~treated] if regression else design
    if regression and len(used) <= design.shape[1]:
        raise DesignError(
            f"The changes of {len(used)} controls cannot be regressed on {design.shape[1] - 1} "
            "covariates and a constant: nothing is left to judge the fit by.",
            where=_WHERE,
            remedy="Leave covariates out, or bring in more controls.",
        )
    if flat.any() or np.linalg.matrix_rank(used, tol=1e-9 * np.sqrt(used.size)) < used.shape[1]:
        raise DesignError(
            "The effect cannot be estimated: among the units compared the covariates repeat each "
            "other, or one of them does not vary.",
            where=_WHERE,
            remedy="Leave out the covariate that does not vary, or that the others tell.",
        )
    return design


def _propensity(design: Array, treated: npt.NDArray[np.bool_], weights: Array) -> Array:
    """Return every unit's chance of being among the treated, by a weighted logit."""
    if separated(np.zeros(len(design)), np.where(treated, -1.0, 1.0)[:, None] * design):
        raise _apart()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fit = sm.GLM(
                treated.astype(float),
                design,
                family=sm.families.Binomial(),
                freq_weights=weights / weights.mean(),
            ).fit()
        except PerfectSeparationError as error:
            raise _apart() from error
    score = np.asarray(fit.fittedvalues, dtype=float)
    if not fit.converged or not score.max() < _APART:
        raise _apart()
    return score


def _apart() -> DesignError:
    return DesignError(
        "The propensity score cannot be used: the covariates tell treated units from the others, "
        "or nearly so, and nobody alike is left to compare with (separation).",
        where=_WHERE,
        remedy="Leave out the covariate that does, or adjust by regression of the outcome alone.",
    )
