"""Bands that hold all of several estimates at once, where their covariance is known well."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from equieval.methods.contrasts import t_quantile

Array = npt.NDArray[np.float64]


def band_multiplier(
    covariance: Array, ci_level: float, draws: int = 20_000, seed: int = 1
) -> float:
    """Return the quantile of the largest |z| among correlated normals.

    Times the standard errors it gives the band that holds all estimates at once; those without
    variance (the reference period) are left out.
    """
    errors = np.sqrt(np.diag(covariance))
    varying = errors > 0
    if varying.sum() < 2:
        return t_quantile(math.inf, ci_level)
    correlation = covariance[np.ix_(varying, varying)] / np.outer(errors[varying], errors[varying])
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0))
    normal = np.random.default_rng(seed).standard_normal((draws, len(root)))
    return float(np.quantile(np.abs(normal @ root.T).max(axis=1), ci_level))
