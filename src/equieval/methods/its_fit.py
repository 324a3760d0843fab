"""What a fitted interrupted time series is, whichever estimator fitted it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from equieval.errors import DesignError, did_you_mean
from equieval.methods.contrasts import Contrast, t_contrast, t_quantile
from equieval.methods.reml import RemlAr1

Array = npt.NDArray[np.float64]
Link = Literal["identity", "log"]


@dataclass(frozen=True, eq=False)
class ItsFit:
    """A segmented regression with everything that its reader may ask for.

    ``params`` and ``cov`` are indexed by the design's columns; for ``link == "log"`` they are on
    the log scale. ``design`` holds the rows used (no missing outcome), ``observed`` the outcome
    on them (a rate per ``per`` for counts), ``residuals`` observed minus fitted, and
    ``innovations`` the residuals that should be independent with unit variance (Pearson residuals
    over the root of the dispersion for counts). ``phi``, ``log_likelihood`` and ``dispersion``
    are NaN where the estimator has none; ``lags`` is the Newey–West lag. ``inference`` says in
    words what the intervals rest on.
    """

    estimator: str
    inference: str
    params: pd.Series
    cov: pd.DataFrame
    residual_df: float
    n_obs: int
    design: pd.DataFrame
    observed: pd.Series
    residuals: pd.Series
    innovations: pd.Series
    link: Link = "identity"
    per: float = 1.0
    phi: float = math.nan
    sigma: float = math.nan
    log_likelihood: float = math.nan
    dispersion: float = math.nan
    lags: int | None = None
    n_events: int | None = None
    reml: RemlAr1 | None = None

    @property
    def std_error(self) -> pd.Series:
        """Standard error of each coefficient."""
        return pd.Series(np.sqrt(np.diag(self.cov)), index=self.params.index)

    @property
    def df(self) -> pd.Series:
        """Degrees of freedom of each coefficient."""
        identity = np.eye(len(self.params))
        return pd.Series([self._contrast_df(row) for row in identity], index=self.params.index)

    def contrast(
        self, weights: Mapping[str, float] | pd.Series, ci_level: float = 0.95
    ) -> Contrast:
        """Return ``Σ weight · coefficient`` with the degrees of freedom of that very contrast.

        Coefficients that ``weights`` does not name have weight 0. Raises ``DesignError`` for a
        name that the model does not have and for weights that are all 0.
        """
        named = dict(weights.items())
        for name in named:
            if name not in self.params.index:
                raise DesignError(
                    f"The model has no coefficient {name!r}.",
                    where=self.estimator,
                    remedy=did_you_mean(str(name), [str(known) for known in self.params.index]),
                )
        vector = np.array([float(named.get(name, 0.0)) for name in self.params.index])
        if not vector.any():
            raise DesignError(
                "The contrast is empty: every weight is 0.",
                where=self.estimator,
                remedy="For an effect, ask for a period after the start.",
            )
        variance = float(vector @ self.cov.to_numpy() @ vector)
        return t_contrast(
            float(vector @ self.params.to_numpy()),
            math.sqrt(max(variance, 0.0)),
            self._contrast_df(vector),
            ci_level=ci_level,
            scale="log" if self.link == "log" else "absolute",
        )

    def contrasts(self, weights: Array, ci_level: float = 0.95) -> pd.DataFrame:
        """Return many contrasts at once, one row per row of ``weights`` (m × coefficients).

        Columns ``estimate, std_error, df, ci_low, ci_high``, each as ``contrast`` gives it.
        """
        t_quantile(math.inf, ci_level)  # refuses a confidence level outside (0, 1)
        estimate = weights @ self.params.to_numpy(float)
        variance = np.einsum("ij,jk,ik->i", weights, self.cov.to_numpy(float), weights)
        error = np.sqrt(np.maximum(variance, 0.0))
        df = (
            np.full(len(weights), self.residual_df)
            if self.reml is None
            else self.reml.satterthwaite_dfs(weights)
        )
        half = np.where(error > 0, stats.t.ppf(0.5 + ci_level / 2, df) * error, np.nan)
        return pd.DataFrame(
            {
                "estimate": estimate,
                "std_error": error,
                "df": df,
                "ci_low": estimate - half,
                "ci_high": estimate + half,
            }
        )

    def coefficient(self, name: str, ci_level: float = 0.95) -> Contrast:
        """Return one coefficient as a contrast."""
        return self.contrast({name: 1.0}, ci_level)

    def _contrast_df(self, vector: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
        if self.reml is None:
            return self.residual_df
        return self.reml.satterthwaite_df(vector)
