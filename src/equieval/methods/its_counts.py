"""Counts in an interrupted time series whose neighbours are alike.

A quasi-Poisson regression takes periods as independent. Here the Pearson residuals follow a
first-order autoregression: in every step of the iterative fit the working response, times the
root of its weight, is a regression with AR(1) errors of variance ``dispersion``, fitted by REML
(the pseudo-likelihood of Wolfinger & O'Connell 1993, J Stat Comput Simul 48:233; the working
correlation of Zeger 1988, Biometrika 75:621), with Kenward–Roger standard errors and
Satterthwaite degrees of freedom as in ``equieval.methods.its``.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import pandas as pd

from equieval.errors import DesignError
from equieval.methods import reml
from equieval.methods.its import fit_quasi_poisson
from equieval.methods.its_fit import ItsFit

_STEPS: Final = 200
#: A step that multiplies a rate by more than e³ leads away from any estimate.
_FARTHEST_STEP: Final = 3.0


def fit_quasi_poisson_ar1(
    events: pd.Series, exposure: pd.Series, X: pd.DataFrame, *, per: float = 1.0
) -> ItsFit:
    """Fit counts with ``log(exposure)`` as offset and AR(1) Pearson residuals.

    Arguments as for ``fit_quasi_poisson``; missing periods keep their true spacing.
    ``dispersion`` is the variance of a Pearson residual, ``phi`` the autocorrelation. Raises
    ``DesignError`` as ``fit_quasi_poisson`` and ``fit_reml_ar1``, and when the iterations do not
    settle.
    """
    start = fit_quasi_poisson(events, exposure, X, per=per)
    design, names = start.design.to_numpy(float), start.params.index
    kept = start.design.index
    y, offset = events.loc[kept].to_numpy(float), np.log(exposure.loc[kept].to_numpy(float))
    places = kept.asi8 if isinstance(kept, pd.PeriodIndex) else kept.to_numpy()
    times = np.asarray(places, dtype=float)
    linear = design @ start.params.to_numpy(float)
    for _ in range(_STEPS):
        mean = np.exp(linear + offset)
        root = np.sqrt(mean)
        fitted = reml.fit(root * (linear + (y - mean) / mean), root[:, None] * design, times)
        moved = float(np.abs(design @ fitted.coefficients - linear).max())
        linear = design @ fitted.coefficients
        if moved < 1e-9 or moved > _FARTHEST_STEP:
            break
    if not moved < 1e-9:
        raise DesignError(
            "The coefficients and the autocorrelation do not settle.",
            where="quasi-Poisson regression with autocorrelation",
            remedy="Use longer periods (quarters), or a model with fewer terms.",
        )
    beta = fitted.coefficients
    mean = np.exp(linear + offset)
    rate = start.observed
    return ItsFit(
        estimator="quasi-Poisson AR(1)",
        inference="t, Kenward–Roger standard errors and df; AR(1) Pearson residuals",
        params=pd.Series(beta, index=names),
        cov=pd.DataFrame(fitted.kenward_roger_cov, index=names, columns=names),
        residual_df=start.residual_df,
        n_obs=start.n_obs,
        design=start.design,
        observed=rate,
        residuals=rate - per * mean / np.exp(offset),
        innovations=pd.Series(fitted.innovations, index=kept),
        link="log",
        per=per,
        phi=fitted.phi,
        sigma=math.sqrt(fitted.sigma2),
        dispersion=fitted.sigma2,
        n_events=start.n_events,
        reml=fitted,
    )
