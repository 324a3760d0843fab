"""How units' outcomes stray by chance, learnt from a panel before exposure, and drawn again.

What unit and period effects leave is taken either as a first-order autoregression of every unit
by itself, or as blocks of periods that come again with all units together (Künsch 1989, Ann Stat
17:1217), which keeps what units share.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from equieval.errors import DesignError

Array = npt.NDArray[np.float64]


def panel_noise(values: Array, covariates: Array | None = None) -> tuple[Array, float, Array]:
    """Return residuals of unit and period effects, their autocorrelation, and deviations by unit.

    ``values`` are units × periods. What ``covariates`` (units × covariates) explain of the units'
    values in each period is taken out, too. All are freed of what estimating the effects takes
    from them.
    """
    n, length = values.shape
    given = np.zeros((n, 0)) if covariates is None else covariates
    basis, _ = np.linalg.qr(np.column_stack([np.ones(n), given - given.mean(axis=0)]))
    fitted = basis.shape[1]
    kept = np.eye(n) - basis @ basis.T
    residuals = kept @ (values - values.mean(axis=1, keepdims=True))
    squares = (residuals**2).mean(axis=1)
    total = float(squares.mean())
    if not total > 1e-20 * max(float(np.abs(values).max()) ** 2, np.finfo(float).tiny):
        raise DesignError(
            "The units' outcomes do not vary beyond unit and period effects.",
            where="power of a comparison of units",
            remedy="Check that the outcome is observed in every unit.",
        )
    raw = float((residuals[:, 1:] * residuals[:, :-1]).sum() / (residuals[:, :-1] ** 2).sum())
    # Demeaning a short series makes its autocorrelation look smaller (Nickell 1981).
    phi = float(np.clip((length * raw + 1) / (length - 1), -0.95, 0.95))
    lags = np.arange(1, length)
    taken = (1 + 2 * float(((1 - lags / length) * phi**lags).sum())) / length
    left = 1 - taken
    mean = total / (left * (1 - fitted / n))
    # A unit's residual is its own noise and some of all others': solved for its own (Rao 1970,
    # J Am Stat Assoc 65:161), the mean where its covariates leave it no residual.
    shares, own = kept**2, np.full(n, mean)
    if n > 2 * fitted:
        own += np.linalg.lstsq(shares, squares / left - shares @ own, rcond=0.01)[0]
    scale = math.sqrt(left * (1 - fitted / n))
    return residuals / scale, phi, np.sqrt(np.maximum(own, 0.05 * mean))


def autoregressive_panels(
    rng: np.random.Generator, phi: float, deviation: Array, length: int, replications: int
) -> Array:
    """Draw replications × units × periods."""
    noise = rng.standard_normal((replications, len(deviation), length))
    for step in range(1, length):
        noise[:, :, step] = phi * noise[:, :, step - 1] + math.sqrt(1 - phi**2) * noise[:, :, step]
    return np.asarray(noise * deviation[:, None])


def block_panels(
    rng: np.random.Generator, residuals: Array, length: int, replications: int
) -> Array:
    """Draw blocks of periods (circular), all units together."""
    available = residuals.shape[1]
    size = max(2, round(1.5 * available ** (1 / 3)))
    count = -(-length // size)
    starts = rng.integers(0, available, (replications, count))
    places = (starts[:, :, None] + np.arange(size)).reshape(replications, -1)[:, :length]
    return np.asarray(residuals[:, places % available].transpose(1, 0, 2))
