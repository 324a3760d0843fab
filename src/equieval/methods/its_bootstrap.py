"""Parametric bootstrap of an interrupted time series fitted by REML AR(1).

Series are drawn from the fitted model and fitted again; the distribution of the studentised
contrast replaces Student's t (Davison & Hinkley 1997, Bootstrap Methods and their Application,
§5.2). It answers where Satterthwaite's approximation is at its limit: few points, slopes,
effects at the end of the series. What it cannot mend is an autocorrelation that is itself
estimated too low, so it is shown beside the headline and not instead of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from equieval.errors import DesignError
from equieval.methods import reml
from equieval.methods.contrasts import Contrast, t_quantile
from equieval.methods.its_fit import ItsFit

Array = npt.NDArray[np.float64]

_WHERE: Final = "parametric bootstrap"
#: More refused series than this and the fitted model does not describe what can be fitted.
LARGEST_REFUSED: Final = 0.2


@dataclass(frozen=True, eq=False)
class BootstrapContrast:
    """A contrast with its bootstrap-t interval.

    ``effect`` keeps the estimate and standard error of the fit and has infinite df;
    ``multiplier`` is what stands in Student's place; ``refused`` is the share of drawn series
    that could not be fitted (they are left out).
    """

    effect: Contrast
    multiplier: float
    draws: int
    refused: float


def bootstrap_contrast(
    fit: ItsFit,
    weights: Mapping[str, float] | pd.Series,
    *,
    draws: int = 999,
    seed: int = 1,
    ci_level: float = 0.95,
) -> BootstrapContrast:
    """Return the bootstrap-t interval (symmetric) of ``Σ weight · coefficient``.

    ``fit`` comes from ``fit_reml_ar1``; standard errors include what estimating the
    autocorrelation costs (Kenward–Roger), in the fit and in every draw. Raises ``DesignError``
    for another estimator, for weights that do not fit it, for too few draws, and where more than
    a fifth of the drawn series cannot be fitted.
    """
    if fit.reml is None:
        raise DesignError(
            f"The fit by {fit.estimator} has no model to draw series from.",
            where=_WHERE,
            remedy="Fit the series with fit_reml_ar1.",
        )
    t_quantile(math.inf, ci_level)  # refuses a confidence level outside (0, 1)
    if draws < math.ceil(10 / (1 - ci_level)):
        raise DesignError(
            f"{draws} draws are too few for a {100 * ci_level:g} % interval.",
            where=_WHERE,
            remedy=f"Draw at least {math.ceil(10 / (1 - ci_level))}.",
        )
    linear = fit.contrast(weights, ci_level)
    vector = pd.Series(dict(weights.items())).reindex(fit.params.index).fillna(0.0).to_numpy(float)
    X = fit.design.to_numpy(float)
    index = fit.design.index
    places = index.asi8 if isinstance(index, pd.PeriodIndex) else index.to_numpy()
    times = np.asarray(places, dtype=float)
    std_error = math.sqrt(float(vector @ fit.reml.kenward_roger_cov @ vector))
    studentised = _draw(fit.reml, X, times, vector, draws, seed)
    known = studentised[np.isfinite(studentised)]
    refused = 1 - len(known) / draws
    if refused > LARGEST_REFUSED:
        raise DesignError(
            f"{100 * refused:.0f} % of the series drawn from the fitted model cannot be fitted.",
            where=_WHERE,
            remedy="Use a longer series, or a simpler model; report that these data cannot say.",
        )
    multiplier = float(np.quantile(known, ci_level))
    extreme = int((known >= abs(linear.estimate) / std_error).sum())
    effect = Contrast(
        estimate=linear.estimate,
        std_error=std_error,
        df=math.inf,
        ci_low=linear.estimate - multiplier * std_error,
        ci_high=linear.estimate + multiplier * std_error,
        p_value=(1 + extreme) / (1 + len(known)),
        ci_level=ci_level,
    )
    return BootstrapContrast(effect, multiplier, draws, refused)


def _draw(
    fitted: reml.RemlAr1, X: Array, times: Array, vector: Array, draws: int, seed: int
) -> Array:
    """Return |error| / standard error of the contrast in each drawn series, NaN where refused."""
    rng = np.random.default_rng(seed)
    steps = np.diff(times)
    carry = np.sign(fitted.phi) ** steps * np.abs(fitted.phi) ** steps
    found = np.full(draws, np.nan)
    sigma = math.sqrt(fitted.sigma2)
    for number in range(draws):
        noise = rng.standard_normal(len(times))
        for place, share in enumerate(carry, start=1):
            noise[place] = share * noise[place - 1] + math.sqrt(1 - share**2) * noise[place]
        try:
            # The error of an estimate does not depend on the coefficients: 0 will do.
            again = reml.fit(sigma * noise, X, times)
        except DesignError:
            continue
        variance = float(vector @ again.kenward_roger_cov @ vector)
        found[number] = abs(float(vector @ again.coefficients)) / math.sqrt(variance)
    return found
