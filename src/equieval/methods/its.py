"""Interrupted time series: designs and estimators.

Segmented regression (Wagner et al. 2002, J Clin Pharm Ther 27:299; Bernal et al. 2017, Int J
Epidemiol 46:348) of a rate, a derived series (a yearly slope index of inequality), or a count
with exposure. REML AR(1) with Satterthwaite degrees of freedom is the headline for the level
change; Newey–West and ordinary least squares stand beside it as sensitivity rows only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd
import statsmodels.api as sm

from equieval.errors import DesignError, one_of
from equieval.methods import reml
from equieval.methods.arguments import (
    numbers,
    require_per_and_dispersion,
    require_period,
    require_periods,
)
from equieval.methods.its_effects import (
    INTERVENTION_COLUMNS,
    average_effect,
    counterfactual,
    cumulative_effect,
    effect_at,
    effect_weights,
)
from equieval.methods.its_fit import ItsFit
from equieval.methods.panel import refuse_constant
from equieval.methods.separation import refuse_separation

__all__ = [
    "INTERVENTION_COLUMNS",
    "ItsFit",
    "automatic_lag",
    "average_effect",
    "counterfactual",
    "cumulative_effect",
    "effect_at",
    "effect_weights",
    "fit_newey_west",
    "fit_ols",
    "fit_quasi_poisson",
    "fit_reml_ar1",
    "level_and_slope",
]

SmallSample = Literal["satterthwaite", "kenward-roger"]

_WORDS: Final[dict[SmallSample, str]] = {
    "satterthwaite": "Satterthwaite df",
    "kenward-roger": "Kenward–Roger standard errors and df",
}


def level_and_slope(periods: pd.PeriodIndex, start: pd.Period) -> pd.DataFrame:
    """Return the design ``intercept, t, post, since`` for an interruption at ``start``.

    ``t`` counts periods from the first; ``post`` is 1 from ``start`` on; ``since`` counts periods
    after ``start`` (0 at ``start`` itself), so the coefficient of ``post`` is the level change at
    the first exposed period. Rows are the given periods; a missing one leaves its gap in ``t``.
    Raises ``DesignError`` when periods repeat, when ``start`` is no period of their frequency, and
    when it does not leave at least one period on either side.
    """
    require_periods(periods, "interrupted time series")
    if periods.has_duplicates:
        raise DesignError(
            "A series holds one value per period; these periods repeat: "
            + ", ".join(str(period) for period in periods[periods.duplicated()].unique()),
            where="interrupted time series",
            remedy="Aggregate to one row per period first.",
        )
    require_period(start, periods.freqstr, "design.start")
    first, last = periods.min(), periods.max()
    if not first < start <= last:
        raise DesignError(
            f"The start {start} leaves nothing to compare: the series runs from {first} to {last}.",
            where="design.start",
            remedy="Choose a start after the first and not after the last period of the data.",
        )
    ordinals = periods.asi8
    return pd.DataFrame(
        {
            "intercept": 1.0,
            "t": (ordinals - first.ordinal).astype(float),
            "post": (ordinals >= start.ordinal).astype(float),
            "since": np.maximum(0, ordinals - start.ordinal).astype(float),
        },
        index=periods,
    )


def fit_reml_ar1(
    y: pd.Series,
    X: pd.DataFrame,
    *,
    small_sample: SmallSample = "satterthwaite",
    information: reml.Information = "expected",
) -> ItsFit:
    """Fit ``y`` on ``X`` with AR(1) errors by REML; intervals by Satterthwaite.

    ``y`` and ``X`` share an index of periods (or whole numbers); missing ``y`` is dropped with
    its true spacing kept. ``sigma`` is the residual standard deviation, ``log_likelihood`` the
    restricted one in R nlme's convention. ``small_sample="kenward-roger"`` adds to the standard
    errors what estimating the autocorrelation costs: on 24 points with φ = 0.4 the interval of a
    level change then holds 94 % of the time, without it 91 %. ``information`` names the convention
    behind the degrees of freedom. Raises ``DesignError`` for collinear columns, too few points, a
    perfect fit, and an autocorrelation that runs to its limit.
    """
    one_of(small_sample, _WORDS, "small_sample")
    one_of(information, get_args(reml.Information), "information")
    y, X = _complete(y, X)
    fitted = reml.fit(
        y.to_numpy(float), X.to_numpy(float), _times(y.index), information=information
    )
    cov = fitted.kenward_roger_cov if small_sample == "kenward-roger" else fitted.cov
    return ItsFit(
        estimator="REML AR(1)",
        inference=f"t, {_WORDS[small_sample]} ({information} information)",
        params=pd.Series(fitted.coefficients, index=X.columns),
        cov=pd.DataFrame(cov, index=X.columns, columns=X.columns),
        residual_df=float(len(y) - X.shape[1]),
        n_obs=len(y),
        design=X,
        observed=y,
        residuals=pd.Series(fitted.residuals, index=y.index),
        innovations=pd.Series(fitted.innovations, index=y.index),
        phi=fitted.phi,
        sigma=math.sqrt(fitted.sigma2),
        log_likelihood=fitted.log_likelihood,
        reml=fitted,
    )


def fit_ols(y: pd.Series, X: pd.DataFrame) -> ItsFit:
    """Fit ``y`` on ``X`` by ordinary least squares: right only without autocorrelation.

    Raises ``DesignError`` for collinear columns, too few points and a perfect fit.
    """
    y, X = _complete(y, X)
    cov = sm.OLS(y.to_numpy(float), X.to_numpy(float)).fit().cov_params()
    return _least_squares(y, X, np.asarray(cov), "OLS", "t, residual df", None)


def fit_newey_west(y: pd.Series, X: pd.DataFrame, lags: int | None = None) -> ItsFit:
    """Fit ``y`` on ``X`` by least squares with Newey–West standard errors (1987).

    Bartlett weights, small-sample factor n/(n − p), t with the residual df. ``lags`` defaults to
    ``automatic_lag``. Missing periods keep their place in the sums of products (Datta & Du's
    amplitude-modulated estimator), so a gap is never closed up. A sensitivity row, never a
    headline: on 24 points its 95 % intervals held 67–78 %.
    """
    y, X = _complete(y, X)
    times = _times(y.index)
    place = (times - times[0]).astype(int)
    span = int(place[-1]) + 1
    lags = automatic_lag(span) if lags is None else lags
    if not 0 <= lags < span:
        raise DesignError(
            f"A Newey–West lag of {lags} does not fit {span} periods.",
            where="robustness.newey_west_lag",
            remedy=f"Choose a lag from 0 to {span - 1}.",
        )
    # Rows of zeros stand for the missing periods: they change neither the fit nor a product.
    padded_y, padded_X = np.zeros(span), np.zeros((span, X.shape[1]))
    padded_y[place], padded_X[place] = y.to_numpy(float), X.to_numpy(float)
    cov = (
        sm.OLS(padded_y, padded_X)
        .fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": False})
        .cov_params()
    )
    factor = len(y) / (len(y) - X.shape[1])
    return _least_squares(
        y,
        X,
        np.asarray(cov) * factor,
        "Newey–West",
        f"t, residual df; HAC, Bartlett weights, lag {lags}",
        lags,
    )


def automatic_lag(n: int) -> int:
    """Return the usual Newey–West lag for ``n`` periods, ``⌊4 (n/100)^(2/9)⌋`` (1994)."""
    return math.floor(4 * math.pow(n / 100, 2 / 9))


def fit_quasi_poisson(
    events: pd.Series, exposure: pd.Series, X: pd.DataFrame, *, per: float = 1.0
) -> ItsFit:
    """Fit counts with ``log(exposure)`` as offset; dispersion from Pearson's χ², t intervals.

    Coefficients are logarithms of rate ratios; fitted rates are per ``per`` of exposure. Rows
    with missing events or exposure, or without exposure, are dropped. Autocorrelation is not in
    these intervals. Raises ``DesignError`` for negative or infinite values, for a series without
    events, for a rate that is the same in every period or a perfect fit, and where all events lie
    on one side so that a coefficient runs off to infinity.
    """
    require_per_and_dispersion(per)
    events = numbers(events, "events", "quasi-Poisson regression")
    exposure = numbers(exposure, "exposure", "quasi-Poisson regression")
    if bool((events < 0).any()) or bool((exposure < 0).any()):
        raise DesignError(
            "Events and exposure cannot be negative.",
            where="quasi-Poisson regression",
            remedy="Check the numerator and denominator of the series.",
        )
    usable = events.where(exposure.reindex(events.index) > 0)
    events, X = _complete(usable, X)
    exposure = exposure.reindex(events.index)
    n, p = X.shape
    if n <= p:
        raise _too_few(n, p, "quasi-Poisson regression")
    model = sm.GLM(
        events.to_numpy(float),
        X.to_numpy(float),
        family=sm.families.Poisson(),
        offset=np.log(exposure.to_numpy(float)),
    )
    refuse_separation(events.to_numpy(float), X.to_numpy(float))
    rate = per * events / exposure
    refuse_constant(rate, "quasi-Poisson regression")
    fitted = model.fit(scale="X2", use_t=True, tol=1e-12, maxiter=100)
    mean = np.asarray(fitted.fittedvalues, dtype=float)
    scale = float(fitted.scale)
    # Relative to the figures: a residual of 1e-8 of the mean is rounding, no count's variation.
    if not scale > 1e-16 * float(mean.mean()):
        raise reml.perfect_fit("quasi-Poisson regression")
    return ItsFit(
        estimator="quasi-Poisson",
        inference="t, residual df; dispersion from Pearson's chi-squared",
        params=pd.Series(np.asarray(fitted.params), index=X.columns),
        cov=pd.DataFrame(np.asarray(fitted.cov_params()), index=X.columns, columns=X.columns),
        residual_df=float(n - p),
        n_obs=n,
        design=X,
        observed=rate,
        residuals=rate - per * mean / exposure,
        innovations=pd.Series(np.asarray(fitted.resid_pearson) / math.sqrt(scale), events.index),
        link="log",
        per=per,
        dispersion=scale,
        n_events=round(float(events.sum())),
    )


def _least_squares(
    y: pd.Series,
    X: pd.DataFrame,
    cov: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    estimator: str,
    inference: str,
    lags: int | None,
) -> ItsFit:
    fitted = sm.OLS(y.to_numpy(float), X.to_numpy(float)).fit()
    residuals = pd.Series(np.asarray(fitted.resid), index=y.index)
    sigma = math.sqrt(float(fitted.scale))
    reml.refuse_perfect_fit(sigma, y.to_numpy(float), estimator)
    return ItsFit(
        estimator=estimator,
        inference=inference,
        params=pd.Series(np.asarray(fitted.params), index=X.columns),
        cov=pd.DataFrame(cov, index=X.columns, columns=X.columns),
        residual_df=float(fitted.df_resid),
        n_obs=len(y),
        design=X,
        observed=y,
        residuals=residuals,
        innovations=residuals / sigma,
        sigma=sigma,
        log_likelihood=float(fitted.llf),
        lags=lags,
    )


def _complete(y: pd.Series, X: pd.DataFrame) -> tuple[pd.Series, pd.DataFrame]:
    """Align on the index, drop missing outcomes, order by time, refuse what cannot be fitted."""
    absent = y.index.difference(X.index)
    if len(absent):
        raise DesignError(
            f"The design has no row for {absent[0]}.",
            where="interrupted time series",
            remedy="Build the design on the periods of the series.",
        )
    if y.index.has_duplicates or X.index.has_duplicates:
        raise DesignError(
            "A series holds one value per period; some periods repeat.",
            where="interrupted time series",
            remedy="Aggregate to one row per period first.",
        )
    y = numbers(y, "series", "interrupted time series").dropna().sort_index()
    X = X.loc[y.index].astype(float)
    if not np.isfinite(y.to_numpy()).all() or not np.isfinite(X.to_numpy()).all():
        raise DesignError(
            "The series or its design holds a value that is not finite.",
            where="interrupted time series",
            remedy="Look for divisions by zero in the rate.",
        )
    n, p = X.shape
    if n <= p:
        raise _too_few(n, p, "segmented regression")
    _refuse_collinear(X)
    return y, X


def _refuse_collinear(X: pd.DataFrame) -> None:
    values = X.to_numpy(float)
    length = np.linalg.norm(values, axis=0)
    guilty = [name for name, size in zip(X.columns, length, strict=True) if size == 0]
    if not guilty:
        diagonal = np.abs(np.diag(np.linalg.qr(values / length, mode="r")))
        guilty = [name for name, size in zip(X.columns, diagonal, strict=True) if size < 1e-9]
    if guilty:
        names: Sequence[str] = [str(name) for name in guilty]
        raise DesignError(
            "The observed periods cannot tell these terms from the others: "
            + ", ".join(names)
            + ".",
            where="interrupted time series",
            remedy="Leave the terms out, or observe more periods on that side of the start.",
        )


def _times(index: pd.Index) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the place of each row in time, in whole periods."""
    if isinstance(index, pd.PeriodIndex):
        return index.asi8.astype(float)
    if pd.api.types.is_integer_dtype(index.dtype):
        return index.to_numpy(float)
    raise DesignError(
        f"The series is indexed by {index.dtype}, which carries no spacing.",
        where="interrupted time series",
        remedy="Index it by pandas periods, or by whole numbers such as years.",
    )


def _too_few(n: int, p: int, where: str) -> DesignError:
    return DesignError(
        f"{n} observed periods cannot carry {p} coefficients.",
        where=where,
        remedy=f"Use at least {p + 1} observed periods, or a model with fewer terms.",
    )
