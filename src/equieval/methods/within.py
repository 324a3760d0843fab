"""Two-way fixed effects of a balanced panel without weights, in closed form.

Where every unit has every period and all count the same, freeing a column of unit and period
effects is subtracting two means and adding the overall one: no iteration, no dummies. The
clustered covariance is linearmodels' (``group_debias=True``), to rounding.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from equieval.errors import DesignError

Array = npt.NDArray[np.float64]


def balanced_codes(
    panel: pd.DataFrame,
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]] | None:
    """Return unit and time of each row as numbers from 0, or nothing for an unbalanced panel.

    ``panel`` has ``unit, time`` and one row per unit and period.
    """
    unit, units = pd.factorize(panel["unit"], sort=True)
    time, times = pd.factorize(panel["time"], sort=True)
    if len(panel) != len(units) * len(times):
        return None
    return unit, time


def demean_balanced(values: Array, unit: npt.NDArray[np.intp], time: npt.NDArray[np.intp]) -> Array:
    """Free columns (n × k) of unit and period effects, in the order of the rows."""
    n_times = int(time.max()) + 1
    place = unit * n_times + time
    ordered = np.empty_like(values)
    ordered[place] = values
    cube = ordered.reshape(-1, n_times, values.shape[1])
    cube = cube - cube.mean(axis=1, keepdims=True)
    cube -= cube.mean(axis=0)
    return np.asarray(cube.reshape(values.shape)[place])


def within_regression(
    outcome: Array, X: Array, cluster: npt.NDArray[np.intp], absorbed: int
) -> tuple[Array, Array]:
    """Return coefficients and clustered covariance of freed columns (n, n × k).

    ``absorbed`` effects are counted as parameters (0: not). Raises ``DesignError`` for columns
    that the effects absorb or that repeat each other.
    """
    n, k = X.shape
    refuse_absorbed(X)
    bread = np.linalg.inv(X.T @ X)
    beta = bread @ (X.T @ outcome)
    residual = outcome - X @ beta
    n_clusters = int(cluster.max()) + 1
    scores = np.column_stack(
        [np.bincount(cluster, column * residual, n_clusters) for column in X.T]
    )
    factor = n_clusters / (n_clusters - 1) * (n - 1) / (n - k - absorbed)
    return beta, factor * bread @ (scores.T @ scores) @ bread


def without_rounding(freed: Array, columns: Array) -> Array:
    """Return freed columns with 0 for those of which only rounding is left."""
    size = np.sqrt((columns**2).sum(axis=0))
    kept = np.sqrt((freed**2).sum(axis=0)) >= 1e-10 * size
    return np.asarray(freed * kept)


def refuse_absorbed(X: Array) -> None:
    """Raise ``DesignError`` for freed columns that are empty or repeat each other."""
    size = np.sqrt((X**2).sum(axis=0))
    if (size > 0).all():
        diagonal = np.abs(np.diag(np.linalg.qr(X / size, mode="r")))
        if (diagonal >= 1e-8).all():
            return
    raise DesignError(
        "The model cannot be estimated: unit and period effects absorb exposure or a covariate, "
        "or covariates repeat each other.",
        where="two-way fixed effects",
        remedy="Leave out covariates that do not change within units over time, or repeat others.",
    )
