"""Effects of an interruption: against the counterfactual, at a time, on average, in all.

The counterfactual is the fitted model with the intervention terms at 0. Every effect is a
function of the coefficients whose gradient is itself a contrast: for a straight-line model it
is exact, for ratios and log-link models it is the delta method, and its degrees of freedom are
always those of that very contrast.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from equieval.errors import DesignError, one_of
from equieval.methods.contrasts import Contrast, t_contrast
from equieval.methods.its_fit import ItsFit
from equieval.methods.reml import planned_df

Array = npt.NDArray[np.float64]
Scale = Literal["absolute", "relative"]

#: Terms that the counterfactual sets to 0 unless told otherwise.
INTERVENTION_COLUMNS: Final = ("post", "since")


def counterfactual(
    fit: ItsFit,
    X: pd.DataFrame,
    ci_level: float = 0.95,
    *,
    intervention: Sequence[str] = INTERVENTION_COLUMNS,
) -> pd.DataFrame:
    """Return the observed, fitted and counterfactual series, one row per row of ``X``.

    Columns ``period, observed, fitted, counterfactual, ci_low, ci_high, df``. The interval is
    that of the counterfactual **mean** (not of a single observation) on the ``df`` degrees of
    freedom of that row; on a fraction of one it says nothing, however it is drawn. Log-link
    models are back-transformed to rates per ``fit.per``. ``observed`` is missing where the
    series is. Raises ``DesignError`` when ``X`` lacks a column of the model.
    """
    actual = _rows(fit, X)
    without = _without(fit, X, intervention)
    contrasts = fit.contrasts(without, ci_level)
    return pd.DataFrame(
        {
            "period": X.index,
            "observed": fit.observed.reindex(X.index).to_numpy(float),
            "fitted": _mean(fit, actual @ fit.params.to_numpy()),
            "counterfactual": _mean(fit, without @ fit.params.to_numpy()),
            "ci_low": _mean(fit, contrasts["ci_low"].to_numpy(float)),
            "ci_high": _mean(fit, contrasts["ci_high"].to_numpy(float)),
            "df": contrasts["df"].to_numpy(float),
        }
    )


def effect_at(
    fit: ItsFit,
    X: pd.DataFrame,
    period: object,
    *,
    scale: Scale = "absolute",
    ci_level: float = 0.95,
    intervention: Sequence[str] = INTERVENTION_COLUMNS,
) -> Contrast:
    """Return fitted minus counterfactual at ``period`` (``scale="relative"``: fitted over it).

    In the outcome's unit (per ``fit.per`` for counts). Raises ``DesignError`` for a period that
    ``X`` does not have and for one in which the model has no effect: before the start, during a
    lag, or in the very period from which a change of slope alone counts; ``InputError`` for an
    unknown scale.
    """
    one_of(scale, get_args(Scale), "scale")
    effect_weights(X, period, intervention=intervention)
    row = X.loc[[period]]
    return _effect(fit, row, np.ones(1), scale, ci_level, intervention)


def effect_weights(
    X: pd.DataFrame, period: object, *, intervention: Sequence[str] = INTERVENTION_COLUMNS
) -> Array:
    """Return the weights of the coefficients (p) whose sum is the effect of a linear model.

    Raises ``DesignError`` as ``effect_at``.
    """
    if period not in X.index:
        raise DesignError(
            f"The model has no period {period}.",
            where="effect at a stated time",
            remedy=f"Choose a period from {X.index.min()} to {X.index.max()} that is not left out.",
        )
    impact = X.columns.isin(list(intervention))
    weights = np.where(impact, X.loc[[period]].to_numpy(float)[0], 0.0)
    if not weights.any():
        raise DesignError(
            f"The model has no effect in {period}: it begins later.",
            where="effect at a stated time",
            remedy="Ask for a period after the start, once the impact can show.",
        )
    return weights


def planned_effect_df(
    X: pd.DataFrame,
    period: pd.Period,
    *,
    phi: float,
    observed: pd.PeriodIndex | None = None,
    intervention: Sequence[str] = INTERVENTION_COLUMNS,
) -> float:
    """Return the degrees of freedom that a design plans for its effect at ``period``.

    Satterthwaite's, at the autocorrelation ``phi`` and by the expected information: they follow
    from the design (``X``, of which ``observed`` periods are fitted; all by default), never from
    the outcome. NaN where too few periods are left to be fitted. Raises ``DesignError`` as
    ``effect_at``.
    """
    weights = effect_weights(X, period, intervention=intervention)
    rows = X if observed is None else X.loc[observed]
    times = pd.PeriodIndex(rows.index).asi8.astype(float)
    return planned_df(rows.to_numpy(float), times, weights, phi=phi)


def average_effect(
    fit: ItsFit,
    X: pd.DataFrame,
    *,
    weights: pd.Series | None = None,
    scale: Scale = "absolute",
    ci_level: float = 0.95,
    intervention: Sequence[str] = INTERVENTION_COLUMNS,
) -> Contrast:
    """Return the mean effect over the exposed periods of ``X``.

    Exposed are the periods from that in which the impact begins (after any lag), under every
    impact model: a change of slope counts its first period too, with an effect of 0. Periods
    that ``X`` leaves out (a phase-in, exclusions) do not count. ``weights`` (by period, for
    instance births) default to equal ones. On the relative scale it is the weighted mean fitted
    rate over the weighted mean counterfactual rate. Raises ``InputError`` for an unknown scale.
    """
    one_of(scale, get_args(Scale), "scale")
    exposed = _exposed(fit, X, intervention)
    share = _weights(weights, exposed)
    return _effect(fit, exposed, share / share.sum(), scale, ci_level, intervention)


def cumulative_effect(
    fit: ItsFit,
    X: pd.DataFrame,
    *,
    exposure: pd.Series | None = None,
    ci_level: float = 0.95,
    intervention: Sequence[str] = INTERVENTION_COLUMNS,
) -> Contrast:
    """Return the sum of effects over the exposed periods of ``X`` (as in ``average_effect``).

    With ``exposure`` (by period, in the units that the rate is per: births / 1 000 for a rate
    per 1 000) it is a number of events more (or, negative, fewer) than expected.
    """
    exposed = _exposed(fit, X, intervention)
    return _effect(fit, exposed, _weights(exposure, exposed), "absolute", ci_level, intervention)


def _effect(
    fit: ItsFit,
    X: pd.DataFrame,
    weights: Array,
    scale: Scale,
    ci_level: float,
    intervention: Sequence[str],
) -> Contrast:
    """Weighted difference or ratio of means with and without the intervention terms."""
    beta = fit.params.to_numpy()
    actual, without = _rows(fit, X), _without(fit, X, intervention)
    fitted, expected = _mean(fit, actual @ beta), _mean(fit, without @ beta)
    # d mean / d β: the row itself, times the mean under a log link.
    d_fitted = (weights * (fitted if fit.link == "log" else 1.0)) @ actual
    d_expected = (weights * (expected if fit.link == "log" else 1.0)) @ without
    total, total_expected = float(weights @ fitted), float(weights @ expected)
    if scale == "absolute":
        value, gradient = total - total_expected, d_fitted - d_expected
    else:
        if total <= 0 or total_expected <= 0:
            raise DesignError(
                "A ratio needs a positive fitted and a positive counterfactual value; here they "
                f"are {total:.4g} and {total_expected:.4g}.",
                where="effect on the relative scale",
                remedy="Report the absolute effect.",
            )
        value = math.log(total / total_expected)
        gradient = d_fitted / total - d_expected / total_expected
    linear = fit.contrast(pd.Series(gradient, index=fit.params.index), ci_level)
    if scale == "relative":
        return t_contrast(
            value, linear.std_error, linear.df, ci_level=ci_level, scale="log"
        ).as_ratio()
    if fit.link == "identity":
        return linear
    return t_contrast(value, linear.std_error, linear.df, ci_level=ci_level)


def _rows(fit: ItsFit, X: pd.DataFrame) -> Array:
    absent = [str(name) for name in fit.params.index if name not in X.columns]
    if absent:
        raise DesignError(
            "The design lacks columns of the fitted model: " + ", ".join(absent) + ".",
            where="counterfactual",
            remedy="Use the design that the model was fitted on, or one built in the same way.",
        )
    return np.asarray(X[list(fit.params.index)].to_numpy(float))


def _without(fit: ItsFit, X: pd.DataFrame, intervention: Sequence[str]) -> Array:
    terms = [name for name in intervention if name in fit.params.index]
    if not terms:
        raise DesignError(
            "The model has no intervention term, so there is nothing to take away: "
            + ", ".join(intervention)
            + ".",
            where="counterfactual",
            remedy="Name the intervention's columns of the design.",
        )
    return _rows(fit, X.assign(**dict.fromkeys(terms, 0.0)))


def _exposed(fit: ItsFit, X: pd.DataFrame, intervention: Sequence[str]) -> pd.DataFrame:
    """Return the rows from that in which the impact begins, whatever terms it is modelled by."""
    terms = [name for name in intervention if name in fit.params.index]
    changed = (X[terms] != 0).any(axis=1).to_numpy(bool)
    place = X.index.asi8 if isinstance(X.index, pd.PeriodIndex) else X.index.to_numpy()
    for term in terms:
        # A change of slope counts periods from the one in which it begins, where it is still 0.
        since = X[term].to_numpy(float)
        if term.startswith("since") and since.any():
            changed = changed | (place >= (place - since)[since > 0].min())
    exposed = X.loc[changed]
    if exposed.empty:
        raise DesignError(
            "No period of the design lies after the start.",
            where="effect over the exposed periods",
            remedy="Check the start of the intervention.",
        )
    return exposed


def _weights(weights: pd.Series | None, exposed: pd.DataFrame) -> Array:
    if weights is None:
        return np.ones(len(exposed))
    values = weights.reindex(exposed.index).to_numpy(float)
    if not np.isfinite(values).all() or (values < 0).any() or not values.any():
        raise DesignError(
            "Weights must be present, not negative and not all 0 for every exposed period.",
            where="effect over the exposed periods",
            remedy="Give the denominator of every exposed period, or leave the weights out.",
        )
    return np.asarray(values)


def _mean(fit: ItsFit, linear: Array) -> Array:
    if fit.link == "identity":
        return linear
    with np.errstate(over="ignore"):
        return np.asarray(fit.per * np.exp(linear))
