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


def panel_noise(values: Array) -> tuple[Array, float, Array]:
    """Return residuals of unit and period effects, their autocorrelation, and deviations by unit.

    Both are freed of what estimating the effects takes from them.
    """
    n, length = values.shape
    residuals = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()
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
    mean = total / (left * (1 - 1 / n))
    own = (squares / left - mean / n) / (1 - 2 / n) if n > 2 else np.full(n, mean)
    return residuals / math.sqrt(left * (1 - 1 / n)), phi, np.sqrt(np.maximum(own, 0.05 * mean))


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
