"""Diagnostics of a fitted interrupted time series: what the residuals still hold.

All are computed on the innovations (the residuals freed of the autocorrelation that the model
has taken account of), which should be independent with unit variance. In a short series every
such test sees little: no concern is not a proof.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.diagnostic import acorr_ljungbox
from statsmodels.stats.stattools import durbin_watson
from statsmodels.tsa.stattools import acf, pacf

from equieval.errors import DesignError
from equieval.methods.contrasts import t_quantile
from equieval.methods.its_fit import ItsFit


def autocorrelation(fit: ItsFit, lags: int | None = None, ci_level: float = 0.95) -> pd.DataFrame:
    """Return ``lag, acf, pacf, ci_low, ci_high`` for lags 1 up.

    The interval is where the autocorrelation of independent innovations lies
    (``± z / √n``). ``lags`` defaults to a third of the points, at most 24. Missing periods are
    passed over, so on a series with gaps a lag counts observed points.
    """
    innovations = fit.innovations.to_numpy(float)
    n = len(innovations)
    lags = min(24, n // 3) if lags is None else lags
    if not 1 <= lags < n / 2:
        raise DesignError(
            f"{n} points have no autocorrelation at lag {lags}.",
            where="residual diagnostics",
            remedy=f"Choose a lag from 1 to {math.ceil(n / 2) - 1}.",
        )
    half = t_quantile(math.inf, ci_level) / math.sqrt(n)
    return pd.DataFrame(
        {
            "lag": np.arange(1, lags + 1),
            "acf": np.asarray(acf(innovations, nlags=lags, fft=False))[1:],
            "pacf": np.asarray(pacf(innovations, nlags=lags, method="ldb"))[1:],
            "ci_low": -half,
            "ci_high": half,
        }
    )


def residual_tests(fit: ItsFit, lags: int | None = None, alpha: float = 0.05) -> pd.DataFrame:
    """Return ``test, statistic, df, p_value, concern, note``, one row per test.

    Ljung–Box on the innovations (less one degree of freedom where φ was estimated),
    Durbin–Watson (a concern outside 1–3; it has no p value here), Shapiro–Wilk for their shape,
    and for counts the overdispersion against a Poisson by Pearson's χ². ``concern`` is true
    where ``p_value < alpha``.
    """
    innovations = fit.innovations.to_numpy(float)
    n = len(innovations)
    lags = max(2, min(10, n // 5)) if lags is None else lags
    estimated = 0 if math.isnan(fit.phi) else 1
    box = acorr_ljungbox(innovations, lags=[lags], model_df=estimated)
    rows: list[dict[str, Any]] = [
        {
            "test": "Ljung–Box",
            "statistic": float(box["lb_stat"].iloc[0]),
            "df": float(lags - estimated),
            "p_value": float(box["lb_pvalue"].iloc[0]),
            "note": f"autocorrelation left over up to lag {lags}",
        }
    ]
    watson = float(durbin_watson(innovations))
    rows.append(
        {
            "test": "Durbin–Watson",
            "statistic": watson,
            "df": math.nan,
            "p_value": math.nan,
            "concern": not 1 <= watson <= 3,
            "note": "2 without autocorrelation at lag 1; a concern below 1 or above 3",
        }
    )
    shapiro = stats.shapiro(innovations)
    rows.append(
        {
            "test": "Shapiro–Wilk",
            "statistic": float(shapiro.statistic),
            "df": math.nan,
            "p_value": float(shapiro.pvalue),
            "note": "departure of the innovations from the normal distribution",
        }
    )
    if fit.link == "log":
        pearson = fit.dispersion * fit.residual_df
        rows.append(
            {
                "test": "overdispersion",
                "statistic": pearson,
                "df": fit.residual_df,
                "p_value": float(stats.chi2.sf(pearson, fit.residual_df)),
                "note": "counts more variable than Poisson; the interval already allows for it",
            }
        )
    for row in rows:
        row.setdefault("concern", bool(row["p_value"] < alpha))
    return pd.DataFrame(rows, columns=["test", "statistic", "df", "p_value", "concern", "note"])
